"""A scripted upstream: a real server on real sockets that answers as a test tells it to."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from tests.lab.consul import free_ports

# SO_TIMESTAMPNS of asm-generic/socket.h; Python has no name for it.
_STAMP = 35
# No server of the proxy's is given less time for a try.
_TRY_S = 0.3

# Query -> the packets to send back, in order; an empty list is silence.
Script = Callable[[dns.message.Message], Sequence[bytes]]


def reply_to(query: dns.message.Message, *records: str, rcode: int = 0) -> dns.message.Message:
    """A reply with records as in a zone file."""
    message = dns.message.make_response(query, our_payload=1232)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for record in records:
        owner, ttl, qtype, data = record.split(maxsplit=3)
        message.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", qtype, data))
    return message


class ScriptedUpstream:
    """Listens on one loopback port, UDP and TCP, in threads of its own; a context manager.

    ``port``: the one of another that has ended, else any that is free.

    ``queries`` holds what came in over UDP with the port it came from, ``tcp_queries`` the rest.
    ``resent`` are those of ``queries`` that were only sent because this server, a thread of a busy
    process, was late: by the kernel's clock it took longer than a try for the one before.
    ``probes`` are the proxy's own questions, which are about no client: whether we ask it in turn
    (no script is asked, and none answers) and whether it is alive.
    """

    def __init__(self, udp: Script, tcp: Script | None = None, port: int = 0) -> None:
        self._scripts = {"udp": udp, "tcp": tcp or udp}
        self.queries: list[tuple[dns.message.Message, int]] = []
        self.tcp_queries: list[dns.message.Message] = []
        self.resent: list[dns.message.Message] = []
        # Question -> when it came last, and when it was last replied to; of the system's clock.
        self._came: dict[str, float] = {}
        self._replied: dict[str, float] = {}
        self.probes: list[dns.message.Message] = []
        self._udp, self._tcp = one_port_for_both(port)
        self._udp.setsockopt(socket.SOL_SOCKET, _STAMP, 1)
        self.port = self._udp.getsockname()[1]
        self._threads = [
            threading.Thread(target=loop, daemon=True)
            for loop in (self._serve_udp, self._serve_tcp)
        ]

    @property
    def address(self) -> str:
        """As ``--upstream`` takes it."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake a thread that waits in recvfrom or accept.
        with contextlib.suppress(OSError):
            self._udp.sendto(b"", ("127.0.0.1", self.port))
        self._tcp.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while True:
            packet, marks, _, client = self._udp.recvmsg(65535, 64)
            if not packet:
                return
            if packet[2] & 0x80:
                # A late reply to whoever had this port before.
                continue
            query = dns.message.from_wire(packet)
            if looks_for_loops(query):
                self.probes.append(query)
                continue
            if query.question[0].name == dns.name.root:
                self.probes.append(query)
            else:
                self._note(query, client[1], _stamp(marks))
            replies = self._scripts["udp"](query)
            if replies:
                self._replied[question_of(query)] = time.time()
            for reply in replies:
                self._udp.sendto(reply, client)

    def _note(self, query: dns.message.Message, port: int, came: float) -> None:
        question = question_of(query)
        before = self._came.get(question, came)
        if min(came, self._replied.get(question, before)) - before > _TRY_S:
            self.resent.append(query)
        self._came[question] = came
        self.queries.append((query, port))

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, struct.error):
                (length,) = struct.unpack("!H", connection.recv(2))
                query = dns.message.from_wire(connection.recv(length))
                self.tcp_queries.append(query)
                for reply in self._scripts["tcp"](query):
                    connection.sendall(struct.pack("!H", len(reply)) + reply)


def question_of(query: dns.message.Message) -> str:
    """What it asks, as `name TYPE`."""
    (question,) = query.question
    return f"{question.name} {dns.rdatatype.to_text(question.rdtype)}"


def _stamp(marks: Sequence[tuple[int, int, bytes]]) -> float:
    """When the kernel received a packet, in seconds of the system's clock."""
    (stamp,) = [data for level, kind, data in marks if (level, kind) == (socket.SOL_SOCKET, _STAMP)]
    seconds, nanoseconds = struct.unpack("@ll", stamp)
    return float(seconds + nanoseconds / 1e9)


def looks_for_loops(query: dns.message.Message) -> bool:
    """Whether its name is one that nobody could guess."""
    return re.fullmatch(rb"[0-9a-f]{32}", query.question[0].name.labels[0]) is not None


def one_port_for_both(port: int = 0) -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket on a port that is free for both, or on this one.

    It is none that the kernel hands out: a server that was away would find a client there, the
    proxy itself even, which draws a port for each question.
    """
    while True:
        tcp = socket.create_server(("127.0.0.1", port or free_ports(1)[0]))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        return udp, tcp
