"""The registrar with as many containers as a host can have, and more than it should.

Containers come from the fake engine; Consul and our commands are real. What must be equal is held
against the truth that the test itself knows; how long it took is told, not demanded.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.asking import ask, records
from tests.commands import Running
from tests.lab.consul import ConsulAgent
from tests.scale.agent import FakeAgent
from tests.scale.engine import FakeEngine
from tests.scale.recorded import KINDS, FakeContainer, made_of, services_of
from tests.scale.relay import ConsulRelay
from tests.waits import Waits, pause

# A busy machine takes minutes for ten thousand containers: this is there for what hangs. It is less
# than the ten minutes after which a comparison would come to the help of events.
_LIMIT_S = 300.0
pytestmark = [pytest.mark.lab, pytest.mark.timeout(3 * _LIMIT_S)]

HOST = "node3"
# Asking Consul for 1,000 services takes it a moment, and the registrar needs that moment too.
_LOOK_EVERY_S = 0.3


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    """Without containers."""
    with FakeEngine(HOST) as running:
        yield running


@pytest.fixture
def agent(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul of the test's own."""
    with ConsulAgent(consul_binary, node=HOST) as running:
        yield running


def registrar(engine: FakeEngine, address: str, resync_s: int = 1) -> Running:
    """Our registrar between the engine and the agent at an address."""
    flags = ["--docker", engine.url, "--node", HOST, "--http", "off"]
    return Running("registrar", *flags, f"consul://{address}", SEAMARK_RESYNC_S=str(resync_s))


@contextmanager
def embedded(engine: FakeEngine) -> Iterator[Running]:
    """Both halves in one process, without a Consul; events alone, no comparison comes to help."""
    flags = ["--docker", engine.url, "--node", HOST, "--http", "off", "--listen", "127.0.0.1:0"]
    with Running("seamark", "up", *flags, SEAMARK_RESYNC_S="600") as running:
        yield running


def registered(agent: ConsulAgent | FakeAgent) -> dict[str, tuple[str, int]]:
    """Service id -> name and port, Consul's own service aside."""
    found = agent.get("agent/services")
    return {
        key: (value["Service"], value["Port"])
        for key, value in found.items()
        if value["Service"] != "consul"
    }


def until_true(agent: ConsulAgent | FakeAgent, engine: FakeEngine, what: str, waits: Waits) -> None:
    """Wait until Consul has what runs, and nothing else."""
    truth = services_of(engine.running.values(), HOST)

    def look() -> bool:
        pause(_LOOK_EVERY_S)
        return registered(agent) == truth

    waits.until(what, look, _LIMIT_S)


def until_compared(engine: FakeEngine, times: int, waits: Waits) -> None:
    """Wait for that many full comparisons that begin from now on."""
    before = engine.counts()["list"]
    # The last of them is over when the next one begins.
    waits.until(f"{times} comparisons", lambda: engine.counts()["list"] > before + times, _LIMIT_S)


