"""Packets as they are, over UDP and TCP, to a proxy that runs."""

import socket
import struct
from collections.abc import Callable

from dnsproxy.core.wire import QR
from tests.dnsproxy.packets import query_wire
from tests.waits import PATIENCE_S

# Answered here by rule, at once: what comes after it was asked later.
_LAST = query_wire("localhost", id=0xFFFF)


def over_udp(port: int, packet: bytes) -> bytes | None:
    """The reply to a packet; None if a query behind it is answered and the packet is not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", port))
        client.send(packet)
        if len(packet) < 12 or packet[2] & QR >> 8:
            client.send(_LAST)
        reply = client.recv(65535)
        return None if reply[:2] == _LAST[:2] else reply


def over_tcp(port: int, packet: bytes) -> bytes | None:
    """The reply to a packet; None if the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        client.sendall(struct.pack("!H", len(packet)) + packet)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as stream:
            length = stream.read(2)
            return stream.read(int.from_bytes(length, "big")) if length else None


Send = Callable[[int, bytes], bytes | None]
TRANSPORTS: dict[str, Send] = {"UDP": over_udp, "TCP": over_tcp}
