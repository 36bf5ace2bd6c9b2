"""The engine dies, and its event stream is cut, stalled, torn or flooded: nothing is forgotten."""

import json
import time

import pytest

from tests.faults.orders import Torn
from tests.faults.stand import NEVER_S, NODE, OFTEN_S, Stand
from tests.waits import PATIENCE_S, Waits, pause

pytestmark = pytest.mark.lab

EVENTS = "/events"


def change_everything(site: Stand) -> None:
    """Of three containers, one goes, one is renamed, one is frozen; a new one comes."""
    site.api.remove("web0")
    site.api.act("web1", "rename", name="renamed")
    site.api.act("web2", "pause")
    site.run("late")


def run_three(site: Stand, waits: Waits) -> None:
    """web0, web1 and web2, all registered."""
    for number in range(3):
        site.run(f"web{number}")
    site.settle(waits, "three registered")


@pytest.mark.parametrize("again", ["nothing", "some"])
def test_dockerd_killed_and_restarted(site: Stand, waits: Waits, again: str) -> None:
    """Its containers end with it; while it is away the catalog stays as it was."""
    daemon = site.engine.daemon
    if daemon is None:
        pytest.skip("this engine is not the lab's: nobody may kill it")
    with site.registrar():
        run_three(site, waits)
        before = site.indexes()
        daemon.kill()
        try:
            pause(2)
            assert before == site.indexes()
        finally:
            site.api.close()
            daemon.start_again()
        if again == "some":
            site.api.act("web1", "start")
            site.run("late")
        site.settle(waits, "true to what runs")


def test_the_event_stream_is_cut_and_what_it_would_have_told_is_found(
    site: Stand, waits: Waits
) -> None:
    """Everything changes between the cut and the next connection."""
    with site.registrar():
        run_three(site, waits)
        site.engine_relay.refuse()
        change_everything(site)
        pause(0.5)
        assert not site.verdict()
        site.engine_relay.lift()
        site.settle(waits, "true again")


def test_the_event_stream_is_cut_again_and_again(site: Stand, waits: Waits) -> None:
    """While containers come and go, and nobody waits for anything."""
    with site.registrar():
        for number in range(12):
            site.run(f"web{number}")
            site.engine_relay.cut(EVENTS)
            if number % 3 == 0:
                site.api.remove(f"web{number}")
            if number % 3 == 1:
                site.api.act(f"web{number}", "rename", name=f"other{number}")
        site.settle(waits, "true again")


def test_events_held_back_are_lost(site: Stand, waits: Waits) -> None:
    """The stream is frozen with events in it, and then cut: they never come."""
    with site.registrar():
        run_three(site, waits)
        site.engine_relay.stall(EVENTS)
        change_everything(site)
        waits.until("events held back", lambda: site.engine_relay.count("stalled"), PATIENCE_S)
        site.engine_relay.cut(EVENTS)
        site.engine_relay.lift()
        site.settle(waits, "true again")


@pytest.mark.parametrize("seen", ["its death", "nothing but the signal"])
def test_a_container_that_starts_again_unseen(site: Stand, waits: Waits, seen: str) -> None:
    """It was told to end, ended and started again; the event stream misses the rest of it."""
    with site.registrar():
        site.run("web")
        site.settle(waits, "registered")
        if seen == "its death":
            site.api.act("web", "kill")
            site.settle(waits, "gone")
            site.engine_relay.refuse()
        else:
            # A signal that it survives: seen in time, while its end and its new life are not.
            site.api.act("web", "kill", signal="QUIT")
            waits.until("gone at the first sign", lambda: not site.agent_ids())
            site.engine_relay.refuse()
            site.api.act("web", "kill")
        waits.until("ended", lambda: not site.api.inspect("web")["State"]["Running"], PATIENCE_S)
        site.api.act("web", "start")
        site.engine_relay.lift()
        site.settle(waits, "registered in its new life")


