"""An upstream that always wants TCP, and does to its connections what a test tells it to."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

import dns.flags
import dns.message

from tests.upstream import looks_for_loops, one_port_for_both, reply_to

# One connection, told its number from 0: reads and writes as it likes until it returns.
Handler = Callable[[socket.socket, int], None]


def read_query(connection: socket.socket) -> dns.message.Message | None:
    """The next query; None at the end."""
    head = _exactly(connection, 2)
    body = _exactly(connection, struct.unpack("!H", head)[0]) if head else b""
    return dns.message.from_wire(body) if body else None


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def reply_wire(query: dns.message.Message) -> bytes:
    """The right answer, framed: an address that follows from the name."""
    owner = query.question[0].name
    number = int(owner.labels[0][1:])
    wire = reply_to(query, f"{owner} 60 A 192.0.2.{number % 250}").to_wire()
    return struct.pack("!H", len(wire)) + wire


class TcpUpstream:
    """``handler`` has each connection to itself; ``connections`` counts them; a context manager."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.connections = 0
        self._udp, self._listener = one_port_for_both()
        self._open: list[socket.socket] = []
        self._threads = [
            threading.Thread(target=loop, daemon=True)
            for loop in (self._serve_udp, self._serve_tcp)
        ]

    @property
    def address(self) -> str:
        """As ``--upstream`` takes it."""
        return f"127.0.0.1:{self._udp.getsockname()[1]}"

    def __enter__(self) -> Self:
        # A copy: a connection that comes at once adds its own, which is started by then.
        for thread in tuple(self._threads):
            thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        # Closing alone does not wake a thread that waits in recvfrom, accept or recv.
        self._udp.sendto(b"", self._udp.getsockname())
        for waiting in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._listener.close()

    def _serve_udp(self) -> None:
        while True:
            packet, client = self._udp.recvfrom(65535)
            if not packet:
                return
            query = dns.message.from_wire(packet)
            if looks_for_loops(query):
                continue
            reply = reply_to(query)
            reply.flags |= dns.flags.TC
            self._udp.sendto(reply.to_wire(), client)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(
                target=self._one, args=(connection, self.connections), daemon=True
            )
            self.connections += 1
            self._threads.append(thread)
            thread.start()

    def _one(self, connection: socket.socket, number: int) -> None:
        with connection, contextlib.suppress(OSError):
            self._handler(connection, number)
