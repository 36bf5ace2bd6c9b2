"""What a TCP client may hold, and for how long."""

import contextlib
import socket
import time
from collections.abc import Iterator

import dns.edns
import dns.message
import dns.query
import pytest

from tests.asking import ask, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.waits import PATIENCE_S

FLAGS = ("--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9")
FRAMED = len(query_wire("localhost")).to_bytes(2, "big") + query_wire("localhost")
KEEPALIVE = dns.edns.OptionType(11)


@pytest.fixture
def port() -> Iterator[int]:
    """Of a proxy that answers localhost."""
    with Running("dnsproxy", *FLAGS, "--consul-dns", "127.0.0.1:9") as proxy:
        yield proxy.port


def connected(port: int) -> socket.socket:
    """A connection of 127.0.0.1."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S)


def is_answered(connection: socket.socket) -> bool:
    """Whether a query on it is."""
    try:
        connection.sendall(FRAMED)
        return len(connection.recv(4096)) > 14
    except OSError:
        return False


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has ended it, or does so before it would hang."""
    with contextlib.suppress(ConnectionError):
        return connection.recv(1) == b""
    return True


@pytest.mark.parametrize("said", [b"", b"\0", FRAMED[:10]], ids=["nothing", "a byte", "half"])
def test_r16_who_says_nothing_or_half_of_it_is_let_go(port, said):
    """Sooner than one that has asked, and rests."""
    with connected(port) as resting, connected(port) as slow:
        slow.sendall(said)
        start = time.monotonic()
        assert is_answered(resting)
        assert is_closed(slow)
        after = time.monotonic() - start
        assert is_answered(resting)
        assert is_closed(resting)
        assert after < time.monotonic() - start - after


def test_r16_a_client_has_its_share_of_connections(port):
    """Its own idle ones go for its new one; others keep theirs."""
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(
            socket.create_connection(("127.0.0.1", port), PATIENCE_S, ("127.0.0.9", 0))
        )
        assert is_answered(other)
        own = [stack.enter_context(connected(port)) for _ in range(32)]
        assert all(map(is_answered, own))
        more = stack.enter_context(connected(port))
        assert is_answered(more)
        assert is_closed(own[0])
        assert is_answered(own[1])
        assert is_answered(other)


def test_r16_the_share_is_a_setting():
    """`dns.client_connections`."""
    flags = (*FLAGS, "--consul-dns", "127.0.0.1:9")
    with Running("dnsproxy", *flags, SEAMARK_CLIENT_CONNECTIONS="2") as proxy:
        first, second, third = (connected(proxy.port) for _ in range(3))
        with first, second, third:
            assert is_answered(third)
            assert is_closed(first)
            assert is_answered(second)


def test_r16_a_connection_that_asks_for_ever_ends(port):
    """Behind its last reply; a new one is taken at once."""
    count = 10_000
    with connected(port) as connection:
        stream = connection.makefile("rb")
        for _ in range(count // 100):
            connection.sendall(FRAMED * 100)
            for _ in range(100):
                assert len(stream.read(int.from_bytes(stream.read(2), "big"))) > 12
        assert is_closed(connection)
    assert {"A 127.0.0.1"} == records(ask(port, "localhost", tcp=True))


def test_r16_who_asks_how_long_a_connection_may_rest_is_told(port):
    """RFC 7828, in tenths of a second; who proposes a time is not understood."""
    asks = dns.message.make_query(
        "localhost", "A", options=[dns.edns.GenericOption(KEEPALIVE, b"")]
    )
    told = dns.query.tcp(asks, "127.0.0.1", PATIENCE_S, port)
    (option,) = told.options
    assert KEEPALIVE == option.otype
    assert (100).to_bytes(2, "big") == option.to_wire()
    assert () == tuple(dns.query.udp(asks, "127.0.0.1", PATIENCE_S, port).options)
    proposes = dns.message.make_query(
        "localhost", "A", options=[dns.edns.GenericOption(KEEPALIVE, b"\0\5")]
    )
    assert 1 == dns.query.tcp(proposes, "127.0.0.1", PATIENCE_S, port).rcode()
    assert 0 == dns.query.udp(proposes, "127.0.0.1", PATIENCE_S, port).rcode()