def test_1000_containers_are_registered_and_then_nothing_is_written(
    engine: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """Every kind of container; then full comparisons that find nothing to do."""
    engine.start(made_of(1000, KINDS), quiet=True)
    truth = services_of(engine.running.values(), HOST)
    with ConsulRelay(agent.http_address) as relay, registrar(engine, relay.http_address):
        until_true(agent, engine, "first sync of 1,000", waits)
        # One comparison may have begun before the last write, and mark what it did not see yet.
        until_compared(engine, 1, waits)
        assert len(truth) == len(relay.writes)
        inspected = engine.counts()["inspect"]
        until_compared(engine, 3, waits)
        assert [] == relay.writes[len(truth) :]
        assert 0 == engine.counts()["inspect"] - inspected
    assert truth == registered(agent)


def test_1500_containers_and_their_end(
    engine: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """All that ran is registered, and all that ended while nobody watched is not."""
    containers = made_of(1500, KINDS)
    engine.start(containers, quiet=True)
    with registrar(engine, agent.http_address, resync_s=10):
        until_true(agent, engine, "first sync of 1,500", waits)
    engine.end(containers[400:], remove=True, quiet=True)
    with registrar(engine, agent.http_address, resync_s=10):
        until_true(agent, engine, "1,100 ghosts gone", waits)


def test_a_burst_of_1000_starts_and_1000_ends_comes_out_even(
    engine: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """Some end while their start is still being worked on, amid events that mean nothing."""
    stay, come = made_of(100, KINDS), made_of(1000, KINDS, first=100)
    engine.start(stay, quiet=True)
    # Events alone: no comparison comes to help.
    with registrar(engine, agent.http_address, resync_s=600):
        until_true(agent, engine, "first sync of 100", waits)
        engine.start(come)
        engine.burst(2000)
        engine.end(come[::2], remove=True)
        until_true(agent, engine, "1,000 starts and 500 ends", waits)
        engine.end(come[1::2])
        engine.burst(2000)
        until_true(agent, engine, "500 ends", waits)
        engine.start(come)
        engine.end(come)
        until_true(agent, engine, "1,000 starts, each with its end", waits)


def test_500_lost_events_and_an_engine_that_fails_cost_nothing(
    engine: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """The next comparison that can be made finds it all."""
    first, second = made_of(500, KINDS), made_of(500, KINDS, first=500)
    engine.start(first, quiet=True)
    with registrar(engine, agent.http_address):
        until_true(agent, engine, "first sync of 500", waits)
        engine.fail(events="lose", inspect_status=500)
        engine.start(second)
        engine.end(first[:250])
        until_compared(engine, 1, waits)
        engine.fail(inspect_delay_s=0.01)
        until_true(agent, engine, "after the faults", waits)


def test_10000_containers_cost_one_write_a_service(engine: FakeEngine, waits: Waits) -> None:
    """With an agent that is quick with so many; a comparison of them all writes nothing."""
    engine.start(made_of(10_000), quiet=True)
    with FakeAgent(HOST) as agent, registrar(engine, agent.http_address, resync_s=5):
        until_true(agent, engine, "first sync of 10,000", waits)
        until_compared(engine, 1, waits)
        assert 10_000 == agent.writes


def test_10000_containers_in_the_embedded_catalog(engine: FakeEngine, waits: Waits) -> None:
    """Each has a name of its own; what ends is gone without a look at all the others."""
    containers = made_of(10_000, ["user"])
    engine.start(containers, quiet=True)
    with embedded(engine) as running:
        sample = [containers[number] for number in range(0, 10_000, 97)]
        start = time.monotonic()
        waits.until("10,000 by name", lambda: all_answered(running.port, sample), _LIMIT_S)
        sync_s, lists = time.monotonic() - start, engine.counts()["list"]
        engine.end(sample[::2])
        gone = "gone by name"
        waits.until(gone, lambda: not any_answered(running.port, sample[::2]), sync_s / 4)
        assert lists == engine.counts()["list"]
        assert all_answered(running.port, sample[1::2])


def all_answered(port: int, containers: list[FakeContainer]) -> bool:
    """Whether each is found by its name, at its own port."""
    return all(answer(port, container) == published(container) for container in containers)


def any_answered(port: int, containers: list[FakeContainer]) -> bool:
    """Whether at least one is found."""
    return any(answer(port, container) for container in containers)


def answer(port: int, container: FakeContainer) -> set[str]:
    """What DNS says of a container's service."""
    return records(ask(port, f"{container.name}.service.consul", "SRV"))


def published(container: FakeContainer) -> set[str]:
    """What it should say."""
    return {f"SRV 1 1 {container.ports[8080]} {HOST}.node.dc1.consul."}


def test_memory_grows_less_than_containers_do(engine: FakeEngine, waits: Waits) -> None:
    """And coming and going leaves nothing behind."""
    containers = made_of(2000, ["user"])
    with embedded(engine) as running:
        engine.start(containers[:1000])
        waits.until("1,000", lambda: all_answered(running.port, containers[900:1000]), _LIMIT_S)
        at_1000 = memory_kib(running.pid)
        engine.start(containers[1000:])
        waits.until("2,000", lambda: all_answered(running.port, containers[1900:]), _LIMIT_S)
        at_2000 = memory_kib(running.pid)
        for _ in range(3):
            engine.end(containers[1000:], remove=True)
            waits.until("less", lambda: not any_answered(running.port, containers[1900:]), _LIMIT_S)
            engine.start(containers[1000:])
            waits.until("more", lambda: all_answered(running.port, containers[1900:]), _LIMIT_S)
        at_the_end = memory_kib(running.pid)
    print(f"{at_1000} KiB at 1,000, {at_2000} at 2,000, {at_the_end} after 3,000 came and went")
    assert at_2000 < 1.6 * at_1000
    assert at_the_end < 1.3 * at_2000


def memory_kib(pid: int) -> int:
    """What a process has resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
