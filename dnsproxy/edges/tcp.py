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

from dnsproxy.core.access import host_of
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import Query
from dnsproxy.edges.answerer import Answerer, Room
from dnsproxy.edges.binding import Bind, bound, let_join
from dnsproxy.edges.sockets import framed

# Per connection; then the client is not read until one of them is answered.
OUTSTANDING = 32
# Then it is closed: a client that never ends would hold its place for ever (dnsdist
# CVE-2025-30193), and one that has asked so much can afford another handshake.
QUERIES = 10_000
TCP_MESSAGE_S = 2.0
# From the connection to its first byte: who opens one has something to say.
TCP_FIRST_S = 2.0
TCP_IDLE_S = 10.0
# What is left of the idle time when there is no place any more.
TCP_IDLE_FULL_S = 2.0
TCP_PARTING_S = 1.0
_RECEIVE = 16384


def idle_s(load: float) -> float:
    """Seconds that a connection may be idle; less from where half of the places are taken."""
    spare = max(TCP_IDLE_S - TCP_IDLE_FULL_S, 0)
    return TCP_IDLE_S - spare * max(load - 0.5, 0) * 2


class TcpListener:
    """One TCP socket; each query of a connection waits in a greenlet of its own."""

    def __init__(
        self,
        address: Endpoint,
        answerer: Answerer,
        room: Room | None = None,
        bind: Bind = bound,
    ) -> None:
        self.address = address
        self._answerer = answerer
        self._room = room or Room()
        listening = bind(address, socket.SOCK_STREAM)
        self._server = StreamServer(
            gsocket.socket(fileno=listening.detach()), self._serve, spawn=Pool()
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

    @property
    def accepts(self) -> bool:
        """Whether connections are accepted, now or as soon as there is room."""
        return bool(self._server.started)

    def let_join(self, *, joined: bool) -> None:
        """See :func:`~dnsproxy.edges.binding.let_join`."""
        let_join(self._server.socket, joined=joined)

    def _serve(self, accepted: gsocket.socket, client: tuple[Any, ...]) -> None:
        with accepted:
            _Connection(accepted, client[0], self._answerer, self._room).serve()


class _Connection:
    """One client's connection: reads until it says no more, and owes nothing when it closes."""

    def __init__(
        self, connected: gsocket.socket, client: str, answerer: Answerer, room: Room
    ) -> None:
        self._socket = connected
        self._client = client
        self._host = host_of(client)
        self._answerer = answerer
        self._room = room
        # Who is not answered is told so once, and has the first place to go.
        self._welcome = room.welcomes(client)
        self._serving: gevent.Greenlet[..., None] | None = None
        self._outstanding = Pool(OUTSTANDING)
        self._in_flight = 0
        self._writing = BoundedSemaphore()
        self._broken = False
        self._unread = bytearray()
        self._spoken = False
        self._idle_since = monotonic()

    def serve(self) -> None:
        """Until the client has no more, or breaks a deadline; then what it still has to get.

        A client may close its half of the connection behind its last query.
        """
        serving = gevent.getcurrent()
        assert isinstance(serving, gevent.Greenlet)
        self._serving = serving
        places, share = self._room.connections, self._room.limits.connections
        leaver = places.enter(self, self._host, share, first=not self._welcome)
        if leaver is self:
            return
        if leaver is not None:
            leaver.end()
        try:
            in_time = self._read_queries()
            self._outstanding.join()
            if in_time and not self._broken:
                self._part()
        finally:
            places.leave(self)
            self._outstanding.kill()
            # Who was ended before it had begun has not left by itself.
            self._room.tcp.leave(self._host, self._in_flight)

    def end(self) -> None:
        """Close it, soon, whatever it waits for."""
        self._broken = True
        if self._serving is not None:
            self._serving.kill(block=False)

    def _read_queries(self) -> bool:
        """Whether it did not end by a deadline or a broken connection."""
        try:
            self._take_queries()
        except OSError:
            return False
        return True

    def _take_queries(self) -> None:
        most = QUERIES if self._welcome else 1
        for number, packet in enumerate(self._messages(), start=1):
            reply = self._answerer.accept(packet, self._client, tcp=True)
            if isinstance(reply, Query):
                self._wait(reply)
            elif reply is not None:
                self._write(reply)
            if reply is None or self._broken or number >= most:
                return
            if number % OUTSTANDING == 0:
                # Where neither reading nor writing ever waits, nobody else would have a turn.
                gevent.sleep(0)

    def _wait(self, query: Query) -> None:
        """Answer a query when its answer is there; SERVFAIL now if there is no room for it."""
        if not self._room.tcp.enter(self._host, self._room.limits.in_flight):
            self._write(self._answerer.shed(query, tcp=True))
            return
        self._in_flight += 1
        self._room.connections.works(self)
        self._outstanding.spawn(self._wait_and_write, query)

    def _wait_and_write(self, query: Query) -> None:
        try:
            self._write(self._answerer.resolve(query, tcp=True))
        finally:
            self._in_flight -= 1
            self._room.tcp.leave(self._host)
            self._rest()

    def _rest(self) -> None:
        self._idle_since = monotonic()
        if self._welcome and not self._in_flight:
            self._room.connections.rests(self)

    def _write(self, reply: bytes) -> None:
        """The whole of a reply, or the end of the connection: half of one would garble the rest."""
        if self._broken:
            return
        data = framed(reply)
        slowest = self._room.owed.add(self, len(data))
        if slowest is not None:
            slowest.end()
        try:
            self._send(data)
        finally:
            self._room.owed.paid(self, len(data))
        self._rest()

    def _send(self, data: bytes) -> None:
        with self._writing:
            if self._broken:
                return
            try:
                with gevent.Timeout(TCP_MESSAGE_S, TimeoutError("the client does not read")):
                    self._socket.sendall(data)
            except OSError:
                self._broken = True
                # Wakes the one who reads.
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _part(self) -> None:
        """Let the client have its last replies.

        What it has sent and nobody has read would make the kernel reset the connection, and what
        is still on its way to the client would be lost with it.
        """
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            deadline = monotonic() + TCP_PARTING_S
            while self._receive(deadline):
                gevent.sleep(0)

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
            self._spoken = True
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
            now = monotonic()
            since = now if self._outstanding else self._idle_since
            may = idle_s(self._room.connections.load) if self._spoken else TCP_FIRST_S
            if since + may <= now:
                raise TimeoutError("idle")
            with contextlib.suppress(TimeoutError):
                # Not longer: meanwhile places may become scarce.
                return self._receive(min(since + may, now + TCP_IDLE_FULL_S))

    def _receive(self, deadline: float) -> bytes:
        """Some bytes, none at the end. Raises TimeoutError."""
        # The socket's own timeout would also be that of a reply that is just being written.
        with gevent.Timeout(max(deadline - monotonic(), 0), TimeoutError("nothing came")):
            return self._socket.recv(_RECEIVE)
