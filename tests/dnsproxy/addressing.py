"""What tests on hosts of our own making share: the proxy there, who bars its port, who asks it."""

import itertools
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.message

from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.lab.namespaces import Namespace

FLAGS = ["--http", "off", "--services", "conf/services.json", "--node", "n1"]
FLAGS += ["--advertise", "10.1.0.1"]
NO_UPSTREAM = ["--upstream", "127.0.0.1:9"]
NAME = "svc1.service.consul"
STUBS = ("127.0.0.53", "127.0.0.54")


def proxy(host: Namespace, *flags: str) -> Running:
    """The real process on that host, on its default addresses."""
    return Running("dnsproxy", *FLAGS, *(flags or NO_UPSTREAM), prefix=host.prefix)


@contextmanager
def held(host: Namespace, *addresses: str) -> Iterator[None]:
    """Port 53 of addresses, UDP and TCP, with the options that systemd-resolved sets."""
    with ExitStack() as stack:
        for address, kind in itertools.product(addresses, (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            stub = stack.enter_context(host.socket(socket.AF_INET, kind))
            stub.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stub.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            stub.bind((address, 53))
            if kind == socket.SOCK_STREAM:
                stub.listen()
        yield


@contextmanager
def held_ipv6(host: Namespace) -> Iterator[None]:
    """Port 53 of ::1, so that the IPv6 wildcard is barred as well."""
    with host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1", 53))
        yield


def found_over_udp(
    client: Namespace, address: str, *, zone: int = 0, limit_s: float = 5
) -> set[str]:
    """The addresses in the reply; one that comes from elsewhere fails the test. Empty: no reply.

    The socket is not connected: the kernel would drop what comes from elsewhere.
    """
    with client.socket(*_kind(address, socket.SOCK_DGRAM)) as sock:
        sock.settimeout(limit_s)
        try:
            sock.sendto(query_wire(NAME), _destination(address, zone))
            reply, source = sock.recvfrom(4096)
        except OSError:
            return set()
    assert (address, 53) == source[:2]
    return answers(reply)


def found_over_tcp(
    client: Namespace, address: str, *, zone: int = 0, limit_s: float = 5
) -> set[str]:
    """The addresses in the reply; empty if there is no connection."""
    with client.socket(*_kind(address, socket.SOCK_STREAM)) as sock:
        sock.settimeout(limit_s)
        try:
            sock.connect(_destination(address, zone))
            packet = query_wire(NAME)
            sock.sendall(struct.pack("!H", len(packet)) + packet)
            stream = sock.makefile("rb")
            return answers(stream.read(struct.unpack("!H", stream.read(2))[0]))
        except OSError:
            return set()


def _kind(address: str, kind: socket.SocketKind) -> tuple[socket.AddressFamily, socket.SocketKind]:
    return socket.AF_INET6 if ":" in address else socket.AF_INET, kind


def _destination(address: str, zone: int) -> tuple[str, int] | tuple[str, int, int, int]:
    return (address, 53, 0, zone) if ":" in address else (address, 53)


def answers(reply: bytes) -> set[str]:
    """The data of all records that answer."""
    message = dns.message.from_wire(reply)
    return {item.to_text() for rrset in message.answer for item in rrset}


def is_answered(client: Namespace, address: str, limit_s: float = 5) -> bool:
    """Over both transports."""
    return all(
        {"10.1.0.1"} == found(client, address, limit_s=limit_s)
        for found in (found_over_udp, found_over_tcp)
    )


def is_answered_by_now(client: Namespace, address: str) -> bool:
    """The same for a look that is repeated, which must not itself take long."""
    return is_answered(client, address, 0.3)


def ourselves() -> str:
    """This process, as the proxy names whoever holds an address."""
    return f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