def test_a_stalled_event_stream_is_made_up_for(site: Stand, waits: Waits) -> None:
    """It stays open and silent: the comparison by the clock finds what happened."""
    with site.registrar(OFTEN_S):
        run_three(site, waits)
        site.engine_relay.stall(EVENTS)
        change_everything(site)
        site.settle(waits, "true again in spite of it")
        site.engine_relay.lift()
        pause(1)
        site.settle(waits, "still true when the old events come")


@pytest.mark.parametrize("stalled_s", [2.0, 12.0], ids=["short", "beyond-time-limits"])
def test_the_whole_engine_is_silent_for_a_while(
    site: Stand, waits: Waits, stalled_s: float
) -> None:
    """No answer to anything; then all answers at once."""
    with site.registrar():
        run_three(site, waits)
        site.engine_relay.stall()
        change_everything(site)
        pause(stalled_s)
        site.engine_relay.lift()
        site.settle(waits, "true again")


@pytest.mark.parametrize("torn", list(Torn), ids=lambda torn: torn.value)
def test_an_event_is_torn_in_the_middle_of_its_document(
    site: Stand, waits: Waits, torn: Torn
) -> None:
    """Whether the stream then breaks, ends as if it were complete, or stands still for a while."""
    with site.registrar():
        run_three(site, waits)
        site.engine_relay.tear(torn)
        change_everything(site)
        waits.until("torn", lambda: site.engine_relay.count("torn"), PATIENCE_S)
        pause(0.5)
        site.engine_relay.lift()
        site.settle(waits, "true again")


def test_a_thousand_events_in_a_second(site: Stand, waits: Waits) -> None:
    """Put into the stream by the relay, since no engine makes so many.

    They name the containers that run, two hundred that nobody knows, and one that starts meanwhile.
    """
    actions = ("start", "die", "rename", "update", "health_status: healthy")
    with site.registrar():
        run_three(site, waits)
        before = site.indexes()
        live = [entry["Id"] for entry in site.api.get("/containers/json")]
        named = live + [f"{number:064x}" for number in range(200)]
        start = time.monotonic()
        for number in range(1000):
            event = {
                "Type": "container",
                "Action": actions[number % len(actions)],
                "Actor": {"ID": named[number % len(named)], "Attributes": {}},
            }
            assert 1 == site.engine_relay.inject(EVENTS, json.dumps(event).encode() + b"\n")
        print(f"1000 events in {time.monotonic() - start:.2f} s")
        site.run("late")
        site.settle(waits, "true with a container that started in it")
        after = site.indexes()
        del after[f"{NODE}:late:8080"]
        assert before == after


def test_a_storm_of_renames(site: Stand, waits: Waits) -> None:
    """As fast as the engine takes them; every one changes the ids of two services."""
    with site.registrar():
        site.run("web", "8080", "8081")
        site.settle(waits, "registered")
        start = time.monotonic()
        for number in range(150):
            site.api.act("web" if number % 2 == 0 else "other", "rename", name=_other(number))
        print(f"150 renames in {time.monotonic() - start:.1f} s")
        site.api.act("web", "rename", name="last")
        site.settle(waits, "registered under the last name")


def _other(number: int) -> str:
    return "other" if number % 2 == 0 else "web"


@pytest.mark.parametrize("last", ["start", "kill"])
def test_a_container_starts_and_dies_faster_than_a_write(
    site: Stand, waits: Waits, last: str
) -> None:
    """Each write takes half a second; what counts is how the container stands in the end."""
    with site.registrar(NEVER_S):
        site.run("web")
        site.settle(waits, "registered")
        site.consul_relay.delay(0.25)
        for _ in range(8):
            site.api.act("web", "kill")
            site.api.act("web", "start")
        if last == "kill":
            site.api.act("web", "kill")
        site.consul_relay.lift()
        site.settle(waits, "true to its last state")
