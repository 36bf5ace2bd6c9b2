"""Consul dies, comes back, freezes, loses its leader: no client is told less than the truth.

Fifty services of four instances are asked for all the time through the proxy, addresses and SRV.
A reply with fewer records, or an error, is wrong; no reply is lost.
"""

import contextlib
import itertools
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.lab.consul import ConsulAgent
from tests.lab.consul_servers import consul_servers
from tests.lab.shell import wait_until
from tests.waits import PATIENCE_S, Waits, pause

# Three servers of Consul may take minutes to elect a leader on a busy machine.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

INSTANCES = 4
NAMES = [f"svc{number}.service.consul" for number in range(50)]
# DO and CD make questions of their own: the more are out when Consul comes back, the more of its
# few false words are heard.
_FLAGS = [(do, cd) for do in (False, True) for cd in (False, True)]
_PACE_S = 0.002
_ROUNDS_AFTER = 4


def _wires() -> list[bytes]:
    """All questions, without their ids."""
    found: list[bytes] = []
    for (do, cd), qtype, name in itertools.product(_FLAGS, ("A", "SRV"), NAMES):
        query = dns.message.make_query(name, qtype, want_dnssec=do, use_edns=0)
        query.flags |= dns.flags.CD if cd else 0
        found.append(query.to_wire()[2:])
    return found


QUESTIONS = _wires()


class Client(threading.Thread):
    """Asks all the questions in turn, as fast as its pace, until it is told to end.

    ``wrong`` holds what was less than the truth, ``stale`` counts what was marked as such.
    """

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.asked = 0
        self.stale = 0
        self.wrong: list[str] = []
        self._waiting: set[int] = set()
        self._ending = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))

    @property
    def lost(self) -> int:
        """How many were not answered, once it has ended."""
        return len(self._waiting)

    def run(self) -> None:
        with self._socket:
            for wire in itertools.cycle(QUESTIONS):
                if self._ending.is_set():
                    break
                # An id of its own each time: the same packet sent again while it waits is one query
                # (R15), and has one reply.
                query_id = self.asked & 0xFFFF
                self._socket.send(query_id.to_bytes(2, "big") + wire)
                self._waiting.add(query_id)
                self.asked += 1
                self._read_until(time.monotonic() + _PACE_S)
            end = time.monotonic() + PATIENCE_S
            while self.lost and time.monotonic() < end:
                self._read_until(time.monotonic() + _PACE_S)

    def end(self) -> None:
        """Ask no more, and wait for what is still to come."""
        self._ending.set()
        self.join()

    def _read_until(self, end: float) -> None:
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                self._judge(self._socket.recv(4096))

    def _judge(self, packet: bytes) -> None:
        query_id, flags, _, answers, _, _ = struct.unpack_from("!6H", packet)
        self._waiting.discard(query_id)
        # Beside what it is, only what is wrong is worth the time to be read.
        self.stale += packet.endswith(_STALE)
        if flags & 0xF or answers != INSTANCES:
            reply = dns.message.from_wire(packet)
            self.wrong.append(f"{reply.question[0]}: {rcode(reply)} {sorted(records(reply))}")


# An OPT with the one extended error 3 and no text ends so.
_STALE = struct.pack("!4H", 6, 15, 2, 3)


def register(agent: ConsulAgent) -> None:
    """All services, at an agent."""
    for (number, name), instance in itertools.product(enumerate(NAMES), range(INSTANCES)):
        service = {
            "Name": name.split(".", maxsplit=1)[0],
            "ID": f"{number}-{instance}",
            "Address": f"10.1.{number}.{instance + 1}",
            "Port": 8000 + instance,
        }
        agent.put("agent/service/register", service)


def forwarder(*agents: ConsulAgent) -> Running:
    """A proxy that asks these agents in this order."""
    words = [word for agent in agents for word in ("--consul-dns", agent.dns_address)]
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"]
    return Running("dnsproxy", *flags, *words)


