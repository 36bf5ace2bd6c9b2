"""The bench of the status page in short."""

import pytest

from bench.page import run as page


@pytest.mark.lab
def test_what_the_page_costs_is_measured_in_all_states():
    """Of what a real browser asked for."""
    states = page.run(page.Extent(1, 4.0, 500.0, 5.0))
    assert ["off", "unseen", "seen"] == [state.key for state in states]
    for state in states:
        assert 0 < min(state.shares)
        assert 0 == sum(one.lost + one.bad for one in state.counted)
    assert [0, 0] == [state.requests for state in states[:2]]
    # Overview and queries every two seconds, the rest more seldom.
    assert states[2].requests > 4
    *_, off, unseen, seen, added = page.table(states).splitlines()
    assert off.startswith("--http off")
    assert unseen.startswith("nobody looks")
    assert seen.startswith("one page is open")
    assert "an open page adds" in added
    assert ["off", "unseen", "seen"] == [one["state"] for one in page.raw(states)]
