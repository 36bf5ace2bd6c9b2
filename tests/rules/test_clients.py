"""What a client gets, what not, and that nothing it sends is larger when it comes back."""

import socket
from contextlib import contextmanager

import dns.flags
import dns.message
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import forwarder
from tests.rules.raw import over_tcp, over_udp
from tests.rules.scripts import STALE, errors, once_by, sections, silence
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S

NOBODY = ("--upstream", "127.0.0.1:9", "--consul-dns", "127.0.0.1:9")
FLAGS = ("--listen", "127.0.0.1:0", "--http", "off", *NOBODY)


@contextmanager
def client(port: int, source: str = "127.0.0.1"):
    """A UDP socket that talks to the proxy."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", port))
        yield sock


def burst(port: int, packet: bytes, count: int, source: str = "127.0.0.1") -> list[bytes]:
    """The replies to a packet that is sent again and again, as far as there are any."""
    replies = []
    with client(port, source) as sock:
        for _ in range(count):
            sock.send(packet)
        with client(port, "127.0.0.8") as other:
            # Read behind all of them.
            other.send(query_wire("localhost"))
            other.recv(4096)
        sock.settimeout(0)
        while True:
            try:
                replies.append(sock.recv(4096))
            except BlockingIOError:
                return replies


def test_r13_beyond_the_rate_a_client_gets_less_than_it_sent():
    """Every second reply is empty with TC, the others are dropped; other clients do not suffer."""
    packet = query_wire("localhost", size=1232)
    with Running("dnsproxy", *FLAGS, SEAMARK_RATE_LIMIT_PRIVATE="5") as proxy:
        replies = [dns.message.from_wire(wire) for wire in burst(proxy.port, packet, 205)]
        whole = [reply for reply in replies if reply.answer]
        cut = [reply for reply in replies if reply.flags & dns.flags.TC]
        assert len(whole) + len(cut) == len(replies)
        # A second's worth at once, and what a busy machine lets in beside.
        assert 5 <= len(whole) < 100
        assert abs(len(cut) - (205 - len(whole)) / 2) <= 1
        assert all(not reply.answer and len(reply.to_wire()) <= len(packet) for reply in cut)
        assert {"A 127.0.0.1"} == records(ask(proxy.port, "localhost", tcp=True))
        other = burst(proxy.port, packet, 1, source="127.0.0.9")
        assert [1] == [len(dns.message.from_wire(wire).answer) for wire in other]
        assert "rate limit: " in proxy.log


def test_r13_errors_count_and_are_dropped_beyond_the_rate():
    """A reflector of FORMERR is one too."""
    with Running("dnsproxy", *FLAGS, SEAMARK_RATE_LIMIT_PRIVATE="5") as proxy:
        assert 5 <= len(burst(proxy.port, b"\0\1" + bytes(10), 200)) < 100


def test_r13_in_private_networks_there_is_no_limit_unless_one_is_set():
    """One busy container must not be cut off."""
    with Running("dnsproxy", *FLAGS) as proxy:
        assert 200 == len(burst(proxy.port, query_wire("localhost"), 200))


@pytest.mark.parametrize("size", [None, 512, 1232, 4096, 65535])
def test_r13_no_reply_over_udp_is_larger_than_ours_or_the_clients_limit(size):
    """RFC 9715: 1232 bytes are never cut into fragments."""

    def many(query: dns.message.Message) -> list[bytes]:
        name = query.question[0].name
        return [
            reply_to(query, *(f"{name} 60 A 10.0.0.{n}" for n in range(200))).to_wire(
                max_size=65535
            )
        ]

    with (
        ScriptedUpstream(many) as upstream,
        forwarder(upstream) as proxy,
        client(proxy.port) as sock,
    ):
        sock.send(query_wire("many.example", size=size))
        reply = sock.recv(65535)
        assert len(reply) <= min(size or 512, 1232)
        assert dns.message.from_wire(reply).flags & dns.flags.TC


def test_r15_what_is_held_back_for_one_client_is_bounded():
    """DNSBomb: what has no room is answered at once, before an upstream would have."""
    with (
        ScriptedUpstream(silence) as upstream,
        forwarder(upstream, SEAMARK_CLIENT_IN_FLIGHT="10") as proxy,
        client(proxy.port) as sock,
    ):
        for number in range(30):
            sock.send(query_wire(f"n{number}.example", id=number))
        at_once = [dns.message.from_wire(sock.recv(4096)) for _ in range(20)]
        assert {"SERVFAIL"} == {rcode(reply) for reply in at_once}
        assert set(range(10, 30)) == {reply.id for reply in at_once}
        with client(proxy.port, "127.0.0.9") as other:
            other.send(query_wire("localhost"))
            assert {"A 127.0.0.1"} == records(dns.message.from_wire(other.recv(4096)))
        # Those that wait are answered too, and nothing is let go before its time.
        late = [dns.message.from_wire(sock.recv(4096)) for _ in range(10)]
        assert set(range(10)) == {reply.id for reply in late}


@pytest.mark.parametrize("one_address", ["false", "true"])
def test_r15_what_has_no_room_and_was_known_is_told_as_it_was_last(one_address: str):
    """A busy client whose Consul has just fallen silent hears of no error."""
    name, target = "web.service.consul", "n1.node.dc1.consul"
    address = f"{target}. 0 A 10.0.0.1"
    answer = f"{name}. 0 SRV 1 1 80 {target}." if one_address == "true" else f"{name}. 0 A 10.0.0.1"
    variables = {"SEAMARK_CLIENT_IN_FLIGHT": "1", "SEAMARK_ONE_ADDRESS": one_address}
    with (
        ScriptedUpstream(once_by(sections((answer,), (), (address,)), silence)) as consul,
        forwarder(consul=consul.address, flags=["--remember"], **variables) as proxy,
        client(proxy.port) as sock,
    ):
        sock.send(query_wire(name, size=1232, id=1))
        assert {"A 10.0.0.1"} == records(dns.message.from_wire(sock.recv(4096)))
        sock.send(query_wire("other.service.consul", size=1232, id=2))
        sock.send(query_wire(name, size=1232, id=3))
        last, denied = (dns.message.from_wire(sock.recv(4096)) for _ in range(2))
    assert (3, {"A 10.0.0.1"}, [STALE]) == (last.id, records(last), errors(last))
    assert (2, "SERVFAIL") == (denied.id, rcode(denied))


def test_r15_a_query_that_is_sent_again_while_it_waits_is_answered_once():
    """Whoever forges one address a thousand times makes it one reply."""
    with (
        ScriptedUpstream(silence) as upstream,
        forwarder(upstream) as proxy,
        client(proxy.port) as sock,
    ):
        for _ in range(20):
            sock.send(query_wire("a.example", id=7))
        sock.send(query_wire("b.example", id=8))
        assert [7, 8] == sorted(int.from_bytes(sock.recv(4096)[:2], "big") for _ in range(2))
        sock.send(query_wire("localhost", id=9))
        assert 9 == int.from_bytes(sock.recv(4096)[:2], "big")


@pytest.mark.parametrize("send", [over_udp, over_tcp], ids=["UDP", "TCP"])
def test_r24_who_may_not_ask_hears_so_before_anything_is_read(send):
    """A format error, a bad cookie, an odd opcode: all the same twelve bytes, on each transport."""
    with Running("dnsproxy", *FLAGS, "--allow", "10.0.0.0/8") as proxy:
        for packet in (
            query_wire("localhost"),
            query_wire("localhost", size=1232),
            query_wire("localhost")[:14],
            b"\x12\x34\x28\0" + bytes(8),
        ):
            reply = send(proxy.port, packet)
            assert reply is not None
            assert (12, 5) == (len(reply), reply[3] & 0xF)
            assert packet[:2] == reply[:2]


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_r24_the_list_holds_for_ipv6(tcp):
    """Each family by its own networks."""
    flags = ("--listen", "[::1]:0", "--http", "off", *NOBODY)
    with Running("dnsproxy", *flags, "--allow", "127.0.0.0/8") as proxy:
        assert "REFUSED" == rcode(ask(proxy.port, "localhost", host="::1", tcp=tcp))
    with Running("dnsproxy", *flags, "--allow", "::1/128") as proxy:
        assert "NOERROR" == rcode(ask(proxy.port, "localhost", host="::1", tcp=tcp))


def test_r24_who_may_not_ask_over_tcp_asks_once():
    """Its connection ends behind the refusal."""
    with (
        Running("dnsproxy", *FLAGS, "--allow", "10.0.0.0/8") as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S) as connection,
    ):
        packet = query_wire("localhost")
        connection.sendall((len(packet).to_bytes(2, "big") + packet) * 3)
        received = b""
        while more := connection.recv(4096):
            received += more
        assert 14 == len(received)
