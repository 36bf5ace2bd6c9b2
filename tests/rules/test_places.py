"""R16: places of TCP connections where all are taken; R20: how long a list of options may be."""

import contextlib
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import pytest

from dnsproxy.edges.answerer import TCP_CLIENTS
from dnsproxy.edges.files import allowed
from tests.asking import rcode
from tests.dnsproxy.scripted import forwarder
from tests.waits import PATIENCE_S

NAME = "localhost"
# Fewer than one client's share.
FROM_ONE_ADDRESS = 30
KEEPALIVE = dns.edns.OptionType.make(11)


@pytest.fixture
def port() -> Iterator[int]:
    """A proxy that answers by itself what is asked here."""
    with forwarder(flags=["--upstream", "127.0.0.1:9"]) as proxy:
        yield proxy.port


@contextlib.contextmanager
def connections(port: int, count: int) -> Iterator[None]:
    """So many, of many clients, each of which has asked once and says no more."""
    assert allowed() > 2 * count
    packet = dns.message.make_query(NAME, "A").to_wire()
    with contextlib.ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(socket.socket())
            client.settimeout(PATIENCE_S)
            client.bind((f"127.0.1.{number // FROM_ONE_ADDRESS + 1}", 0))
            client.connect(("127.0.0.1", port))
            client.sendall(struct.pack("!H", len(packet)) + packet)
            assert client.recv(2)
        yield


@contextlib.contextmanager
def asleep(pid: int) -> Iterator[None]:
    """The process does nothing, so that the kernel alone holds who comes."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def may_rest(port: int) -> int:
    """How long a connection may be idle now, in tenths of a second (RFC 7828)."""
    option = dns.edns.GenericOption(KEEPALIVE, b"")
    query = dns.message.make_query(NAME, "A", use_edns=0, options=[option])
    reply = dns.query.tcp(query, "127.0.0.1", port=port, timeout=PATIENCE_S)
    (found,) = [one for one in reply.options if one.otype == KEEPALIVE]
    return int.from_bytes(found.to_wire() or b"", "big")


def test_r16_who_comes_is_served_where_all_places_are_taken(port):
    """A thousand that say no more hold nobody off, and the fewer places, the shorter the rest."""
    alone = may_rest(port)
    with connections(port, TCP_CLIENTS):
        crowded = may_rest(port)
    assert 100 == alone
    assert crowded < alone


def test_r16_as_many_may_come_at_once_as_there_are_places():
    """Else they wait for seconds for their packets to be sent again (RFC 6298 2)."""
    assert int(Path("/proc/sys/net/core/somaxconn").read_text()) > TCP_CLIENTS
    with (
        forwarder(flags=["--upstream", "127.0.0.1:9"]) as proxy,
        contextlib.ExitStack() as stack,
        asleep(proxy.pid),
    ):
        for _ in range(TCP_CLIENTS):
            client = stack.enter_context(socket.socket())
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", proxy.port))


@pytest.mark.parametrize(("count", "expected"), [(100, "NOERROR"), (101, "FORMERR")])
def test_r20_a_list_of_options_has_an_end(port, count, expected):
    """Who sends more wants them to be walked (Unbound CVE-2026-41292)."""
    option = dns.edns.GenericOption(dns.edns.OptionType.make(65001), b"")
    options: list[dns.edns.Option] = [option] * count
    query = dns.message.make_query(NAME, "A", use_edns=0, options=options)
    assert expected == rcode(dns.query.udp(query, "127.0.0.1", port=port, timeout=PATIENCE_S))
