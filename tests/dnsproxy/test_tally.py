"""Counters: every query in each of them once, and none of them without a bound."""

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.exchange import Source
from dnsproxy.core.querylog import classify
from dnsproxy.core.tally import BOUNDS, LABELS_MAX, Histogram, Tally
from tests.dnsproxy.exchanges import exchange

EXCHANGES = st.builds(
    exchange,
    took=st.floats(0, 10),
    tcp=st.booleans(),
    rcode=st.none() | st.integers(0, 4095),
    source=st.sampled_from(Source),
    zone=st.sampled_from(["", ".", "consul."]),
    truncated=st.booleans(),
    answers=st.integers(0, 2),
)


def tally_of(exchanges) -> Tally:
    """All of them counted."""
    tally = Tally()
    for one in exchanges:
        tally.exchange(one, classify(one))
    return tally


@given(st.lists(EXCHANGES))
def test_each_query_is_counted_once_everywhere(exchanges):
    """Whatever one divides by, the sum is the number of queries."""
    tally = tally_of(exchanges)
    assert len(exchanges) == sum(tally.queries().values())
    assert len(exchanges) == sum(tally.replies().values())
    assert len(exchanges) == sum(tally.zones().values())
    assert len(exchanges) == sum(sum(times.counts) for times in tally.answer_times.values())
    assert sum(one.truncated for one in exchanges) == sum(tally.truncated.values())


def test_queries_are_counted_by_transport_source_and_class():
    """A query over TCP that memory answered is no other."""
    tally = tally_of(
        [
            exchange(),
            exchange(zone="."),
            exchange(tcp=True, source=Source.MEMORY, rcode=3, truncated=True),
        ]
    )
    assert {("udp", "upstream", "ok"): 2, ("tcp", "memory", "nxdomain"): 1} == tally.queries()
    assert {("NOERROR",): 2, ("NXDOMAIN",): 1} == tally.replies()
    assert {("consul.", "ok"): 1, (".", "ok"): 1, ("consul.", "nxdomain"): 1} == tally.zones()
    assert {False: 0, True: 1} == tally.truncated


@pytest.mark.parametrize(
    ("rcode", "label"), [(None, "none"), (16, "BADVERS"), (9, "other"), (3841, "other")]
)
def test_unusual_rcodes_share_one_label(rcode, label):
    """An upstream must not be able to make 4096 of them."""
    assert {(label,): 1} == tally_of([exchange(rcode=rcode)]).replies()


def test_zones_without_end_are_counted_as_other():
    """They are configured and few; should they not be, memory does not grow."""
    tally = tally_of(exchange(zone=f"z{number}.") for number in range(LABELS_MAX + 50))
    zones = tally.zones()
    assert LABELS_MAX + 1 == len(zones)
    assert 50 == zones["other", "ok"]
    assert LABELS_MAX + 1 == len(tally.cells)


def test_upstreams_without_end_are_counted_as_other():
    """The same for those."""
    tally = Tally()
    for number in range(LABELS_MAX + 50):
        tally.upstream(f"10.0.0.1:{number}", "NOERROR", 0.001)
    assert LABELS_MAX + 1 == len(tally.upstream_times) == len(tally.outcomes)
    assert 50 == tally.outcomes["other", "NOERROR"] == sum(tally.upstream_times["other"].counts)


def test_a_question_to_an_upstream_is_counted_by_its_outcome():
    """The time of those that were not answered is our own patience, and left out."""
    tally = Tally()
    for outcome in ("NOERROR", "NOERROR", "SERVFAIL", "timeout", "unreachable", "\x1b[2J"):
        tally.upstream("10.0.0.1:53", outcome, 0.002)
    assert {
        ("10.0.0.1:53", "NOERROR"): 2,
        ("10.0.0.1:53", "SERVFAIL"): 1,
        ("10.0.0.1:53", "timeout"): 1,
        ("10.0.0.1:53", "unreachable"): 1,
        ("10.0.0.1:53", "other"): 1,
    } == tally.outcomes
    assert 4 == sum(tally.upstream_times["10.0.0.1:53"].counts)


def test_an_upper_end_belongs_to_its_bucket():
    """`le` is less or equal; what takes longer than all of them is in +Inf only."""
    times = Histogram()
    for took in (0.0, BOUNDS[0], BOUNDS[0] + 1e-9, BOUNDS[-1], 7.0):
        times.add(took)
    found = dict(times.cumulative())
    assert [2, 3, 4, 5] == [found[end] for end in ("0.0001", "0.00025", "5.0", "+Inf")]
    assert sum((0.0, BOUNDS[0], BOUNDS[0] + 1e-9, BOUNDS[-1], 7.0)) == times.total_s


@given(st.lists(st.floats(0, 10)))
def test_buckets_only_grow(values):
    """Each holds all before it; the last is the number of all."""
    times = Histogram()
    for took in values:
        times.add(took)
    counts = [count for _, count in times.cumulative()]
    assert sorted(counts) == counts
    assert len(values) == counts[-1]
    assert [sum(took <= bound for took in values) for bound in BOUNDS] == counts[:-1]


def test_what_several_have_counted_adds_up():
    """As if one had done it all; the others' own counts stay theirs."""
    first = tally_of([exchange(), exchange(rcode=3)])
    second = tally_of([exchange(), exchange(tcp=True)])
    for tally, outcome in ((first, "NOERROR"), (second, "timeout")):
        tally.upstream("10.0.0.1:53", "NOERROR", 0.01)
        tally.upstream("10.0.0.1:53", outcome, 0.01)
        tally.mismatched("10.0.0.1:53")
    total = Tally()
    for tally in (first, second):
        total.add(tally)
    assert 4 == sum(total.queries().values()) == sum(total.zones().values())
    assert {("10.0.0.1:53", "NOERROR"): 3, ("10.0.0.1:53", "timeout"): 1} == total.outcomes
    assert {("10.0.0.1:53",): 2} == total.mismatches
    assert 3 == sum(total.upstream_times["10.0.0.1:53"].counts)
    answered = sum(sum(times.counts) for times in total.answer_times.values())
    assert 4 == answered
    assert 2 == sum(first.queries().values()) == sum(second.queries().values())
