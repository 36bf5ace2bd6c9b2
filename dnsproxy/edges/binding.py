"""From an address to a bound socket, or to words that say why not and what to do."""

import errno
import os
import socket
from collections.abc import Callable

from gevent import monkey

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.holders import holders
from dnsproxy.edges.sockets import family, socket_address
from dnsproxy.errors import AddressHeld, ListenError

# Absent from the socket module before Python 3.13.
IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
# Absent from it altogether: linux/in.h, linux/in6.h, asm-generic/socket.h.
_IP_FREEBIND = 15
_IPV6_FREEBIND = 78
SO_RCVBUFFORCE = 33
# As many as places there are: what finds the queue full comes again after a second (RFC 6298 2).
_BACKLOG = 1024
_BUFFER = 4 * 1024 * 1024

# Set once, at the start of a process that is one of several.
_shared: set[str] = set()

# Address, kind -> a socket on it. Raises ListenError.
Bind = Callable[[Endpoint, socket.SocketKind], socket.socket]


def share_ports() -> None:
    """From now on others of this user may answer on the same addresses (SO_REUSEPORT).

    The kernel gives each client to one of them, by its address and port.
    """
    _shared.add("ports")


def bound(
    address: Endpoint, kind: socket.SocketKind, *, ahead: bool = False, beside: bool = False
) -> socket.socket:
    """A socket that tells where its datagrams were sent to, or one that listens.

    ``ahead``: also on an address that is not usable yet, such as an IPv6 one that is being checked
    for a double (RFC 4862 5.4). ``beside``: also where a socket of this process that may be joined
    (:func:`let_join`) has the address or all of them. Raises :class:`ListenError`.
    """
    # The real socket, not gevent's: the hub's callback must never switch.
    sock: socket.socket = monkey.get_original("socket", "socket")(family(address), kind)
    try:
        _set_options(sock, address, kind)
        if ahead:
            _allow_ahead(sock, address)
        sock.settimeout(0)
        if beside or _shared:
            let_join(sock, joined=True)
        sock.bind(socket_address(address))
        if kind == socket.SOCK_STREAM:
            sock.listen(_BACKLOG)
        if beside:
            let_join(sock, joined=False)
    except OSError as error:
        sock.close()
        held = error.errno == errno.EADDRINUSE
        raise (AddressHeld if held else ListenError)(_explain(address, kind, error)) from error
    return sock


def let_join(sock: socket.socket, *, joined: bool) -> None:
    """Whether another socket of this user may be bound to what this one is bound to.

    Where ports are not shared for the moment of a change only: whoever runs as we do could take our
    queries.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(joined or bool(_shared)))


def taken_over(sock: socket.socket, address: Endpoint, kind: socket.SocketKind) -> socket.socket:
    """A socket that somebody else has bound for us, made as ours are. Raises :class:`ListenError`.

    One that takes IPv4 too would show clients, and send replies, under addresses of neither kind.
    """
    if address.is_ipv6 and not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        raise ListenError(
            f"the socket handed to us for {address} takes IPv4 too; say BindIPv6Only=ipv6-only "
            "in the socket unit, and name 0.0.0.0 beside it"
        )
    sock.settimeout(0)
    if kind == socket.SOCK_DGRAM:
        _tell_destinations(sock, address)
    elif not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.listen(_BACKLOG)
    return sock


def _set_options(sock: socket.socket, address: Endpoint, kind: socket.SocketKind) -> None:
    if address.is_ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if kind == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return
    _tell_destinations(sock, address)


def _tell_destinations(sock: socket.socket, address: Endpoint) -> None:
    try:
        # Beyond net.core.rmem_max, 208 KiB by default: 20 ms of a busy server's queries.
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    if address.is_ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)


def _allow_ahead(sock: socket.socket, address: Endpoint) -> None:
    if address.is_ipv6:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)


def _explain(address: Endpoint, kind: socket.SocketKind, error: OSError) -> str:
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    where = f"cannot listen on {address} ({protocol})"
    match error.errno:
        case errno.EADDRINUSE:
            held = held_by(address, protocol)
            return f"{where}: the port is taken, {held}; stop it, or choose another with --listen"
        case errno.EACCES:
            return (
                f"{where}: no permission for a port below 1024; run as root, give the service "
                "CAP_NET_BIND_SERVICE, or choose a port above with --listen"
            )
        case errno.EADDRNOTAVAIL:
            return f"{where}: this host has no such address; see `ip addr`"
        case code:
            return f"{where}: {os.strerror(code) if code else error}"


def held_by(address: Endpoint, *protocols: str) -> str:
    """``held by dnsmasq (pid 431)``: who keeps us from listening on an address."""
    host = "" if address.is_wildcard else address.host.partition("%")[0]
    for protocol in protocols:
        found = holders(protocol, address.port, host)
        if found:
            return f"held by {found}"
    return "held by a process of another user"
