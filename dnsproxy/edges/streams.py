"""TCP connections to one upstream, kept between questions and shared by those that wait.

A server may end a connection at any time (RFC 7766 6.2.4); Consul does so after 128 queries or 8 s.
A question that a kept connection took down with it is asked again over a new one.
"""

import secrets
import socket
from time import monotonic

import gevent
from gevent import socket as gsocket
from gevent.event import AsyncResult

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm, match_reply, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.edges.sockets import family, framed, read_exactly

QUERIES_MAX = 100
IDLE_S = 4.0


class UpstreamStreams:
    """The connections to one server: one that takes questions, and older ones that still wait."""

    def __init__(self, server: Endpoint) -> None:
        self._server = server
        self._open: _Stream | None = None

    def ask(self, request: Request, form: QueryForm, deadline: float) -> Reply:
        """The reply; ``deadline`` in monotonic seconds. Raises OSError, TimeoutError among them."""
        kept = self._open
        if kept is not None and kept.takes_more:
            try:
                return kept.ask(request, form, deadline)
            except ConnectionError:
                # Closed while it lay idle, or after its last query: that says nothing about ours.
                pass
        fresh = self._open = _Stream(self._server, deadline)
        return fresh.ask(request, form, deadline)

    def close(self) -> None:
        """End the connection that is open."""
        if self._open is not None:
            self._open.close()


class _Stream:
    """One connection, read by a greenlet that hands each reply to who waits for it."""

    def __init__(self, server: Endpoint, deadline: float) -> None:
        self._socket = gsocket.socket(family(server), socket.SOCK_STREAM)
        self._waiting: dict[int, tuple[Request, AsyncResult[Reply]]] = {}
        self._asked = 0
        self._used = monotonic()
        self._ended = False
        try:
            with gevent.Timeout(_left(deadline), TimeoutError("no connection in time")):
                self._socket.connect((server.host, server.port))
        except BaseException:
            self._socket.close()
            raise
        self._reader = gevent.spawn(self._read)

    @property
    def takes_more(self) -> bool:
        """Whether a further question may be asked here."""
        idle = not self._waiting and monotonic() - self._used > IDLE_S
        return not (self._ended or idle) and self._asked < QUERIES_MAX

    def ask(self, request: Request, form: QueryForm, deadline: float) -> Reply:
        query_id = self._free_id()
        result: AsyncResult[Reply] = AsyncResult()
        self._waiting[query_id] = request, result
        self._asked += 1
        try:
            with gevent.Timeout(_left(deadline), TimeoutError("no answer in time over TCP")):
                self._socket.sendall(framed(upstream_query(request, query_id, form)))
                reply = result.get()
                assert reply is not None
                return reply
        finally:
            self._waiting.pop(query_id, None)
            self._used = monotonic()
            if self._asked >= QUERIES_MAX and not self._waiting:
                self.close()

    def close(self) -> None:
        self._ended = True
        self._reader.kill(block=False)
        self._socket.close()

    def _free_id(self) -> int:
        while (query_id := secrets.randbits(16)) in self._waiting:
            pass
        return query_id

    def _read(self) -> None:
        try:
            # Nobody waits longer than a question's deadline, so idleness ends the connection too.
            self._socket.settimeout(IDLE_S + 1)
            while True:
                length = int.from_bytes(read_exactly(self._socket, 2), "big")
                self._hand_over(read_exactly(self._socket, length))
        except OSError as error:
            self._fail(error)
        finally:
            self._ended = True
            self._socket.close()

    def _hand_over(self, packet: bytes) -> None:
        query_id = int.from_bytes(packet[:2], "big")
        if query_id not in self._waiting:
            return
        request, result = self._waiting[query_id]
        reply = match_reply(packet, request, query_id)
        if reply is not None:
            result.set(reply)

    def _fail(self, error: OSError) -> None:
        for _, result in self._waiting.values():
            result.set_exception(ConnectionResetError(error.strerror or str(error)))


def _left(deadline: float) -> float:
    return max(deadline - monotonic(), 0)