@contextmanager
def nothing_wrong(proxy: Running) -> Iterator[Client]:
    """Ask all the time while the body breaks things and mends them, and a while after."""
    for wire in QUESTIONS:
        query = dns.message.from_wire(b"\0\0" + wire)
        reply = dns.query.udp(query, "127.0.0.1", port=proxy.port, timeout=6)
        assert INSTANCES == len(records(reply))
    client = Client(proxy.port)
    client.start()
    try:
        yield client
        target = client.asked + _ROUNDS_AFTER * len(QUESTIONS)
        while client.asked < target:
            pause(0.05)
    finally:
        client.end()
    print(f"{client.asked} asked, {client.stale} of them answered with the last good answer")
    assert [] == client.wrong
    assert 0 == client.lost


@pytest.fixture
def server(consul_binary: Path) -> Iterator[ConsulAgent]:
    """The only server, which keeps its data, with the services."""
    with ConsulAgent(consul_binary, persistent=True) as agent:
        register(agent)
        yield agent


def killed(agent: ConsulAgent) -> None:
    """With kill -9, and started again."""
    agent.kill()
    pause(0.5)
    agent.start()


def restarted(agent: ConsulAgent) -> None:
    """As an init system does."""
    agent.stop()
    agent.start()


def frozen(agent: ConsulAgent) -> None:
    """For longer than anybody waits; its sockets take questions meanwhile."""
    agent.signal(signal.SIGSTOP)
    pause(5)
    agent.signal(signal.SIGCONT)


@pytest.mark.parametrize("fault", [killed, restarted, frozen])
def test_an_outage_of_the_only_server_shows_in_no_answer(
    server: ConsulAgent, fault: Callable[[ConsulAgent], None]
):
    """The last good answer meanwhile; what it says as it comes back is doubted."""
    with forwarder(server) as proxy, nothing_wrong(proxy) as client:
        fault(server)
    assert client.stale


def test_what_is_deregistered_after_an_outage_is_denied(server: ConsulAgent, waits: Waits):
    """Once it has been said twice; and what is registered is there at once."""
    with forwarder(server) as proxy:
        assert INSTANCES == len(records(ask(proxy.port, NAMES[0])))
        server.kill()
        assert INSTANCES == len(records(ask(proxy.port, NAMES[0])))
        server.start()
        for instance in range(INSTANCES):
            server.put(f"agent/service/deregister/0-{instance}")
        waits.until("denied", lambda: "NXDOMAIN" == rcode(ask(proxy.port, NAMES[0])), PATIENCE_S)
        server.put("agent/service/register", {"Name": "svc0", "Address": "10.9.9.9", "Port": 80})
        waits.until("there", lambda: records(ask(proxy.port, NAMES[0])), PATIENCE_S)


@pytest.fixture
def servers(consul_binary: Path) -> Iterator[Sequence[ConsulAgent]]:
    """Three that vote, the first with the services."""
    with consul_servers(consul_binary) as agents:
        register(agents[0])
        assert wait_until(lambda: all(_knows_all(agent) for agent in agents), 180)
        yield agents


def _knows_all(agent: ConsulAgent) -> bool:
    services = agent.get("catalog/services?stale")
    return len(services) > len(NAMES)


def test_a_server_that_catches_up_with_others_is_not_believed_at_once(
    servers: Sequence[ConsulAgent],
):
    """It answers from its own log, which it has read for a part."""
    _, second, _ = servers
    with forwarder(second) as proxy, nothing_wrong(proxy) as client:
        killed(second)
    assert client.stale


def test_a_lost_majority_shows_in_no_answer(servers: Sequence[ConsulAgent]):
    """Two of three are killed and come back; the one that is left is asked."""
    first, second, third = servers
    with forwarder(first) as proxy, nothing_wrong(proxy):
        second.kill()
        third.kill()
        pause(5)
        second.launch()
        third.launch()
        assert wait_until(lambda: second.ready() and third.ready(), 60)


def test_one_sick_agent_of_several_shows_in_no_answer(servers: Sequence[ConsulAgent]):
    """The next one is asked, and while the first catches up nothing is missing."""
    _, second, third = servers
    with forwarder(second, third) as proxy, nothing_wrong(proxy):
        killed(second)
        frozen(second)
