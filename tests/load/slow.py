"""Clients who hold TCP connections and give nothing for them (R16), from many addresses."""

import contextlib
import errno
import multiprocessing
import os
import select
import socket
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.load.packets import TXT, query
from tests.load.threaded import Threaded

_NAME = "slow.example"
_BYTE_EVERY_S = 1.0
# More than both kernels hold for a reader who never reads; no more, for that would be a flood.
_MANY = 10
# Prime to the kinds: each address has some of all.
_SOURCES = 41
_KINDS = ("half", "byte", "half", "byte", "unread")
# It is the held connections that are tried, not a flood of new ones: as many as keep a thousand up
# where each is thrown out after 2 s.
_AT_ONCE = 6
_CONNECT_EVERY_S = 0.01


@dataclass(slots=True)
class _Client:
    sock: socket.socket
    kind: str
    sent: int = 0


class SlowClients(Threaded):
    """``wanted`` of them at any time, from 127.0.1.1 to .41; a context manager.

    Two fifths stop behind half a length prefix, two send a byte a second, one asks for long answers
    and never reads. One that is thrown out comes again; ``thrown`` counts that.
    """

    def __init__(self, port: int, wanted: int) -> None:
        super().__init__()
        self.wanted = wanted
        self.thrown = 0
        self._port = port
        self._number = 0
        self._connect_at = 0.0
        self._clients: dict[int, _Client] = {}
        self._epoll = select.epoll()
        packet = query(_NAME, TXT)
        self._message = len(packet).to_bytes(2, "big") + packet

    def close(self) -> None:
        """Close all."""
        for number in list(self._clients):
            self._close(number)
        self._epoll.close()

    @property
    def connected(self) -> int:
        """How many the kernel calls connected, accepted by the server or not."""
        return sum(client.sent > 0 for client in list(self._clients.values()))

    def run(self) -> None:
        """Keep the number, and the bytes flowing."""
        byte_at = time.monotonic() + _BYTE_EVERY_S
        while not self.ending.is_set():
            self._keep_number()
            for number, events in self._epoll.poll(0.01, 64):
                self._heard(number, events)
            if time.monotonic() > byte_at:
                byte_at += _BYTE_EVERY_S
                self._another_byte()

    def _keep_number(self) -> None:
        if time.monotonic() >= self._connect_at:
            self._connect_at = time.monotonic() + _CONNECT_EVERY_S
            for _ in range(min(self.wanted - len(self._clients), _AT_ONCE)):
                self._connect()
        while len(self._clients) > self.wanted:
            self._close(next(iter(self._clients)))

    def _connect(self) -> None:
        self._number += 1
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(0)
        kind = _KINDS[self._number % len(_KINDS)]
        if kind == "unread":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((f"127.0.1.{1 + self._number % _SOURCES}", 0))
        if sock.connect_ex(("127.0.0.1", self._port)) not in {0, errno.EINPROGRESS}:
            sock.close()
            return
        self._clients[sock.fileno()] = _Client(sock, kind)
        self._epoll.register(sock, select.EPOLLOUT)

    def _heard(self, number: int, events: int) -> None:
        client = self._clients[number]
        if events & (select.EPOLLERR | select.EPOLLHUP | select.EPOLLRDHUP):
            self.thrown += client.sent > 0
            self._close(number)
        elif events & select.EPOLLOUT:
            with contextlib.suppress(OSError):
                client.sent = client.sock.send(self._first_of(client.kind))
            # Who never reads hears of nothing but of its end.
            self._epoll.modify(number, 0 if client.kind == "unread" else select.EPOLLRDHUP)

    def _first_of(self, kind: str) -> bytes:
        return self._message * _MANY if kind == "unread" else self._message[:1]

    def _another_byte(self) -> None:
        for client in self._clients.values():
            if client.kind == "byte" and 0 < client.sent < len(self._message):
                with contextlib.suppress(OSError):
                    client.sent += client.sock.send(self._message[client.sent : client.sent + 1])

    def _close(self, number: int) -> None:
        client = self._clients.pop(number)
        self._epoll.unregister(number)
        client.sock.close()


class SlowProcess:
    """The same in a process of its own, for who measures times; a context manager.

    ``thrown`` and ``connected`` are a tenth of a second old at most.
    """

    def __init__(self, port: int, wanted: int) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._counts = spawning.Array("q", 2)
        self._ending = spawning.Event()
        self._process = spawning.Process(
            target=_hold, args=(port, wanted, self._counts, self._ending), daemon=True
        )

    @property
    def thrown(self) -> int:
        """How many were thrown out so far."""
        return int(self._counts[0])

    @property
    def connected(self) -> int:
        """How many the kernel calls connected."""
        return int(self._counts[1])

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._process.join(10)
        self._process.kill()
        self._process.join()
        self._process.close()


def _hold(port: int, wanted: int, counts: Any, ending: Any) -> None:
    # They take nothing of the machine from who is measured.
    os.nice(10)
    with SlowClients(port, wanted) as slow:
        while not ending.wait(0.1):
            counts[0], counts[1] = slow.thrown, slow.connected
