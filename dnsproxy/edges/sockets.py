"""What both sides of the proxy need of sockets: families, and DNS messages on a stream."""

import socket
import struct
from typing import Protocol

from dnsproxy.core.endpoint import Endpoint


class Stream(Protocol):
    """A connected socket, as far as it is read here."""

    def recv(self, size: int, /) -> bytes:
        """Some bytes; none when the other side has closed."""


def family(endpoint: Endpoint) -> socket.AddressFamily:
    """The address family of an endpoint."""
    return socket.AF_INET6 if endpoint.is_ipv6 else socket.AF_INET


def socket_address(endpoint: Endpoint) -> tuple[str, int] | tuple[str, int, int, int]:
    """What bind() takes. Raises OSError if the zone (``fe80::1%eth0``, RFC 4007 11) is not here."""
    host, _, zone = endpoint.host.partition("%")
    if not zone:
        return host, endpoint.port
    index = int(zone) if zone.isascii() and zone.isdigit() else socket.if_nametoindex(zone)
    return host, endpoint.port, 0, index


def framed(message: bytes) -> bytes:
    """The message as it goes over TCP: its length in front (RFC 1035 4.2.2)."""
    return struct.pack("!H", len(message)) + message


def read_exactly(stream: Stream, length: int) -> bytes:
    """That many bytes. Raises ConnectionResetError if the other side closes before."""
    data = bytearray()
    while len(data) < length:
        chunk = stream.recv(length - len(data))
        if not chunk:
            raise ConnectionResetError("the connection was closed in the middle of a message")
        data += chunk
    return bytes(data)
