"""Connections to one upstream, kept between questions and shared by those that wait.

A server may end a connection at any time (RFC 7766 6.2.4); Consul does so after 128 queries or 8 s.
A question that a kept connection took down with it is asked again over a new one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import gevent
from gevent import socket as gsocket
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore

from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm, match_reply, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.edges.sockets import framed, read_exactly

QUERIES_MAX = 100
IDLE_S = 4.0
# A handshake goes on for those who ask next when the first to ask has no time left.
_CONNECT_S = 4.5
# Some servers end a connection behind each answer; at last a question has one for itself.
_SHARED_TRIES = 2


@dataclass(frozen=True, slots=True)
class Dialling:
    """How a connection is made, how many questions it carries, and how long it may lie idle.

    ``connect`` is given its time in seconds, and raises OSError. ``queries_max`` is well below the
    65,536 ids, each of which is used once.
    """

    connect: Callable[[float], gsocket.socket]
    queries_max: int = QUERIES_MAX
    idle_s: float = IDLE_S


class UpstreamStreams:
    """The connections to one server: one that takes questions, and older ones that still wait."""

    def __init__(self, dialling: Dialling) -> None:
        self._dialling = dialling
        self._open: _Stream | None = None

    def ask(self, request: Request, form: QueryForm, deadline: float) -> Reply:
        """The reply; ``deadline`` in monotonic seconds. Raises OSError, TimeoutError among them."""
        for _ in range(_SHARED_TRIES):
            stream = self._taking()
            try:
                return stream.ask(request, form, deadline)
            except ConnectionError:
                if not stream.is_up:
                    raise
                # Closed while it lay idle, or behind another's answer: that says nothing of ours.
        return _Stream(self._dialling, queries_max=1).ask(request, form, deadline)

    def _taking(self) -> "_Stream":
        if self._open is None or not self._open.takes_more:
            self._open = _Stream(self._dialling, self._dialling.queries_max)
        return self._open

    def close(self) -> None:
        """End the connection that is open."""
        if self._open is not None:
            self._open.close()


class _Stream:
    """One connection, made and read by a greenlet that hands each reply to who waits for it."""

    def __init__(self, dialling: Dialling, queries_max: int) -> None:
        self._dialling = dialling
        self._queries_max = queries_max
        self._socket: AsyncResult[gsocket.socket] = AsyncResult()
        # Two who write at once would mix their messages, and TLS allows no second writer at all.
        self._writing = BoundedSemaphore(1)
        self._waiting: dict[int, tuple[Request, AsyncResult[Reply]]] = {}
        # Also those that are over: a late reply finds nobody who could take it for his own.
        self._ids: set[int] = set()
        self._used = monotonic()
        self._ended = False
        self._reader = gevent.spawn(self._run)

    @property
    def is_up(self) -> bool:
        """Whether it has been connected."""
        return self._socket.successful()

    @property
    def takes_more(self) -> bool:
        """Whether a further question may be asked here."""
        idle = not self._waiting and monotonic() - self._used > self._dialling.idle_s
        return not (self._ended or idle) and len(self._ids) < self._queries_max

    def ask(self, request: Request, form: QueryForm, deadline: float) -> Reply:
        query_id = self._free_id()
        result: AsyncResult[Reply] = AsyncResult()
        self._waiting[query_id] = request, result
        try:
            with gevent.Timeout(_left(deadline), TimeoutError("no answer in time over TCP")):
                self._send(framed(upstream_query(request, query_id, form)))
                reply = result.get()
                assert reply is not None
                return reply
        finally:
            self._waiting.pop(query_id, None)
            self._used = monotonic()
            if len(self._ids) >= self._queries_max and not self._waiting:
                self.close()

    def close(self) -> None:
        """End it; who waits is told."""
        self._end(ConnectionResetError("the connection was closed"))
        self._reader.kill(block=False)

    def _send(self, message: bytes) -> None:
        sock = self._socket.get()
        assert sock is not None
        with self._writing:
            sent = False
            try:
                sock.sendall(message)
                sent = True
            except TimeoutError:
                raise
            except OSError as error:
                raise ConnectionResetError(error.strerror or str(error)) from error
            finally:
                if not sent:
                    # Half a message may be on its way, and nothing can follow it.
                    self.close()

    def _free_id(self) -> int:
        while (query_id := secrets.randbits(16)) in self._ids:
            pass
        self._ids.add(query_id)
        return query_id

    def _run(self) -> None:
        try:
            sock = self._dialling.connect(_CONNECT_S)
        except OSError as error:
            self._ended = True
            self._socket.set_exception(error)
            return
        if self._ended:
            sock.close()
            return
        self._socket.set(sock)
        try:
            # Nobody waits longer than a question's deadline, so idleness ends the connection too.
            sock.settimeout(self._dialling.idle_s + 1)
            while True:
                length = int.from_bytes(read_exactly(sock, 2), "big")
                self._hand_over(read_exactly(sock, length))
        except OSError as error:
            self._end(error)

    def _hand_over(self, packet: bytes) -> None:
        query_id = int.from_bytes(packet[:2], "big")
        if query_id not in self._waiting:
            return
        request, result = self._waiting[query_id]
        reply = match_reply(packet, request, query_id)
        if reply is None:
            return
        if not reply.size:
            # There is nothing further to ask it over.
            result.set_exception(OSError("its reply cannot be read"))
            return
        result.set(reply)

    def _end(self, error: OSError) -> None:
        self._ended = True
        if self.is_up:
            sock = self._socket.get()
            assert sock is not None
            sock.close()
        elif not self._socket.ready():
            self._socket.set_exception(ConnectionResetError("the connection was closed"))
        for _, result in self._waiting.values():
            if not result.ready():
                result.set_exception(ConnectionResetError(error.strerror or str(error)))


def _left(deadline: float) -> float:
    return max(deadline - monotonic(), 0)
