"""A second upstream for what the first is slow with, on the real process."""

import dns.message
import pytest

from tests.dnsproxy.scripted import asked, forwarder
from tests.rules.misbehaving import RIGHT, Switch, found, honest, watched
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S, Waits, pause


@pytest.mark.parametrize("hedge", [True, False])
def test_a_second_upstream_is_asked_for_what_the_first_is_slow_with(hedge):
    """If that is set; the first answer counts, and the slow one is not sick for it."""

    def script(query: dns.message.Message) -> list[bytes]:
        if query.question[0].name.to_text() == "slow.example.":
            pause(0.5)
        return honest(query)

    setting = {"SEAMARK_HEDGE": str(hedge).lower()}
    with (
        ScriptedUpstream(script) as one,
        ScriptedUpstream(honest) as other,
        watched(one, other, **setting) as (running, figures),
    ):
        for number in range(20):
            assert RIGHT == found(running.port, f"n{number}.example")
        assert RIGHT == found(running.port, "slow.example")
        assert hedge == bool(other.queries)
        assert RIGHT == found(running.port, "again.example")
        assert 0 == figures()["seamark_dns_upstream_sick", one.address]
    assert "again.example. A" in asked(one)
    assert int(hedge) == asked(other).count("slow.example. A")


def test_an_upstream_that_never_wins_is_found_dead_all_the_same(waits: Waits):
    """A question that was won elsewhere is still waited for."""
    dead = Switch()
    with (
        ScriptedUpstream(dead) as one,
        ScriptedUpstream(honest) as other,
        forwarder(one, other, SEAMARK_HEDGE="true") as running,
    ):
        for number in range(20):
            assert RIGHT == found(running.port, f"n{number}.example")
        dead.off = True
        assert RIGHT == found(running.port, "a.example")
        waits.until("known", lambda: f"{one.address} failed" in running.log, PATIENCE_S)


def test_a_dead_upstream_is_shown_as_sick_and_the_other_is_not():
    """In the metrics, for who watches from outside."""
    with (
        ScriptedUpstream(lambda query: []) as dead,
        ScriptedUpstream(honest) as other,
        watched(dead, other) as (running, figures),
    ):
        assert RIGHT == found(running.port, "www.example")
        shown = figures()
    assert 1 == shown["seamark_dns_upstream_sick", dead.address]
    assert 0 == shown["seamark_dns_upstream_sick", other.address]
