"""The listeners on the real process: where replies come from, and what no client can do."""

import os
import random
import socket
import struct
import time
from collections.abc import Iterator
from typing import BinaryIO

import dns.message
import dns.rcode
import pytest

from tests.asking import addresses, ask, rcode
from tests.commands import Running, run
from tests.dnsproxy.packets import query_wire
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S

SERVICES = ["--services", "conf/services.json", "--node", "n1", "--advertise", "10.1.0.1"]
NAME = "svc1.service.consul"


@pytest.fixture(scope="module")
def proxy() -> Iterator[Running]:
    """A proxy with the embedded catalog on every local address of both families."""
    both = ["--listen", "0.0.0.0:0", "--http", "off"]
    with Running("dnsproxy", *both, *SERVICES, "--upstream", "127.0.0.1:9") as running:
        yield running


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.8.9.10"])
def test_a_reply_leaves_from_the_address_asked(proxy, host):
    """dnspython drops a reply from elsewhere, as every client does."""
    assert {"10.1.0.1"} == addresses(proxy.port, NAME, host=host)
    assert rcode(ask(proxy.port, NAME, host=host, tcp=True)) == "NOERROR"


def test_ipv6_is_answered():
    """On a socket of its own."""
    flags = ["--listen", "[::]:0", "--http", "off"]
    with Running("dnsproxy", *flags, *SERVICES, "--upstream", "127.0.0.1:9") as running:
        assert {"10.1.0.1"} == addresses(running.port, NAME, host="::1")
        assert rcode(ask(running.port, NAME, host="::1", tcp=True)) == "NOERROR"


def test_a_client_outside_the_allowed_networks_is_refused_before_its_question_is_read():
    """Twelve bytes: nothing to amplify."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--allow", "10.0.0.0/8"]
    with (
        Running("dnsproxy", *flags, *SERVICES, "--upstream", "127.0.0.1:9") as running,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(5)
        client.sendto(query_wire(NAME), ("127.0.0.1", running.port))
        reply = client.recv(512)
    assert len(reply) == 12
    assert dns.message.from_wire(reply).rcode() == dns.rcode.REFUSED


def test_a_and_aaaa_from_one_port_are_both_answered(proxy):
    """What glibc sends: whoever drops one of the pair costs the client five seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        for number, qtype in enumerate(("A", "AAAA")):
            client.sendto(query_wire(NAME, qtype, id=number), ("127.0.0.1", proxy.port))
        ids = {dns.message.from_wire(client.recv(512)).id for _ in range(2)}
    assert {0, 1} == ids


def test_malformed_packets_never_kill_the_process(proxy):
    """Twenty thousand of them, from nothing to nearly right; then it answers as before."""
    source = random.Random(20260101)
    good = query_wire(NAME, "SRV", 1232)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(20_000):
            packet = bytearray(good)
            for _ in range(source.randrange(1, 8)):
                packet[source.randrange(len(packet))] = source.randrange(256)
            packet = packet[: source.randrange(len(packet) + 1)] + source.randbytes(
                source.choice((0, 0, 5))
            )
            client.sendto(packet, ("127.0.0.1", proxy.port))
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            found = addresses(proxy.port, NAME)
            break
        except dns.exception.Timeout:
            continue
    else:
        pytest.fail("no answer after the flood")
    assert {"10.1.0.1"} == found
    assert proxy.alive


def test_pipelined_queries_are_all_answered(proxy):
    """RFC 7766 6.2.1.1."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        for number in range(50):
            packet = query_wire(NAME, id=number)
            client.sendall(struct.pack("!H", len(packet)) + packet)
        stream = client.makefile("rb")
        ids = set()
        for _ in range(50):
            (length,) = struct.unpack("!H", stream.read(2))
            ids.add(dns.message.from_wire(stream.read(length)).id)
    assert set(range(50)) == ids


def test_a_slow_question_does_not_hold_back_a_fast_one_on_its_connection():
    """One upstream that is silent for one name; the resolver on the other side asks for others."""

    def script(query: dns.message.Message) -> list[bytes]:
        silent = query.question[0].name.to_text() == "silent.example."
        return [] if silent else [reply_to(query, "fast.example. 60 A 192.0.2.7").to_wire()]

    with (
        ScriptedUpstream(script) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", *SERVICES),
            *("--upstream", upstream.address),
        ) as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=10) as client,
    ):
        for number, name in enumerate(("silent.example", "fast.example")):
            packet = query_wire(name, id=number)
            client.sendall(struct.pack("!H", len(packet)) + packet)
        client.shutdown(socket.SHUT_WR)
        stream = client.makefile("rb")
        replies = [dns.message.from_wire(stream.read(_length(stream))) for _ in range(2)]
        assert b"" == stream.read()
    assert [1, 0] == [reply.id for reply in replies]
    assert ["NOERROR", "SERVFAIL"] == [rcode(reply) for reply in replies]


def _length(stream: BinaryIO) -> int:
    return int.from_bytes(stream.read(2), "big")


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def test_beside_somebody_on_one_address_all_others_are_answered(kind):
    """systemd-resolved on 127.0.0.53 does not keep us from starting, whichever half it holds."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.5", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        flags = ["--listen", f"0.0.0.0:{port}", "--http", "off", "--upstream", "127.0.0.1:9"]
        with Running("dnsproxy", *flags, *SERVICES) as running:
            assert {"10.1.0.1"} == addresses(port, NAME)
            assert rcode(ask(port, NAME, tcp=True)) == "NOERROR"
            assert f"127.0.0.5:{port} is left out: held by " in running.log
            assert f"(pid {os.getpid()}); taken over when it is free" in running.log


def test_a_wildcard_of_which_nothing_is_left_is_an_error_that_names_the_holder():
    """Nobody would be answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        port = other.getsockname()[1]
        flags = ["--listen", f"0.0.0.0:{port}", "--http", "off", "--upstream", "127.0.0.1:9"]
        done = run("dnsproxy", *flags, *SERVICES)
    assert done.returncode == 1
    assert f"cannot listen on 0.0.0.0:{port} (udp): the port is taken, held by " in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr
    assert "left out" not in done.stderr


@pytest.mark.parametrize(
    "said", [b"\0", b"\0\x20abc", b"\xff\xff" + b"x" * 100], ids=["half a length", "part", "long"]
)
def test_a_tcp_client_that_stops_in_the_middle_is_let_go(proxy, said):
    """And holds nobody up meanwhile."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=8) as client:
        client.sendall(said)
        assert {"10.1.0.1"} == addresses(proxy.port, NAME)
        assert client.recv(1) == b""


def test_many_idle_tcp_clients_do_not_delay_an_answer(proxy):
    """Over UDP everything is as before, and TCP comes back when they leave."""
    idle = [socket.create_connection(("127.0.0.1", proxy.port), timeout=5) for _ in range(300)]
    try:
        assert {"10.1.0.1"} == addresses(proxy.port, NAME)
    finally:
        for client in idle:
            client.close()
    assert rcode(ask(proxy.port, NAME, tcp=True, timeout=15)) == "NOERROR"
