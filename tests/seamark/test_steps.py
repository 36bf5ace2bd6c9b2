"""The last hour in steps, and what a histogram says of times."""

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.querylog import classify
from dnsproxy.core.tally import BOUNDS, Histogram, Tally
from seamark.status.steps import STEPS, Sample, Steps, Times, sample
from tests.dnsproxy.exchanges import exchange


def times_of(*seconds: float) -> Times:
    """As they are counted."""
    found = Histogram()
    for one in seconds:
        found.add(one)
    return Times(tuple(found.counts))


def tally_of(*exchanges: Exchange) -> Tally:
    """All of them counted."""
    tally = Tally()
    for one in exchanges:
        tally.exchange(one, classify(one))
    return tally


def test_a_step_ends_every_ten_seconds_and_holds_what_was_counted_in_it():
    """Samples in between belong to it."""
    steps = Steps(Sample(100.0, classes={"ok": 5}))
    for at, ok in ((102.0, 6), (108.0, 9), (110.0, 15), (112.0, 15), (120.0, 17)):
        steps.add(Sample(at, classes={"ok": ok}))
    assert [(110.0, {"ok": 10}), (120.0, {"ok": 2})] == [
        (step.at, step.classes) for step in steps.whole
    ]


def test_the_recent_past_is_ten_seconds_long():
    """What the big numbers are of; at first it is as long as there is any."""
    steps = Steps(Sample(0.0))
    assert 0.0 == steps.recent[1]
    for number in range(1, 20):
        steps.add(Sample(2.0 * number, classes={"ok": 100 * number}))
    found, seconds = steps.recent
    assert (500, 10.0) == (found.classes["ok"], seconds)


def test_an_hour_is_kept_and_no_more():
    """The oldest goes first."""
    steps = Steps(Sample(0.0))
    for number in range(1, STEPS + 11):
        steps.add(Sample(10.0 * number))
    assert STEPS == len(steps.whole)
    assert 110.0 == steps.whole[0].at


def test_what_has_begun_anew_counts_from_there():
    """A counter that is less than before never makes a step negative."""
    steps = Steps(Sample(0.0, classes={"ok": 100}, times=times_of(0.1, 0.1)))
    steps.add(Sample(10.0, classes={"ok": 3}, times=times_of(0.1)))
    assert {"ok": 0} == steps.whole[0].classes
    assert 0 == steps.whole[0].times.total


def test_what_has_not_made_a_whole_step_yet_is_open():
    """It counts for those who add up."""
    steps = Steps(Sample(0.0))
    steps.add(Sample(10.0, classes={"ok": 7}))
    steps.add(Sample(12.0, classes={"ok": 9}))
    assert {"ok": 2} == steps.open.classes


def test_a_sample_is_all_that_was_counted():
    """By class and source over all transports; of upstreams those who were asked."""
    tally = tally_of(exchange(), exchange(tcp=True), exchange(rcode=3, source=Source.MEMORY))
    tally.upstream("10.0.0.1:53", "NOERROR", 0.02)
    tally.upstream("10.0.0.1:53", "timeout", 1.0)
    found = sample(1.0, tally, {"registered": 4})
    assert {"ok": 2, "nxdomain": 1} == found.classes
    assert {"upstream": 2, "memory": 1} == found.sources
    assert 3 == found.times.total
    assert {"10.0.0.1:53": 2} == found.upstreams
    assert 1 == found.answered["10.0.0.1:53"].total
    assert {"registered": 4} == found.changes
    assert Sample(1.0, changes={}) == sample(1.0, None, {})


def test_a_quantile_lies_evenly_in_its_bucket():
    """Ten between 5 and 10 ms: the fifth at 7.5, the last at 10."""
    found = times_of(*[0.006] * 10)
    assert 0.0075 == pytest.approx(found.quantile(0.5))
    assert 0.01 == pytest.approx(found.quantile(1.0))
    assert None is Times().quantile(0.5)
    assert BOUNDS[-1] == times_of(100.0).quantile(0.5)


@given(st.lists(st.floats(0, 4.9), min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_in_the_bucket_of_the_one_that_it_is(seconds, share):
    """Whatever was counted: between the bounds around the time of that rank."""
    rank = max(-(-share * len(seconds) // 1), 1)
    exact = sorted(seconds)[int(rank) - 1]
    found = times_of(*seconds).quantile(share)
    assert found is not None
    upper = next(bound for bound in BOUNDS if exact <= bound)
    lower = max((bound for bound in BOUNDS if bound < upper), default=0.0)
    assert lower - 1e-9 <= found <= upper + 1e-9
