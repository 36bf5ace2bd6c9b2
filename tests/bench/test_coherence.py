"""How stale answers are told apart from late ones, and both benches in short."""

import xml.etree.ElementTree as ET

import pytest

from bench.coherence import run as coherence
from bench.figures import Row, Section, quantile
from bench.isolation import run as isolation
from bench.speed.picture import picture
from tests.coherence.measured import Heard, Seen, judged, table
from tests.coherence.world import Change, Instance, Kind, Named

BEGIN = 1000.0
NOW = BEGIN + 10


def change() -> Change:
    """At the beginning a name got 10.0.0.2 in place of 10.0.0.1."""
    named = Named("web.service.consul", "web", [Instance("web-0", "10.0.0.2")])
    return Change(Kind.ADDRESS, named, BEGIN)


def heard(address: str, asked: float, answered: float) -> Heard:
    """An answer; seconds from the change."""
    return Heard(0, {address}, BEGIN + asked, BEGIN + answered)


def test_a_stale_answer_counts_by_when_it_was_asked_for():
    """What a busy host takes to answer is told beside it."""
    answers = [heard("10.0.0.1", 0.02, 0.5), heard("10.0.0.2", 10.1, 10.2)]
    seen = judged(change(), answers, NOW)
    assert (0.02, 0.5) == pytest.approx((seen.stale_s, seen.heard_s), abs=0.01)
    assert seen.current
    assert "10.0.0.1" in seen.wrong


def test_what_was_under_way_when_it_changed_is_no_stale_answer():
    """It was asked for before; nor is what was heard before."""
    answers = [heard("10.0.0.1", -0.1, 0.1), heard("10.0.0.2", 10.1, 10.2)]
    seen = judged(change(), answers, NOW)
    assert 0.0 == seen.stale_s
    assert 0.1 == pytest.approx(seen.heard_s, abs=0.01)
    assert judged(change(), [heard("10.0.0.1", -0.2, -0.1)], NOW).stale_s == 0.0


def test_who_is_not_told_the_truth_at_last_is_not_current():
    """However early it stopped to answer; and what it said before counts for nothing."""
    right, wrong = heard("10.0.0.2", 10.1, 10.2), heard("10.0.0.1", 10.2, 10.3)
    assert judged(change(), [right], NOW).current
    for answers in ([wrong], [right, wrong], [heard("10.0.0.2", 9.9, 10.2)], []):
        assert not judged(change(), answers, NOW).current


def test_a_share_is_by_nearest_rank():
    """Of 200 the third largest is within 99 %."""
    times = [float(number) for number in range(1, 201)]
    assert (100.0, 198.0, 200.0) == tuple(quantile(times, share) for share in (0.5, 0.99, 1.0))


def test_the_table_has_a_line_a_kind_and_one_for_all():
    """In milliseconds."""
    seen = [Seen(change(), 0.002, 0.004, current=True, consul_s=0.07)] * 3
    *_, kind, every = table(seen).splitlines()
    assert ["address", "3", "2.0", "2.0", "2.0", "4.0"] == kind.split()[:6]
    assert ["all", "3", "2.0", "2.0", "2.0", "4.0", "4.0", "4.0", "70.0"] == every.split()[:9]


def test_the_picture_has_a_bar_a_product_and_says_the_same_in_words():
    """The longest is the fastest."""
    rates = Row("q/s", {}, {"seamark": [200.0, 300.0], "floor": [500.0], "away": []})
    root = ET.fromstring(picture([Section("(a) <names>", [rates])]))
    bars = [float(bar.get("width", "0")) for bar in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert [0.5, 1.0] == [width / max(bars) for width in bars]
    assert "seamark 250, floor 500" in "".join(root.itertext())


@pytest.mark.lab
@pytest.mark.alone
def test_a_scene_of_coherence_is_measured(consul_binary):
    """A few changes; what the others do is in tests/coherence."""
    scene = next(coherence.run(coherence.Extent(8), "debian"))
    assert 8 == len(scene.seen) == len(coherence.raw([scene])["one server"])
    assert all(each.current for each in scene.seen)


@pytest.mark.lab
@pytest.mark.alone
def test_both_phases_of_isolation_are_measured(consul_binary):
    """No answer is lost while containers start."""
    phases = isolation.run(isolation.Extent(30, 1), "debian")
    assert [0, 0] == [sum(one.lost for one in phase.slices) for phase in phases]
    *_, rest, busy = isolation.table(phases).splitlines()
    assert "nothing to do" in rest
    assert "30 containers" in busy
