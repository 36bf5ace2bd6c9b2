"""From the real gliderlabs/registrator to our registrar on a running host: no name has a gap.

Both run for a while, then registrator ends; and the way back. Consul's own DNS is asked 100 times a
second all the while: each service is there once, never not at all and never twice.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.rdatatype
import pytest

from registrar.core.ownership import OWNER
from tests.commands import ROOT, Running
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers, or_fail
from tests.lab.registrator_build import find_registrator
from tests.lab.shell import end
from tests.load.threaded import Threaded
from tests.waits import PATIENCE_S, Waits, pause

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

PAGE = (ROOT / "docs/how-to/from-registrator.md").read_text()
NODE = "node3"
RATE = 100
CONTAINERS, PORTS = 10, (8080, 8081)
# So long each phase lasts: what one does the other sees.
BOTH_S = 2.0
WORDS = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done")


class Poller(Threaded):
    """Asks for the SRV records of names in turn, by the clock; ``seen`` are counts of instances."""

    def __init__(self, server: str, names: Sequence[str]) -> None:
        super().__init__()
        host, _, port = server.partition(":")
        self._address = host, int(port)
        self._names = list(names)
        self.polls = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        """Until it is ended. What ends it before is among what is wrong: nobody would poll."""
        try:
            self._poll_by_the_clock()
        except (OSError, dns.exception.DNSException) as error:
            self.wrong.append(f"after poll {self.polls}: {type(error).__name__}: {error}")

    def _poll_by_the_clock(self) -> None:
        due = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect(self._address)
            while not self.ending.is_set():
                name = self._names[self.polls % len(self._names)]
                self._poll(sock, name)
                due += 1 / RATE
                pause(max(due - time.monotonic(), 0))

    def _poll(self, sock: socket.socket, name: str) -> None:
        sock.send(dns.message.make_query(f"{name}.service.consul", "SRV").to_wire())
        reply = dns.message.from_wire(sock.recv(4096))
        found = [item for rrset in reply.answer for item in rrset]
        self.polls += 1
        if len(found) != 1:
            self.wrong.append(f"poll {self.polls}: {name} has {len(found)} instances")


@pytest.fixture(scope="module")
def registrator() -> Path:
    """The real one."""
    with or_fail():
        found = find_registrator()
    if found is None:
        pytest.skip(
            "no Go here to build gliderlabs/registrator with; install it, or set REGISTRATOR_BIN"
        )
    return found


@pytest.fixture
def agent(consul_binary: Path, engine: Engine) -> Iterator[ConsulAgent]:
    """The host's."""
    with ConsulAgent(consul_binary, node=NODE, advertise=engine.bridge_address) as running:
        yield running


def names(number: int) -> list[str]:
    """The services of a container."""
    return [f"svc{number}-{port}" for port in PORTS]


def start(containers: Containers, image: str, number: int) -> None:
    """A container with two services."""
    env = {f"SERVICE_{port}_NAME": name for port, name in zip(PORTS, names(number), strict=True)}
    ports = [str(port) for port in PORTS]
    containers.run(image, *WORDS, name=f"svc{number}", ports=ports, env=env)


def entries(agent: ConsulAgent) -> dict[str, dict[str, Any]]:
    """Service id -> what the agent has, Consul's own aside."""
    found: dict[str, dict[str, Any]] = agent.get("agent/services")
    return {key: value for key, value in found.items() if value["Service"] != "consul"}


def owned(agent: ConsulAgent) -> set[str]:
    """The ids of what carries our mark."""
    return {key for key, value in entries(agent).items() if OWNER in (value["Meta"] or {})}


def created(agent: ConsulAgent, wanted: Sequence[str]) -> dict[str, int]:
    """Service -> the index at which the catalog got it: who is taken out and put back has another.

    It tells what happens between two polls.
    """
    found = agent.get(f"catalog/node/{NODE}")["Services"].values()
    return {one["Service"]: one["CreateIndex"] for one in found if one["Service"] in wanted}


