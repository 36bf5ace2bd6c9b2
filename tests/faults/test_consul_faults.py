"""Consul dies, freezes, forgets, refuses: the catalog still becomes true to the containers."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.consul_acl import OUR_TOKEN, Acl
from tests.faults.stand import NEVER_S, NODE, OFTEN_S, Stand, stand
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.waits import PATIENCE_S, Waits, pause

pytestmark = pytest.mark.lab

# Refusals as Consul words them.
REFUSALS = [
    (403, "Permission denied"),
    (429, "Your IP is issuing too many concurrent connections, please rate limit your calls\n"),
    (500, "rpc error making call: No cluster leader"),
]


def test_consul_killed_and_restarted_empty(site: Stand, waits: Waits) -> None:
    """While containers come and go; only what runs in the end is there again."""
    with site.registrar():
        for number in range(4):
            site.run(f"web{number}")
        site.settle(waits, "four registered")
        site.agent.kill()
        site.run("late")
        site.api.remove("web0")
        site.api.act("web1", "kill")
        site.agent.start()
        site.settle(waits, "true again in a Consul that knew nothing")


@pytest.mark.parametrize(("rest_s", "resync_s"), [(1.5, NEVER_S), (0.0, OFTEN_S)])
def test_consul_restarted_empty_while_nothing_else_happens(
    site: Stand, waits: Waits, rest_s: float, resync_s: float
) -> None:
    """No write fails and no event comes: who watches the catalog can tell.

    A restart between two looks is seen by the clock alone: the new Consul lets a watch wait that
    asks for more than the index it has not reached yet.
    """
    with site.registrar(resync_s):
        site.run("web")
        site.settle(waits, "registered")
        pause(rest_s)
        site.agent.kill()
        site.agent.start()
        site.settle(waits, "registered again")


def test_consul_killed_in_the_middle_of_the_first_sync(site: Stand, waits: Waits) -> None:
    """Without a comparison by the clock: the failed write itself brings the others back, too."""
    for number in range(6):
        site.run(f"web{number}")
    site.consul_relay.delay(0.2)
    with site.registrar() as running:
        waits.until("the first ones registered", lambda: len(site.agent_ids()) >= 2, PATIENCE_S)
        site.agent.kill()
        # A Consul that is back before anybody has missed it is another story, told above.
        waits.until("missed", lambda: "does not answer" in running.log, PATIENCE_S)
        site.consul_relay.lift()
        site.agent.start()
        site.settle(waits, "all registered in a Consul that knew nothing")


@pytest.mark.parametrize("paused_s", [2.0, 12.0], ids=["short", "beyond-time-limits"])
def test_consul_paused_in_the_middle_of_a_sync(site: Stand, waits: Waits, paused_s: float) -> None:
    """SIGSTOP: it takes connections and requests, and answers nothing.

    What was given up after a time limit is still in its sockets: it carries that out when it
    wakes, in any order, and the registrar has to see what came of it.
    """
    for number in range(8):
        site.run(f"web{number}")
    site.consul_relay.delay(0.1)
    with site.registrar():
        waits.until("the first ones registered", lambda: len(site.agent_ids()) >= 2, PATIENCE_S)
        site.agent.signal(signal.SIGSTOP)
        site.consul_relay.lift()
        site.api.remove("web0")
        site.api.act("web7", "kill")
        site.run("late")
        pause(paused_s)
        site.agent.signal(signal.SIGCONT)
        site.settle(waits, "true again")


@pytest.mark.parametrize(("status", "words"), REFUSALS, ids=["403", "429", "500"])
def test_refused_writes_are_made_later(site: Stand, waits: Waits, status: int, words: str) -> None:
    """Of registering and of deregistering; no comparison by the clock helps."""
    writes = "/v1/agent/service"
    with site.registrar():
        site.run("stays")
        site.settle(waits, "registered")
        changes: list[Callable[[], object]] = [
            partial(site.run, "web"),
            partial(site.api.act, "web", "kill"),
        ]
        for change in changes:
            before = site.consul_relay.count("answered")
            site.consul_relay.answer(status, words, method="PUT", path=writes)
            change()
            waits.until("refused", partial(refused_since, site, before), PATIENCE_S)
            pause(2)
            assert not site.verdict()
            site.consul_relay.lift()
            site.settle(waits, "made after all")


def refused_since(site: Stand, before: int) -> bool:
    """Whether the relay refused a request since that count."""
    return site.consul_relay.count("answered") > before


@pytest.mark.parametrize(("status", "words"), REFUSALS, ids=["403", "429", "500"])
def test_a_refused_reading_is_made_later(
    site: Stand, waits: Waits, status: int, words: str
) -> None:
    """From the start, so that nothing is known of the catalog yet."""
    site.run("web")
    site.consul_relay.answer(status, words, method="GET")
    with site.registrar():
        waits.until("refused", lambda: site.consul_relay.count("answered") > 1, PATIENCE_S)
        site.run("late")
        site.consul_relay.lift()
        site.settle(waits, "registered")


def test_a_write_whose_answer_is_lost_is_not_forgotten(site: Stand, waits: Waits) -> None:
    """The connection ends when Consul has carried the write out; nobody but Consul knows it has."""
    steps: list[Callable[[], object]] = [
        partial(site.run, "web"),
        partial(site.api.act, "web", "rename", name="other"),
        partial(site.api.act, "other", "kill"),
    ]
    with site.registrar():
        for number, step in enumerate(steps, start=1):
            site.consul_relay.swallow(1)
            step()
            waits.until("lost", partial(swallowed, site, number), PATIENCE_S)
            site.settle(waits, "true in spite of it")


def swallowed(site: Stand, times: int) -> bool:
    """Whether the relay kept so many answers to itself."""
    return site.consul_relay.count("swallowed") == times


def test_a_container_that_ends_before_a_lost_write_is_made_again(site: Stand, waits: Waits) -> None:
    """The service is there, though the registrar was never told so."""
    with site.registrar():
        site.consul_relay.swallow(1)
        site.run("web")
        waits.until("carried out", site.agent_ids, PATIENCE_S)
        site.consul_relay.refuse()
        site.api.act("web", "kill")
        waits.until("a ghost", lambda: not site.verdict())
        site.consul_relay.lift()
        site.settle(waits, "gone")


@pytest.mark.parametrize("fault", ["refuse", "stall", "cut"])
def test_consul_out_of_reach(site: Stand, waits: Waits, fault: str) -> None:
    """The way to it, not Consul itself."""
    with site.registrar():
        site.run("web0")
        site.run("web1")
        site.settle(waits, "registered")
        getattr(site.consul_relay, fault)()
        site.api.remove("web0")
        site.run("late")
        pause(2)
        site.consul_relay.lift()
        site.settle(waits, "true again")


@pytest.fixture
def guarded(
    consul_binary: Path, engine: Engine, base_image: str, tmp_path: Path
) -> Iterator[tuple[Stand, Acl]]:
    """A stand whose Consul denies what no token allows."""
    acl = Acl()
    with (
        ConsulAgent(
            consul_binary, node=NODE, advertise=engine.bridge_address, config=acl.config
        ) as agent,
        stand(engine, agent, base_image, tmp_path) as made,
    ):
        acl.prepare(agent)
        yield made, acl


def test_an_acl_that_takes_the_right_to_write_away_and_gives_it_back(
    guarded: tuple[Stand, Acl], waits: Waits
) -> None:
    """What was refused meanwhile is made afterwards, without a comparison by the clock."""
    site, acl = guarded
    with site.registrar(token=OUR_TOKEN) as running:
        for number in range(3):
            site.run(f"web{number}")
        site.settle(waits, "registered")
        acl.read_only(site.agent)
        site.api.remove("web0")
        site.run("late")
        waits.until("refused", lambda: running.log.count("refused to") >= 2, PATIENCE_S)
        pause(1)
        assert f"{NODE}:late:8080" not in site.agent_ids()
        acl.read_write(site.agent)
        site.settle(waits, "made after all")


def test_an_acl_that_takes_every_right_away_and_gives_it_back(
    guarded: tuple[Stand, Acl], waits: Waits
) -> None:
    """Without the right to read, Consul shows an empty catalog: that is no reason to forget."""
    site, acl = guarded
    with site.registrar(token=OUR_TOKEN) as running:
        for number in range(3):
            site.run(f"web{number}")
        site.settle(waits, "registered")
        acl.nothing(site.agent)
        site.api.remove("web0")
        site.run("late")
        waits.until("refused", lambda: "refused to" in running.log, PATIENCE_S)
        pause(3)
        acl.read_write(site.agent)
        site.settle(waits, "made after all")
