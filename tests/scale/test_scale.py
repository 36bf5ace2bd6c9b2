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
def fake() -> Iterator[FakeEngine]:
    """Without containers."""
    with FakeEngine(HOST) as running:
        yield running


@pytest.fixture
def agent(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul of the test's own."""
    with ConsulAgent(consul_binary, node=HOST) as running:
        yield running


def registrar(fake: FakeEngine, address: str, resync_s: int = 1) -> Running:
    """Our registrar between the engine and the agent at an address."""
    flags = ["--docker", fake.url, "--node", HOST, "--http", "off"]
    return Running("registrar", *flags, f"consul://{address}", SEAMARK_RESYNC_S=str(resync_s))


@contextmanager
def embedded(fake: FakeEngine) -> Iterator[Running]:
    """Both halves in one process, without a Consul; events alone, no comparison comes to help."""
    flags = ["--docker", fake.url, "--node", HOST, "--http", "off", "--listen", "127.0.0.1:0"]
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


def until_true(agent: ConsulAgent | FakeAgent, fake: FakeEngine, what: str, waits: Waits) -> None:
    """Wait until Consul has what runs, and nothing else."""
    truth = services_of(fake.running.values(), HOST)

    def look() -> bool:
        pause(_LOOK_EVERY_S)
        return registered(agent) == truth

    waits.until(what, look, _LIMIT_S)


def until_compared(fake: FakeEngine, times: int, waits: Waits) -> None:
    """Wait for that many full comparisons that begin from now on."""
    before = fake.counts()["list"]
    # The last of them is over when the next one begins.
    waits.until(f"{times} comparisons", lambda: fake.counts()["list"] > before + times, _LIMIT_S)


def test_1000_containers_are_registered_and_then_nothing_is_written(
    fake: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """Every kind of container; then full comparisons that find nothing to do."""
    fake.start(made_of(1000, KINDS), quiet=True)
    truth = services_of(fake.running.values(), HOST)
    with ConsulRelay(agent.http_address) as relay, registrar(fake, relay.http_address):
        until_true(agent, fake, "first sync of 1,000", waits)
        # One comparison may have begun before the last write, and mark what it did not see yet.
        until_compared(fake, 1, waits)
        assert len(truth) == len(relay.writes)
        inspected = fake.counts()["inspect"]
        until_compared(fake, 3, waits)
        assert [] == relay.writes[len(truth) :]
        assert 0 == fake.counts()["inspect"] - inspected
    assert truth == registered(agent)


def test_1500_containers_and_their_end(fake: FakeEngine, agent: ConsulAgent, waits: Waits) -> None:
    """All that ran is registered, and all that ended while nobody watched is not."""
    containers = made_of(1500, KINDS)
    fake.start(containers, quiet=True)
    with registrar(fake, agent.http_address, resync_s=10):
        until_true(agent, fake, "first sync of 1,500", waits)
    fake.end(containers[400:], remove=True, quiet=True)
    with registrar(fake, agent.http_address, resync_s=10):
        until_true(agent, fake, "1,100 ghosts gone", waits)


def test_a_burst_of_1000_starts_and_1000_ends_comes_out_even(
    fake: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """Some end while their start is still being worked on, amid events that mean nothing."""
    stay, come = made_of(100, KINDS), made_of(1000, KINDS, first=100)
    fake.start(stay, quiet=True)
    # Events alone: no comparison comes to help.
    with registrar(fake, agent.http_address, resync_s=600):
        until_true(agent, fake, "first sync of 100", waits)
        fake.start(come)
        fake.burst(2000)
        fake.end(come[::2], remove=True)
        until_true(agent, fake, "1,000 starts and 500 ends", waits)
        fake.end(come[1::2])
        fake.burst(2000)
        until_true(agent, fake, "500 ends", waits)
        fake.start(come)
        fake.end(come)
        until_true(agent, fake, "1,000 starts, each with its end", waits)


def test_500_lost_events_and_an_engine_that_fails_cost_nothing(
    fake: FakeEngine, agent: ConsulAgent, waits: Waits
) -> None:
    """The next comparison that can be made finds it all."""
    first, second = made_of(500, KINDS), made_of(500, KINDS, first=500)
    fake.start(first, quiet=True)
    with registrar(fake, agent.http_address):
        until_true(agent, fake, "first sync of 500", waits)
        fake.fail(events="lose", inspect_status=500)
        fake.start(second)
        fake.end(first[:250])
        until_compared(fake, 1, waits)
        fake.fail(inspect_delay_s=0.01)
        until_true(agent, fake, "after the faults", waits)


def test_10000_containers_cost_one_write_a_service(fake: FakeEngine, waits: Waits) -> None:
    """With an agent that is quick with so many; a comparison of them all writes nothing."""
    fake.start(made_of(10_000), quiet=True)
    with FakeAgent(HOST) as agent, registrar(fake, agent.http_address, resync_s=5):
        until_true(agent, fake, "first sync of 10,000", waits)
        until_compared(fake, 1, waits)
        assert 10_000 == agent.writes


def test_10000_containers_in_the_embedded_catalog(fake: FakeEngine, waits: Waits) -> None:
    """Each has a name of its own; what ends is gone without a look at all the others."""
    containers = made_of(10_000, ["user"])
    fake.start(containers, quiet=True)
    with embedded(fake) as running:
        sample = [containers[number] for number in range(0, 10_000, 97)]
        start = time.monotonic()
        waits.until("10,000 by name", lambda: all_answered(running.port, sample), _LIMIT_S)
        sync_s, lists = time.monotonic() - start, fake.counts()["list"]
        fake.end(sample[::2])
        gone = "gone by name"
        waits.until(gone, lambda: not any_answered(running.port, sample[::2]), sync_s / 4)
        assert lists == fake.counts()["list"]
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


def test_memory_grows_less_than_containers_do(fake: FakeEngine, waits: Waits) -> None:
    """And coming and going leaves nothing behind."""
    containers = made_of(2000, ["user"])
    with embedded(fake) as running:
        fake.start(containers[:1000])
        waits.until("1,000", lambda: all_answered(running.port, containers[900:1000]), _LIMIT_S)
        at_1000 = memory_kib(running.pid)
        fake.start(containers[1000:])
        waits.until("2,000", lambda: all_answered(running.port, containers[1900:]), _LIMIT_S)
        at_2000 = memory_kib(running.pid)
        for _ in range(3):
            fake.end(containers[1000:], remove=True)
            waits.until("less", lambda: not any_answered(running.port, containers[1900:]), _LIMIT_S)
            fake.start(containers[1000:])
            waits.until("more", lambda: all_answered(running.port, containers[1900:]), _LIMIT_S)
        at_the_end = memory_kib(running.pid)
    print(f"{at_1000} KiB at 1,000, {at_2000} at 2,000, {at_the_end} after 3,000 came and went")
    assert at_2000 < 1.6 * at_1000
    assert at_the_end < 1.3 * at_2000


def memory_kib(pid: int) -> int:
    """What a process has resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
