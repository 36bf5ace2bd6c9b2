"""What stands behind a product while it is measured: a Consul agent, or a quick upstream."""

import json
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Self

from bench.measuring import Kept
from bench.speed.loading import Native, query
from tests.lab.consul import ConsulAgent, free_ports
from tests.lab.shell import LabError, end, spawn, wait_until

_START_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server answers, and as which process. ``ready_name`` is known to all of them.

    ``consul_http`` is empty where it is no Consul.
    """

    port: int
    pid: int
    consul_http: str = ""
    ready_name: str = "node1.node.consul"


class Started:
    """A program on a port of its own, its words with ``{port}`` for it; a context manager."""

    def __init__(self, words: Sequence[str | Path]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="seamark-bench-"))
        (self.port,) = free_ports(1)
        self._words = [str(word).replace("{port}", str(self.port)) for word in words]
        self._process: Popen[bytes] | None = None

    @property
    def server(self) -> Server:
        """It, while it runs."""
        assert self._process is not None
        return Server(self.port, self._process.pid)

    def __enter__(self) -> Self:
        self._process = spawn(self._words, self._folder / "log")
        return self

    def __exit__(self, *args: object) -> None:
        if self._process is not None:
            end(self._process, timeout=10)
        shutil.rmtree(self._folder, ignore_errors=True)


def wait_for_answer(server: Server) -> None:
    """Until it answers the name that all know. Raises LabError."""

    def answers() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.5)
            asker.connect(("127.0.0.1", server.port))
            asker.send(query(server.ready_name))
            try:
                return asker.recv(4096)[3] & 15 == 0
            except OSError:
                return False

    if not wait_until(answers, _START_LIMIT_S):
        raise LabError(f"no answer on port {server.port} within {_START_LIMIT_S:.0f} s")


@contextmanager
def upstream(native: Native, ttl: int) -> Iterator[Server]:
    """One that answers each name with one address."""
    with Started([native.responder, "{port}", str(ttl)]) as running:
        wait_for_answer(running.server)
        yield running.server


@dataclass(frozen=True, slots=True)
class Catalog:
    """Services of a Consul: how many, how many instances each has, on how many nodes."""

    services: int
    instances: int = 1
    nodes: int = 10
    tags: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """What there is to ask for: each service, or with tags each tag of each service."""
        if not self.tags:
            return [f"svc{number}.service.consul" for number in range(self.services)]
        return [
            f"tag{tag}.svc{number}.service.consul"
            for tag in range(self.tags)
            for number in range(self.services)
        ]

    def bodies(self) -> Iterator[bytes]:
        """Each instance as Consul is told of it."""
        tags = [f"tag{tag}" for tag in range(self.tags)]
        for number in range(self.services * self.instances):
            service, instance = divmod(number, self.instances)
            node = number % self.nodes
            body = {
                "Node": f"bench{node}",
                "Address": f"10.1.{node // 200}.{node % 200 + 1}",
                "Service": {
                    "ID": f"svc{service}-{instance}",
                    "Service": f"svc{service}",
                    "Port": 8000,
                    "Tags": tags,
                    # A reply names an address once; one instance's is nobody else's.
                    "Address": f"10.{2 + number // 40000}.{number // 200 % 200}.{number % 200 + 1}",
                },
            }
            yield json.dumps(body).encode()


@contextmanager
def consul(binary: Path, catalog: Catalog) -> Iterator[Server]:
    """An agent with those services, registered on nodes that have no agent of their own."""
    with ConsulAgent(binary, config=catalog.config) as agent:
        with Kept(agent.http_address) as client:
            for body in catalog.bodies():
                client.order("PUT", "/v1/catalog/register", body)
        server = Server(agent.ports["dns"], agent.pid, f"http://{agent.http_address}")
        wait_for_answer(server)
        yield server
