"""An upstream that answers from raw packets, and that can fall silent, vanish, lie and come back.

Names tell what they are: below ``gone.`` there is none; ``ttlN`` in front has that TTL; TXT of
anything is long, and comes over TCP; all other names have :func:`~tests.load.packets.address_of`.
"""

import contextlib
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable

from tests.load.packets import (
    ANY,
    NXDOMAIN,
    TXT,
    A,
    address_of,
    question_of,
    record,
    reply,
    with_id,
)
from tests.load.threaded import Threaded
from tests.upstream import one_port_for_both

_TTL = 30
_LONG = b"\xff" + b"x" * 255
_LATE_S = 6.0
# What is told in place of a reply, or before it.
Lie = Callable[[bytes, bytes], list[bytes]]


def made(query: bytes, *, tcp: bool) -> bytes:
    """The true reply."""
    name, qtype, _ = question_of(query)
    if name.endswith(".gone"):
        return reply(query, rcode=NXDOMAIN)
    first = name.split(".", 1)[0]
    ttl = int(first[3:]) if first[:3] == "ttl" and first[3:].isdigit() else _TTL
    if qtype == TXT:
        if not tcp:
            cut = bytearray(reply(query))
            cut[2] |= 2
            return bytes(cut)
        return reply(query, answers=record(TXT, ttl, _LONG) * 12, count=12)
    if qtype in {A, ANY}:
        return reply(query, answers=record(A, ttl, address_of(name)), count=1)
    return reply(query)


class RawUpstream(Threaded):
    """UDP and TCP on one port of 127.0.0.1, one thread; a context manager.

    ``answering``: whether it says anything. ``lie`` is told in place of the true reply.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        super().__init__()
        self.answering = True
        self.lie: Lie | None = None
        self.asked = 0
        self._rng = rng or random.Random(0)
        self._late: list[tuple[float, bytes, tuple[str, int]]] = []
        self._udp, self._tcp = one_port_for_both()
        self.port: int = self._udp.getsockname()[1]
        self._wanted_open = True
        self._open = threading.Condition()
        self._is_open = True
        self._selector = selectors.DefaultSelector()
        self._watch()

    @property
    def address(self) -> str:
        """As ``--upstream`` takes it."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """All sockets."""
        self._shut()
        self._selector.close()

    def vanish(self) -> None:
        """Nobody listens there any more."""
        self._switch(wanted=False)

    def come_back(self) -> None:
        """On the same port; answering, and the truth."""
        self.answering, self.lie = True, None
        self._switch(wanted=True)

    def _switch(self, *, wanted: bool) -> None:
        with self._open:
            self._wanted_open = wanted
            assert self._open.wait_for(lambda: self._is_open == wanted, 10)

    def run(self) -> None:
        """Answer, and follow whether it is to be there."""
        while not self.ending.is_set():
            if self._wanted_open != self._is_open:
                self._follow()
            for found, _ in self._selector.select(0.02):
                with contextlib.suppress(OSError, IndexError, ValueError):
                    found.data(found.fileobj)
            self._send_late()

    def _follow(self) -> None:
        with self._open:
            if self._wanted_open:
                self._tcp = socket.create_server(("127.0.0.1", self.port))
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._udp.bind(("127.0.0.1", self.port))
                self._watch()
            else:
                self._shut()
            self._is_open = self._wanted_open
            self._open.notify_all()

    def _watch(self) -> None:
        for sock, act in ((self._udp, self._read_udp), (self._tcp, self._accept)):
            sock.settimeout(0)
            self._selector.register(sock, selectors.EVENT_READ, act)

    def _shut(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]

    def _read_udp(self, sock: socket.socket) -> None:
        while True:
            packet, client = sock.recvfrom(65535)
            self.asked += 1
            if not self.answering:
                continue
            true = made(packet, tcp=False)
            for told in self.lie(packet, true) if self.lie else [true]:
                sock.sendto(told, client)
            if self.lie is late:
                self._late.append((time.monotonic() + _LATE_S, true, client))

    def _send_late(self) -> None:
        while self._late and self._late[0][0] < time.monotonic():
            _, packet, client = self._late.pop(0)
            with contextlib.suppress(OSError):
                self._udp.sendto(packet, client)

    def _accept(self, sock: socket.socket) -> None:
        connection, _ = sock.accept()
        connection.settimeout(0)
        unread = bytearray()
        self._selector.register(
            connection, selectors.EVENT_READ, lambda sock: self._read_tcp(sock, unread)
        )

    def _read_tcp(self, connection: socket.socket, unread: bytearray) -> None:
        try:
            more = connection.recv(65535)
        except ConnectionError:
            more = b""
        unread += more
        if not more:
            self._selector.unregister(connection)
            connection.close()
            return
        while len(unread) >= 2 + int.from_bytes(unread[:2], "big") > 2:
            end = 2 + int.from_bytes(unread[:2], "big")
            packet = bytes(unread[2:end])
            del unread[:end]
            if self.answering:
                told = made(packet, tcp=True)
                connection.sendall(len(told).to_bytes(2, "big") + told)


def late(query: bytes, true: bytes) -> list[bytes]:
    """Nothing yet: the reply comes when nobody waits for it any more."""
    return []


def mismatching(query: bytes, true: bytes) -> list[bytes]:
    """Another id, another name, half a packet, then the truth: the wait must go on (R4)."""
    other = reply(query, answers=record(A, _TTL, b"\x0a\xff\xff\xff"), count=1)
    renamed = bytearray(other)
    renamed[13] ^= 1
    return [with_id(other, int.from_bytes(query[:2], "big") ^ 1), bytes(renamed), true[:20], true]


def truncated(query: bytes, true: bytes) -> list[bytes]:
    """Ask again over TCP."""
    cut = bytearray(reply(query))
    cut[2] |= 2
    return [bytes(cut)]
