"""Rules against forged replies: what is believed, and what a wrong packet may do (nothing)."""

import socket
from collections.abc import Callable
from pathlib import Path

import dns.flags
import dns.message
import pytest

from dnsproxy.edges.datagrams import MISMATCHES_MAX
from tests.dnsproxy.scripted import forwarder
from tests.rules.misbehaving import RIGHT, Datagrams, forged, found, honest, watched
from tests.upstream import ScriptedUpstream
from tests.waits import pause


def flipped(position: int, bits: int) -> Callable[[bytearray], bytes]:
    """Some bits of one byte are others."""

    def change(wire: bytearray) -> bytes:
        wire[position] ^= bits
        return bytes(wire)

    return change


# Behind the header stands `1 a 7 example 0`, then type and class.
_BODY, _TYPE, _CLASS = 12, 24, 26
CHANGES: dict[str, Callable[[bytearray], bytes]] = {
    "another id": flipped(0, 0xFF),
    "QR not set": flipped(2, 0x80),
    "another opcode": flipped(2, 5 << 3),
    "another name": flipped(_BODY + 1, 3),
    "a longer name": lambda wire: bytes(wire[:_BODY] + b"\1x" + wire[_BODY:]),
    "another type": flipped(_TYPE, 29),
    "another class": flipped(_CLASS, 2),
    "two questions": flipped(5, 3),
    "FORMERR without a question": lambda wire: bytes(wire[:2] + b"\x80\x01" + b"\0" * 8),
    "garbage": lambda wire: bytes(wire[:2] + b"\xff" * 40),
    "a stub": lambda wire: bytes(wire[:7]),
    "nothing": lambda wire: b"",
}


def changed(change: str, query: dns.message.Message) -> bytes:
    """A forged reply with one thing wrong."""
    return CHANGES[change](forged(query))


@pytest.mark.parametrize("change", CHANGES)
def test_r03_a_reply_counts_only_if_all_of_it_matches(change):
    """Id, QR, opcode and the whole question, by bytes; the right one behind it is taken."""

    def script(query: dns.message.Message) -> list[bytes]:
        return [changed(change, query), *honest(query)]

    with ScriptedUpstream(script) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")
    assert 1 == len(upstream.queries)


@pytest.mark.parametrize("where", ["another port", "another address"])
def test_r03_a_reply_from_elsewhere_is_not_seen_at_all(where):
    """Right in all else: the kernel compares, the socket being connected."""

    def handler(upstream: Datagrams, query: dns.message.Message, client: tuple[str, int]) -> None:
        host, port = ("127.0.0.1", 0) if where == "another port" else ("127.0.0.2", upstream.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((host, port))
            other.sendto(forged(query), client)
        upstream.socket.sendto(honest(query)[0], client)

    with Datagrams(handler) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")


def test_r03_the_case_of_the_name_is_no_difference():
    """Consul lower-cases it (RFC 4343)."""

    def lowering(query: dns.message.Message) -> list[bytes]:
        return [honest(query)[0].replace(b"\1A\7eXample", b"\1a\7example", 1)]

    with ScriptedUpstream(lowering) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "A.eXample")


def test_r03_late_replies_and_second_ones_do_no_harm():
    """The answer to one question comes again, and for the next one first."""
    said: list[bytes] = []

    def script(query: dns.message.Message) -> list[bytes]:
        before = said[-1:]
        said.extend(honest(query))
        return [*before, said[-1], said[-1]]

    with ScriptedUpstream(script) as upstream, forwarder(upstream) as running:
        for number in range(10):
            assert RIGHT == found(running.port, f"n{number}.example")
    assert 10 == len(upstream.queries)


@pytest.mark.parametrize("change", CHANGES)
def test_r04_after_three_packets_that_are_no_reply_tcp_is_asked(change):
    """Somebody guesses: where he cannot, the question is asked once more."""

    def script(query: dns.message.Message) -> list[bytes]:
        return [changed(change, query)] * MISMATCHES_MAX

    with ScriptedUpstream(script, honest) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")
    assert (1, 1) == (len(upstream.queries), len(upstream.tcp_queries))


def test_r04_fewer_of_them_are_waited_out():
    """A lone late packet is no reason for TCP."""

    def script(query: dns.message.Message) -> list[bytes]:
        wrong = [changed("another id", query)] * (MISMATCHES_MAX - 1)
        return [*wrong, *honest(query)]

    with ScriptedUpstream(script, honest) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")
    assert [] == upstream.tcp_queries


def unread(port: int) -> int:
    """Bytes that wait to be read by who has a port; 0 when he has gone."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{port:04X}"):
            return int(words[4].partition(":")[2], 16)
    return 0


def test_r04_a_flood_ends_no_wait_where_there_is_no_tcp():
    """2,000 guesses, and the right reply behind them: one port, nobody listens there on TCP."""

    def handler(upstream: Datagrams, query: dns.message.Message, client: tuple[str, int]) -> None:
        # Made once: whoever is slow to guess is too late on a busy machine.
        wire = forged(query)
        for number in range(2000):
            wire[:2] = (query.id + 1 + number & 0xFFFF).to_bytes(2, "big")
            upstream.socket.sendto(wire, client)
            # Else the kernel drops what we could not read yet, the right one among it.
            while number % 50 == 49 and unread(client[1]):
                pause(0.001)
        upstream.socket.sendto(honest(query)[0], client)

    with Datagrams(handler) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")


def test_r04_they_are_counted_by_upstream():
    """In a metric that holds no name and no client."""

    def script(query: dns.message.Message) -> list[bytes]:
        return [changed("another id", query), *honest(query)]

    with ScriptedUpstream(script) as upstream, watched(upstream) as (running, figures):
        for number in range(3):
            assert RIGHT == found(running.port, f"n{number}.example")
        assert 3 == figures()["seamark_dns_upstream_mismatches_total", upstream.address]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_r06_nobody_else_can_put_a_packet_into_the_socket(host):
    """SAD DNS finds the port by ICMP, then floods it: a connected socket takes packets of one peer.

    From all other ports of the server's own host, right in id and question.
    """
    tried = []

    def handler(upstream: Datagrams, query: dns.message.Message, client: tuple[str, int]) -> None:
        for _ in range(20):
            with socket.socket(upstream.socket.family, socket.SOCK_DGRAM) as other:
                other.bind((host, 0))
                other.sendto(forged(query), client)
                tried.append(other.getsockname()[1])
        upstream.socket.sendto(honest(query)[0], client)

    with Datagrams(handler, host) as upstream, forwarder(upstream) as running:
        for number in range(5):
            assert RIGHT == found(running.port, f"n{number}.example")
    assert 100 == len(tried)


def test_r06_an_answer_that_was_cut_comes_whole_over_tcp():
    """Nothing of a datagram with TC set is believed but that."""

    def cut(query: dns.message.Message) -> list[bytes]:
        wire = forged(query)
        wire[2] |= dns.flags.TC >> 8
        return [bytes(wire)]

    with ScriptedUpstream(cut, honest) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")
    assert 1 == len(upstream.tcp_queries)