@contextmanager
def theirs(binary: Path, engine: Engine, agent: ConsulAgent) -> Iterator["subprocess.Popen[bytes]"]:
    """Registrator, on a host of that name; ended by SIGTERM."""
    host = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', NODE]
    words = [*host, str(binary), "-ip", engine.bridge_address, f"consul://{agent.http_address}"]
    process = subprocess.Popen(words, env={**engine.env}, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        end(process, timeout=10)


def ours(engine: Engine, agent: ConsulAgent, *flags: str) -> Running:
    """Our registrar, with registrator's flags."""
    given = ["--docker", engine.url, "--node", NODE, "--http", "off", *flags]
    return Running("registrar", *given, f"consul://{agent.http_address}")


@pytest.mark.parametrize("same_address", [True, False], ids=["with -ip", "without -ip"])
def test_no_service_is_lost_or_doubled(
    engine: Engine,
    agent: ConsulAgent,
    registrator: Path,
    containers: Containers,
    base_image: str,
    waits: Waits,
    *,
    same_address: bool,
) -> None:
    """Twenty services, there, both, and back."""
    for number in range(CONTAINERS):
        start(containers, base_image, number)
    all_names = [name for number in range(CONTAINERS) for name in names(number)]
    flags = ["-ip", engine.bridge_address] if same_address else []
    with theirs(registrator, engine, agent) as first:
        waits.until("registrator has all", lambda: len(entries(agent)) == 20, PATIENCE_S)
        ids = set(entries(agent))
        stay = [name for name in all_names if name not in {*names(0), *names(1)}]
        since = created(agent, stay)
        assert set(stay) == set(since)
        with Poller(agent.dns_address, stay) as poller:
            with ours(engine, agent, *flags):
                waits.until("taken over", lambda: owned(agent) == ids, PATIENCE_S)
                _while_both_run(engine, agent, containers, base_image, waits)
                first.send_signal(signal.SIGTERM)
                first.wait(10)
                _when_registrator_has_ended(engine, agent, containers, base_image, waits)
                pause(BOTH_S)
            left = set(entries(agent))
            with theirs(registrator, engine, agent):
                waits.until("back", lambda: owned(agent) == set(), PATIENCE_S)
                pause(BOTH_S)
                assert left == set(entries(agent))
        assert since == created(agent, stay)
    print(f"{poller.polls} polls, wrong: {poller.wrong}")
    assert poller.polls > RATE * BOTH_S
    assert [] == poller.wrong


def _while_both_run(
    engine: Engine, agent: ConsulAgent, containers: Containers, image: str, waits: Waits
) -> None:
    """What comes is there once, what goes is gone; each of them registers and deregisters it."""
    before = set(entries(agent))
    start(containers, image, 100)
    late = {f"{NODE}:svc100:{port}" for port in PORTS}
    waits.until("new, of both", lambda: set(entries(agent)) == before | late)
    engine.docker("kill", "svc0")
    gone = {f"{NODE}:svc0:{port}" for port in PORTS}
    waits.until("gone, of both", lambda: set(entries(agent)) == (before | late) - gone)
    pause(BOTH_S)
    assert (before | late) - gone == set(entries(agent))
    waits.until("all ours", lambda: owned(agent) == set(entries(agent)), PATIENCE_S)


def _when_registrator_has_ended(
    engine: Engine, agent: ConsulAgent, containers: Containers, image: str, waits: Waits
) -> None:
    """Nothing of it is needed any more."""
    before = set(entries(agent))
    assert before == owned(agent)
    start(containers, image, 101)
    new = {f"{NODE}:svc101:{port}" for port in PORTS}
    waits.until("new, of ours", lambda: owned(agent) == before | new)
    engine.docker("kill", "svc1")
    gone = {f"{NODE}:svc1:{port}" for port in PORTS}
    waits.until("gone, of ours", lambda: owned(agent) == (before | new) - gone)
    assert owned(agent) == set(entries(agent))
