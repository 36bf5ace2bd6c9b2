"""The sockets that clients ask: UDP drained in batches, TCP with deadlines.

A UDP reply leaves from the address that the query was sent to, also where the socket listens on
all of them: a client drops what comes from elsewhere.
"""

import contextlib
import errno
import logging
import os
import socket
from typing import Any, Protocol

import gevent
from gevent import monkey, socket as gsocket
from gevent.pool import Pool
from gevent.server import StreamServer

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import Query
from dnsproxy.edges.holders import holders
from dnsproxy.edges.sockets import family, framed, read_exactly
from dnsproxy.errors import ListenError

log = logging.getLogger("dnsproxy")

BATCH = 64
IN_FLIGHT = 1000
TCP_CLIENTS = 256
TCP_MESSAGE_S = 2.0
TCP_IDLE_S = 10.0
_RECEIVE = 65535
_BACKLOG = 128
_BUFFER = 4 * 1024 * 1024
# Absent from the socket module before Python 3.13.
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
_ANCILLARY = socket.CMSG_SPACE(20)

Ancillary = list[tuple[int, int, bytes]]


class Answerer(Protocol):
    """What stands behind a listener."""

    def accept(self, packet: bytes, client: str, *, tcp: bool) -> Query | bytes | None:
        """The reply itself, or the query that :meth:`resolve` must wait for, or None: silence."""

    def resolve(self, query: Query, *, tcp: bool) -> bytes:
        """The reply; may wait."""

    def shed(self, query: Query) -> bytes:
        """The reply to a query that there is no room to wait for."""


class UdpListener:
    """One UDP socket, read in the hub's own callback: no greenlet for a packet that needs none."""

    def __init__(self, address: Endpoint, answerer: Answerer) -> None:
        self._answerer = answerer
        self._pool = Pool(IN_FLIGHT)
        self._socket = _bound(address, socket.SOCK_DGRAM)
        self.address = Endpoint(address.host, self._socket.getsockname()[1])
        self._watcher: Any = None

    def start(self) -> None:
        """Begin to read."""
        self._watcher = gevent.get_hub().loop.io(self._socket.fileno(), 1)
        self._watcher.start(self._drain)

    def stop(self, drain_s: float) -> None:
        """Read no more; give the queries in flight ``drain_s`` seconds."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
        self._pool.join(timeout=drain_s)
        self._pool.kill()
        self._socket.close()

    def _drain(self) -> None:
        for _ in range(BATCH):
            try:
                packet, ancillary, _flags, client = self._socket.recvmsg(_RECEIVE, _ANCILLARY)
            except OSError:
                # Nothing left to read; or an ICMP error for a reply to a client that is gone.
                return
            try:
                self._receive(packet, ancillary, client)
            except Exception:
                # Whatever a packet holds, it costs at most itself.
                log.exception("a packet from %s failed", client[0])

    def _receive(self, packet: bytes, ancillary: Ancillary, client: tuple[Any, ...]) -> None:
        if client[1] == 0:
            return
        reply = self._answerer.accept(packet, client[0], tcp=False)
        if isinstance(reply, bytes):
            self._send(reply, ancillary, client)
        elif reply is not None and self._pool.full():
            # To wait for room here would hold up those that need no waiting.
            self._send(self._answerer.shed(reply), ancillary, client)
        elif reply is not None:
            self._pool.spawn(self._wait_and_send, reply, ancillary, client)

    def _wait_and_send(self, query: Query, ancillary: Ancillary, client: tuple[Any, ...]) -> None:
        self._send(self._answerer.resolve(query, tcp=False), ancillary, client)

    def _send(self, reply: bytes, ancillary: Ancillary, client: tuple[Any, ...]) -> None:
        # A full send buffer or a vanished route is the client's retry, not our wait.
        with contextlib.suppress(OSError):
            self._socket.sendmsg([reply], _from_where_it_came(ancillary), 0, client)


class TcpListener:
    """One TCP socket; queries of a connection are answered one after the other."""

    def __init__(self, address: Endpoint, answerer: Answerer) -> None:
        self.address = address
        self._answerer = answerer
        listening = _bound(address, socket.SOCK_STREAM)
        self._server = StreamServer(
            gsocket.socket(fileno=listening.detach()), self._serve, spawn=Pool(TCP_CLIENTS)
        )

    def start(self) -> None:
        """Begin to accept."""
        self._server.start()

    def stop(self, drain_s: float) -> None:
        """Accept no more; give open connections ``drain_s`` seconds."""
        self._server.stop(timeout=drain_s)

    def _serve(self, connection: gsocket.socket, client: tuple[Any, ...]) -> None:
        with connection, contextlib.suppress(OSError):
            while (packet := self._read_message(connection)) is not None:
                reply = self._answerer.accept(packet, client[0], tcp=True)
                if isinstance(reply, Query):
                    reply = self._answerer.resolve(reply, tcp=True)
                if reply is None:
                    return
                with gevent.Timeout(TCP_MESSAGE_S, TimeoutError("the client does not read")):
                    connection.sendall(framed(reply))

    def _read_message(self, connection: gsocket.socket) -> bytes | None:
        """One message with its length (RFC 1035 4.2.2); None when the client has no more."""
        connection.settimeout(TCP_IDLE_S)
        first = connection.recv(1)
        if not first:
            return None
        # From its first byte on, a message has to come soon: no connection is held half-open.
        with gevent.Timeout(TCP_MESSAGE_S, TimeoutError("half a message")):
            second = read_exactly(connection, 1)
            return read_exactly(connection, first[0] << 8 | second[0])


def _bound(address: Endpoint, kind: socket.SocketKind) -> socket.socket:
    """A socket that tells where its datagrams were sent to, or one that listens.

    Raises :class:`ListenError`.
    """
    # The real socket, not gevent's: the hub's callback must never switch.
    sock: socket.socket = monkey.get_original("socket", "socket")(family(address), kind)
    try:
        if address.is_ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        if kind == socket.SOCK_DGRAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            if not address.is_ipv6:
                sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(0)
        sock.bind((address.host, address.port))
        if kind == socket.SOCK_STREAM:
            sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise ListenError(_explain(address, kind, error)) from error
    return sock


def _explain(address: Endpoint, kind: socket.SocketKind, error: OSError) -> str:
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    where = f"cannot listen on {address} ({protocol})"
    match error.errno:
        case errno.EADDRINUSE:
            held = holders(protocol, address.port)
            by = f"held by {held}" if held else "held by a process of another user"
            return f"{where}: the port is taken, {by}; stop it, or choose another with --listen"
        case errno.EACCES:
            return (
                f"{where}: no permission for a port below 1024; run as root, give the service "
                "CAP_NET_BIND_SERVICE, or choose a port above with --listen"
            )
        case errno.EADDRNOTAVAIL:
            return f"{where}: this host has no such address; see `ip addr`"
        case code:
            return f"{where}: {os.strerror(code) if code else error}"


def _from_where_it_came(ancillary: Ancillary) -> Ancillary:
    """The packet info of a query, turned into the source address of its reply (ip(7), ipv6(7))."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            # ifindex, spec_dst, addr: the route chooses the interface, spec_dst the source.
            return [(level, kind, b"\0\0\0\0" + data[4:8] + b"\0\0\0\0")]
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            return [(level, kind, data[:20])]
    return []
