"""An upstream whose test has its socket in hand: it may send anything, from anywhere, at any time.

Also what a client can see of it: many who ask at once.
"""

import contextlib
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import dns.message
import dns.name
from prometheus_client.parser import text_string_to_metric_families

from tests.asking import ask, records
from tests.commands import Running
from tests.dnsproxy.scripted import Server, forwarder
from tests.lab.consul import free_ports
from tests.upstream import looks_for_loops, reply_to

# The upstream, a query, and who asked.
Handler = Callable[["Datagrams", dns.message.Message, tuple[str, int]], None]
Figures = Callable[[], dict[tuple[str, ...], float]]
RIGHT = {"A 192.0.2.7"}


def honest(query: dns.message.Message) -> list[bytes]:
    """The right answer to any name."""
    return [reply_to(query, f"{query.question[0].name} 60 A 192.0.2.7").to_wire()]


class Switch:
    """A script that is silent while it is ``off``."""

    def __init__(self) -> None:
        self.off = False

    def __call__(self, query: dns.message.Message) -> list[bytes]:
        return [] if self.off else honest(query)


def forged(query: dns.message.Message) -> bytearray:
    """What a forger would like to be believed."""
    wire = reply_to(query, f"{query.question[0].name} 60 A 203.0.113.66").to_wire()
    return bytearray(wire)


def found(port: int, name: str) -> set[str]:
    """The answer to a client."""
    return records(ask(port, name))


@contextmanager
def watched(
    *upstreams: Server, flags: Sequence[str] = (), **variables: str
) -> Iterator[tuple[Running, Figures]]:
    """A forwarder, and what it counts: name and label values -> figure."""
    (port,) = free_ports(1)

    def figures() -> dict[tuple[str, ...], float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    words = ["--http", f"127.0.0.1:{port}", *flags]
    with forwarder(*upstreams, flags=words, **variables) as running:
        yield running, figures


def at_once(port: int, names: list[str]) -> list[set[str]]:
    """The answers to clients who ask together."""
    with ThreadPoolExecutor(len(names)) as threads:
        return list(threads.map(lambda name: found(port, name), names))


class Datagrams:
    """A UDP server on ``host``; probes of the proxy's own get no reply; a context manager.

    ``queries`` are those of clients, with the port that each came from.
    """

    def __init__(self, handler: Handler, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = handler
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
        )
        self.socket.bind((host, port))
        self.host, self.port = self.socket.getsockname()[:2]
        self.queries: list[tuple[dns.message.Message, int]] = []
        self.probes: list[dns.message.Message] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """As ``--upstream`` takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake a thread that waits in recvfrom.
        with contextlib.suppress(OSError):
            self.socket.sendto(b"", (self.host, self.port))
        self._thread.join(5)
        self.socket.close()

    def _serve(self) -> None:
        while True:
            packet, client = self.socket.recvfrom(65535)
            if not packet:
                return
            query = dns.message.from_wire(packet)
            name = query.question[0].name
            if looks_for_loops(query) or name == dns.name.root:
                self.probes.append(query)
                if name == dns.name.root:
                    self._handler(self, query, client[:2])
                continue
            self.queries.append((query, client[1]))
            self._handler(self, query, client[:2])
