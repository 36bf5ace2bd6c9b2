"""Half a minute of the DNS soak; `make soak` runs an hour of it."""

import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.load.stream import Came, Outcome
from tests.soak.dns.picture import picture
from tests.soak.dns.report import Report, flat
from tests.soak.dns.soak import soak
from tests.soak.dns.watch import Point


@pytest.mark.lab
@pytest.mark.timeout(240)
def test_half_a_minute_of_everything_at_random(consul_binary: Path):
    """With the seed that is printed, `python -m tests.soak.dns --seed N` draws the same faults.

    So short a time says nothing of leaks.
    """
    report = Report(random.SystemRandom().randrange(2**32), 30, judges_growth=False)
    print(f"seed {report.seed}")
    soak(consul_binary, report, every_s=3)
    print("\n".join(report.lines()))
    assert [] == report.faulty
    assert report.counts.total() > 2000
    assert report.points
    assert picture(report.points) == picture(report.points)


def test_flat_is_what_the_last_quarter_has_no_more_than_the_second():
    """A peak is no leak, and what is kept once for all is none; what goes on growing is one."""
    assert flat([10, 10, 900, 10, 10, 10, 10, 10], "greenlets")
    assert flat([30_000, 50_000, 60_000, 60_000, 60_000, 61_000, 61_000, 61_000], "rss_kib")
    assert not flat(list(range(50_000, 90_000, 1000)), "rss_kib")
    assert not flat([10, 20, 40, 60, 80, 100, 120, 140], "files")


def test_what_is_lost_or_wrong_is_bad_whatever_goes_on():
    """Only a Consul that starts may deny what nobody asked it before."""
    for kind, phase, came, bad in (
        ("hot", "calm", Came.RIGHT, 0),
        ("hot", "consul", Came.WRONG, 1),
        ("hot", "upstream 1+upstream 2", Came.LOST, 1),
        ("hot", "upstream 1+upstream 2", Came.SERVFAIL, 0),
        ("consul new", "clients+consul", Came.WRONG, 0),
        ("consul new", "calm", Came.WRONG, 1),
    ):
        report = Report(1, 1)
        report.keep(Outcome(1.0, phase, kind, came, 0.1))
        assert bad == len(report.faulty), (kind, phase, came)


def test_the_picture_says_in_words_what_it_shows():
    """Three lines, and a mark where something was wrong."""
    points = [Point(at, phase, 100, 7, 3, 9, {}) for at, phase in ((0.0, "calm"), (9.0, "consul"))]
    drawn = ET.fromstring(picture(points))
    space = "{http://www.w3.org/2000/svg}"
    assert 3 == len(list(drawn.iter(f"{space}polyline")))
    assert "open files: 7 at the start, 7 at most, 7" in (drawn.findtext(f"{space}desc") or "")
