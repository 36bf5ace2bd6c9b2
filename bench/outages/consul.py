"""Real Consul servers with a data folder, and services that are known by their addresses."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.consul import ConsulAgent
from tests.lab.shell import LabError, wait_until
from tests.load.packets import address_of

NAMES = tuple(f"svc{number}.service.consul" for number in range(50))
# A tag is a name of its own: so many names can be asked that never were.
_TAGS = 2000


def fresh(number: int) -> str:
    """A name that exists, and that nobody has asked before (for the first 2,000)."""
    return f"t{number % _TAGS}.fresh.service.consul"


@dataclass(frozen=True, slots=True)
class Server:
    """One server that is its own leader."""

    agent: ConsulAgent


@dataclass(slots=True)
class Two:
    """Two servers that need each other to elect a leader.

    ``allow_stale`` is Consul's own default: who has no leader tells what it knows.
    """

    asked: ConsulAgent
    other: ConsulAgent
    allow_stale: bool

    def lose_leader(self) -> None:
        """The other one crashes; until the one that is asked has noticed."""
        self.other.kill()
        if not wait_until(lambda: not self.asked.get("status/leader"), 30):
            raise LabError("a Consul server still has a leader 30 s after the other one's crash")

    def start_other(self) -> None:
        """After a crash; until both have a leader again."""
        self.other.start()
        if not wait_until(self.asked.ready, 60):
            raise LabError("two Consul servers found no leader within 60 s")


@contextmanager
def one_server(binary: Path) -> Iterator[Server]:
    """Its services were registered over HTTP, and are in its data folder."""
    with ConsulAgent(binary, persistent=True) as agent:
        _register(agent)
        yield Server(agent)


@contextmanager
def two_servers(binary: Path, *, allow_stale: bool = True) -> Iterator[Two]:
    """The first has led alone, then the second has joined and votes."""
    common = {
        "autopilot": {"server_stabilization_time": "200ms"},
        "dns_config": {"allow_stale": allow_stale},
    }
    with ConsulAgent(binary, persistent=True, config=common) as first:
        _register(first)
        follows = {
            **common,
            "bootstrap": False,
            "retry_join": [f"127.0.0.1:{first.ports['serf_lan']}"],
        }
        with ConsulAgent(binary, persistent=True, node="node2", config=follows) as second:

            def both_vote() -> bool:
                found = first.get("operator/raft/configuration")["Servers"]
                return [server["Voter"] for server in found] == [True, True]

            if not wait_until(both_vote, 60, every=0.2):
                raise LabError("the second Consul server got no vote within 60 s")
            yield Two(first, second, allow_stale)


def _register(agent: ConsulAgent) -> None:
    for name in NAMES:
        body = {"Name": name.split(".")[0], "Address": _text(name), "Port": 80}
        agent.put("agent/service/register", body)
    tags = [f"t{number}" for number in range(_TAGS)]
    body = {"Name": "fresh", "Address": _text("fresh"), "Port": 80, "Tags": tags}
    agent.put("agent/service/register", body)
    if not wait_until(agent.ready, 30):
        raise LabError("the services did not come into Consul's catalog within 30 s")


def _text(name: str) -> str:
    return socket.inet_ntoa(address_of(name))
