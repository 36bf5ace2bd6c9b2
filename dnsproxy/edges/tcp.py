"""TCP: many queries on a connection at once, each answered when its answer is there (RFC 7766)."""

import contextlib
import socket
from collections.abc import Iterator
from time import monotonic
from typing import Any

import gevent
from gevent import socket as gsocket
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool
from gevent.server import StreamServer

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import Query
from dnsproxy.edges.answerer import Answerer, Room
from dnsproxy.edges.binding import bound
from dnsproxy.edges.sockets import framed

# Per connection; then the client is not read until one of them is answered.
OUTSTANDING = 32
TCP_MESSAGE_S = 2.0
TCP_IDLE_S = 10.0
_RECEIVE = 65536


class TcpListener:
    """One TCP socket; each query of a connection waits in a greenlet of its own."""

    def __init__(
        self,
        address: Endpoint,
        answerer: Answerer,
        room: Room | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        self.address = address
        self._answerer = answerer
        self._room = room or Room()
        listening = bound(address, socket.SOCK_STREAM, ahead=ahead)
        self._server = StreamServer(
            gsocket.socket(fileno=listening.detach()), self._serve, spawn=self._room.connections
        )

    def start(self) -> None:
        """Begin to accept."""
        self._server.start()

    def stop(self, drain_s: float) -> None:
        """Accept no more; give open connections ``drain_s`` seconds."""
        self._server.stop(timeout=drain_s)

    def abandon(self) -> None:
        """The address is gone: accept no more; open connections run into their deadlines."""
        self._server.close()

    def _serve(self, accepted: gsocket.socket, client: tuple[Any, ...]) -> None:
        with accepted:
            _Connection(accepted, client[0], self._answerer, self._room.tcp).serve()


class _Connection:
    """One client's connection: reads until it says no more, and owes nothing when it closes."""

    def __init__(
        self, connected: gsocket.socket, client: str, answerer: Answerer, in_flight: Pool
    ) -> None:
        self._socket = connected
        self._client = client
        self._answerer = answerer
        self._in_flight = in_flight
        self._outstanding = Pool(OUTSTANDING)
        self._writing = BoundedSemaphore()
        self._broken = False
        self._unread = bytearray()
        self._idle_since = monotonic()

    def serve(self) -> None:
        """Until the client has no more, or breaks a deadline; then what it still has to get.

        A client may close its half of the connection behind its last query.
        """
        try:
            with contextlib.suppress(OSError):
                self._read_queries()
            self._outstanding.join()
        finally:
            self._outstanding.kill()

    def _read_queries(self) -> None:
        for number, packet in enumerate(self._messages(), start=1):
            reply = self._answerer.accept(packet, self._client, tcp=True)
            if isinstance(reply, Query) and not self._in_flight.full():
                self._outstanding.add(self._in_flight.spawn(self._wait_and_write, reply))
            elif isinstance(reply, Query):
                self._write(self._answerer.shed(reply, tcp=True))
            elif reply is not None:
                self._write(reply)
            if reply is None or self._broken:
                return
            if number % OUTSTANDING == 0:
                # Where neither reading nor writing ever waits, nobody else would have a turn.
                gevent.sleep(0)

    def _wait_and_write(self, query: Query) -> None:
        try:
            self._write(self._answerer.resolve(query, tcp=True))
        finally:
            self._idle_since = monotonic()

    def _write(self, reply: bytes) -> None:
        """The whole of a reply, or the end of the connection: half of one would garble the rest."""
        with self._writing:
            if self._broken:
                return
            try:
                with gevent.Timeout(TCP_MESSAGE_S, TimeoutError("the client does not read")):
                    self._socket.sendall(framed(reply))
            except OSError:
                self._broken = True
                # Wakes the one who reads.
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
        self._idle_since = monotonic()

    def _messages(self) -> Iterator[bytes]:
        """The messages, without their lengths (RFC 1035 4.2.2), as long as there is room for them.

        Raises OSError when a message that has begun does not come, or none does.
        """
        while True:
            self._outstanding.wait_available()
            # From its first byte on, a message has to come soon: no connection is held half-open.
            deadline = monotonic() + TCP_MESSAGE_S
            while (message := self._taken()) is None:
                if self._unread:
                    more = self._receive(deadline)
                else:
                    more = self._first_bytes()
                    deadline = monotonic() + TCP_MESSAGE_S
                if not more:
                    return
                self._unread += more
            yield message

    def _taken(self) -> bytes | None:
        """The next message out of what has been read; None if it is not all there."""
        end = 2 + int.from_bytes(self._unread[:2], "big")
        if len(self._unread) < end:
            return None
        message = bytes(self._unread[2:end])
        del self._unread[:end]
        return message

    def _first_bytes(self) -> bytes:
        """Some bytes, none at the end. Who waits for answers is not idle, however long it takes.

        Raises TimeoutError.
        """
        while True:
            since = monotonic() if self._outstanding else self._idle_since
            if since + TCP_IDLE_S <= monotonic():
                raise TimeoutError("idle")
            with contextlib.suppress(TimeoutError):
                return self._receive(since + TCP_IDLE_S)

    def _receive(self, deadline: float) -> bytes:
        """Some bytes, none at the end. Raises TimeoutError."""
        # The socket's own timeout would also be that of a reply that is just being written.
        with gevent.Timeout(max(deadline - monotonic(), 0), TimeoutError("nothing came")):
            return self._socket.recv(_RECEIVE)
