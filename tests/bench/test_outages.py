"""What the bench makes of outcomes, and the outages themselves in short."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.outages.consul import one_server, two_servers
from bench.outages.picture import described, picture
from bench.outages.scenarios import (
    QUICK,
    SCENARIOS,
    consul_fails,
    consul_loses_leader,
    upstreams_fail,
)
from bench.outages.tally import COLUMNS, Scenario, Seen, table
from tests.commands import ROOT
from tests.load.stream import Came, Outcome
from tests.waits import PATIENCE_S

_PAGE = ROOT / "docs/explanation/outages.md"
# Whether an answer comes is what counts here; how soon is for the bench on a machine of its own.
_SHORT = replace(QUICK, patience_s=PATIENCE_S, settle_s=PATIENCE_S)
_PLAIN = Scenario("it breaks", (("known", "names known"),))


def seen(*outcomes: tuple[float, str, Came, float]) -> Seen:
    """Broken at 10 s, mended at 20 s."""
    made = [Outcome(at, phase, "known", came, took) for at, phase, came, took in outcomes]
    return Seen(_PLAIN, begun=0.0, broken=10.0, mended=20.0, outcomes=made)


def test_recovered_is_when_the_last_question_was_asked_that_was_not_answered_right():
    """From the mending on; who was never wrong has recovered at once."""
    good = (12.0, "during", Came.RIGHT, 0.001)
    assert 0.0 == seen(good).recovered_s("known")
    assert 0.0 == seen((15.0, "during", Came.LOST, 5.0)).recovered_s("known")
    late = (23.5, "after", Came.STALE, 0.001)
    assert 3.5 == seen(good, late, (29.0, "after", Came.RIGHT, 0.001)).recovered_s("known")


def test_slow_is_what_takes_far_longer_than_before_once_the_first_second_is_over():
    """Three times the 99th percentile, and more than a busy machine makes of it."""
    before = (5.0, "before", Came.RIGHT, 0.02)
    first = (10.5, "during", Came.RIGHT, 0.9)
    good = (12.0, "during", Came.RIGHT, 0.059)
    slow = (13.0, "during", Came.RIGHT, 0.061)
    assert 0.5 == seen(before, first, good, slow).slow_share("known")
    assert 0.0 == seen(before, first).slow_share("known")


def test_what_was_before_and_between_is_not_counted():
    """A row is the outage and what followed."""
    outcomes = [(5.0, phase, Came.RIGHT, 0.001) for phase in ("before", "between", "during")]
    assert "| it breaks: names known | 1 | 1 | 0 " in table([seen(*outcomes)])


def test_the_page_has_the_tables_of_the_bench():
    """One a Consul: the same columns, the same rows."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in _PAGE.read_text().splitlines()
        if line.startswith("|")
    ]
    heads = [number for number, row in enumerate(rows) if row == list(COLUMNS)]
    titles = [title for scenario in SCENARIOS for title in scenario.rows]
    assert 2 == len(heads)
    written = [row[0] for head in heads for row in rows[head + 2 : head + 2 + len(titles)]]
    assert 2 * titles == written
    assert {len(COLUMNS)} == {len(row) for row in rows}


def test_the_picture_of_the_page_says_in_words_what_it_shows():
    """For who cannot see it; and it is the picture that the bench makes."""
    path = _PAGE.with_suffix(".svg")
    assert f"]({path.name})" in _PAGE.read_text()
    drawn = ET.parse(path).getroot()
    words = drawn.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert [] == [row for scenario in SCENARIOS for row in scenario.rows if row not in words]
    assert path.stat().st_size < 100_000


def test_one_wrong_answer_is_seen_in_the_picture():
    """Among a hundred others in the same piece of the strip."""
    many = [(12.0, "during", Came.RIGHT, 0.001)] * 100
    one = seen(*many, (12.0, "during", Came.WRONG, 0.001), (30.0, "after", Came.RIGHT, 0.001))
    drawn = ET.fromstring(picture([one]))
    heights = [
        float(piece.get("height", "0"))
        for piece in drawn.iter("{http://www.w3.org/2000/svg}rect")
        if piece.get("class") == "wrong"
    ]
    assert 2 == len(heights)  # the legend's, and this one
    assert heights[1] >= 2
    assert picture([one]) == picture([one])
    assert "it breaks: names known: 101 right, 1 wrong." in described([one])


@pytest.mark.lab
@pytest.mark.parametrize("how", ["silent", "refusing"])
def test_with_both_upstreams_away_every_question_is_answered_servfail(how: str):
    """Every time: who asked finds out that nobody knows, and does not wait in vain.

    What is in memory is answered from there, and what was there may be told as stale.
    """
    shown = upstreams_fail(_SHORT, how, both=True)
    counts = shown.counts("new", "during")
    assert {Came.SERVFAIL: counts.total()} == counts
    assert counts.total() > 50
    assert {Came.RIGHT} == set(shown.counts("hot"))
    assert set(shown.counts("expired")) <= {Came.RIGHT, Came.STALE, Came.SERVFAIL}


@pytest.mark.lab
@pytest.mark.parametrize("how", ["silent", "refusing"])
def test_with_one_of_two_upstreams_away_every_question_is_answered_right(how: str):
    """Before it comes back, and after."""
    shown = upstreams_fail(_SHORT, how, both=False)
    assert {Came.RIGHT} == set(shown.counts("new")) == set(shown.counts("hot"))


@pytest.mark.lab
@pytest.mark.timeout(240)
def test_no_name_that_was_known_is_wrong_or_lost_while_consul_is_away(consul_binary: Path):
    """Killed, restarted, frozen, without a leader; and all is right again at the end."""
    with one_server(consul_binary) as server:
        shown = list(consul_fails(_SHORT, server))
    for allow_stale in (True, False):
        with two_servers(consul_binary, allow_stale=allow_stale) as two:
            shown.append(consul_loses_leader(_SHORT, two))
    print(table(shown))
    assert [] == [(one.scenario.title, bad) for one in shown for bad in _bad(one.of("known"))]
    for one in shown:
        assert {Came.RIGHT} == {last.came for last in one.of("known")[-50:]}, one.scenario.title


def _bad(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.came in {Came.WRONG, Came.LOST}]
