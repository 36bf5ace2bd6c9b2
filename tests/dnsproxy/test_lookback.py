"""A few exchanges of each moment of the last hour."""

from collections import Counter

from dnsproxy.core.lookback import EACH, KEPT_MAX, KEPT_S, Lookback
from dnsproxy.core.querylog import ReplyClass, classify
from dnsproxy.edges import observer as observing
from dnsproxy.edges.observer import Observer
from tests.dnsproxy.exchanges import exchange

T = 1_700_000_000.0


def kept(lookback: Lookback, at: float = T * 2) -> list[float]:
    """When those were that are kept, the newest first."""
    return [one.at for one in lookback.before(at)]


def test_of_each_span_and_class_a_few_are_kept():
    """A flood of what went well pushes no failure out."""
    lookback = Lookback()
    for number in range(100):
        lookback.add(exchange(at=T + number / 100), ReplyClass.OK)
    lookback.add(exchange(at=T + 2, rcode=2), ReplyClass.SERVFAIL)
    for number in range(100):
        lookback.add(exchange(at=T + 10 + number / 100), ReplyClass.OK)
    found = Counter(classify(one) for one in lookback.before(T * 2))
    assert {ReplyClass.OK: 2 * EACH, ReplyClass.SERVFAIL: 1} == found


def test_they_come_newest_first_and_only_those_of_before():
    """As those of the ring do, which they go on from."""
    lookback = Lookback()
    for number in range(5):
        lookback.add(exchange(at=T + number), ReplyClass.OK)
    assert [T + 2, T + 1, T] == kept(lookback, T + 3)


def test_after_an_hour_they_are_gone_and_there_are_never_too_many():
    """Neither time nor a flood of all classes makes it grow without end."""
    lookback = Lookback()
    lookback.add(exchange(at=T), ReplyClass.OK)
    lookback.add(exchange(at=T + KEPT_S + 20), ReplyClass.OK)
    assert [T + KEPT_S + 20] == kept(lookback)
    for number in range(2000):
        for reply_class in ReplyClass:
            lookback.add(exchange(at=T + number), reply_class)
    assert len(kept(lookback)) <= KEPT_MAX


def test_what_the_ring_has_lost_is_found_in_the_hour_before(monkeypatch):
    """Once each: those of the ring, and of before it what was kept."""
    monkeypatch.setattr(observing, "LOOK_S", 0.01)
    observer = Observer(ring=20)
    for number in range(200):
        observer.record(exchange(at=T + number, size=number, rcode=0 if number % 2 else 3))
        observer._look()
    found = [one.size for one in observer.find(lambda one: True, 1000)]
    assert list(range(199, 179, -1)) == found[:20]
    assert sorted(found, reverse=True) == found
    assert len(set(found)) == len(found)
    assert found[-1] < 20
    assert [3] * 5 == [one.rcode for one in observer.find(lambda one: one.rcode == 3, 5)]


def test_without_a_ring_nothing_is_kept():
    """`query_log_ring = 0` is for who wants none of it in memory."""
    observer = Observer(ring=0)
    observer.record(exchange(rcode=3))
    assert [] == list(observer.find(lambda one: True, 10))
