"""Forwarding, on the real process and real sockets, against an upstream that misbehaves."""

import socket
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import pytest

from dnsproxy.edges.answerer import IN_FLIGHT
from tests.asking import addresses, ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import forwarder
from tests.upstream import Script, ScriptedUpstream, reply_to

RECORD = "a.example. 60 A 192.0.2.7"


def honest(query: dns.message.Message) -> list[bytes]:
    """The right answer."""
    return [reply_to(query, RECORD).to_wire()]


def silent(query: dns.message.Message) -> list[bytes]:
    """No answer."""
    return []


@pytest.mark.parametrize("size", [512, 1232, 4096])
def test_a_datagram_is_as_large_as_both_sides_allow(size: int):
    """`dns.edns_size` bounds what we send, what we ask for, and is what our own OPT says."""
    many = [f"a.example. 60 A 192.0.{n // 250}.{n % 250 + 1}" for n in range(300)]

    def script(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, *many).to_wire(max_size=65535)]

    with (
        ScriptedUpstream(script) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"),
            SEAMARK_EDNS_SIZE=str(size),
        ) as running,
    ):
        reply = ask(running.port, "a.example", edns=4096)
        assert size == reply.payload
        assert size - 16 < len(reply.to_wire()) <= size
        assert reply.flags & dns.flags.TC
        assert 300 == len(records(ask(running.port, "a.example", edns=4096, tcp=True)))
        refused = dns.message.make_query("a.example", "A", use_edns=1)
        assert size == dns.query.udp(refused, "127.0.0.1", port=running.port, timeout=6).payload
    assert [size] == [query.payload for query, _ in upstream.queries]


def altered(change: str) -> Script:
    """A wrong packet, and then the right one."""

    def script(query: dns.message.Message) -> list[bytes]:
        forged = reply_to(query, "a.example. 60 A 203.0.113.66")
        wire = bytearray(forged.to_wire())
        match change:
            case "another id":
                wire[0] ^= 0xFF
            case "a query":
                wire[2] &= 0x7F
            case "another opcode":
                wire[2] |= 5 << 3
            case "another name":
                wire[13] ^= 3
            case "another type":
                position = wire.index(b"\7example\0") + 9
                wire[position + 1] = 28
            case "no question":
                wire = wire[:4] + b"\0" * 8
            case "garbage":
                wire = bytearray(wire[:2] + b"\xff" * 40)
            case "a stub":
                wire = wire[:7]
        return [bytes(wire), *honest(query)]

    return script


@pytest.mark.parametrize(
    "change",
    [
        "another id",
        "a query",
        "another opcode",
        "another name",
        "another type",
        "no question",
        "garbage",
        "a stub",
    ],
)
def test_a_packet_that_is_not_the_reply_ends_no_wait(change):
    """It is dropped, and the right one that follows is taken (RFC 5452 9.1)."""
    with ScriptedUpstream(altered(change)) as upstream, forwarder(upstream) as running:
        assert {"192.0.2.7"} == addresses(running.port, "a.example")
    assert len(upstream.queries) == 1


def test_each_question_goes_out_with_an_id_and_a_port_of_its_own():
    """What a forger must guess (RFC 5452 4.3); and the client's id stays between it and us."""
    with ScriptedUpstream(honest) as upstream, forwarder(upstream) as running:
        for _ in range(20):
            ask(running.port, "a.example")
    ids = {query.id for query, _ in upstream.queries}
    ports = {port for _, port in upstream.queries}
    assert len(ids) > 15
    assert len(ports) > 15


def test_the_name_may_come_back_in_another_case():
    """Consul lower-cases it; the client gets its own spelling."""

    def lowering(query: dns.message.Message) -> list[bytes]:
        wire = reply_to(query, RECORD).to_wire()
        return [wire.replace(b"\1A\7eXample", b"\1a\7example")]

    with ScriptedUpstream(lowering) as upstream, forwarder(upstream) as running:
        reply = ask(running.port, "A.eXample")
    assert reply.question[0].name.to_text() == "A.eXample."
    assert {"A 192.0.2.7"} == records(reply)


def test_a_silent_upstream_costs_one_try_and_the_next_is_asked():
    """Within the one deadline, which is shorter than a client's own."""
    with (
        ScriptedUpstream(silent) as first,
        ScriptedUpstream(honest) as second,
        forwarder(first, second) as running,
    ):
        assert {"192.0.2.7"} == addresses(running.port, "a.example")


def test_an_upstream_that_refuses_the_port_is_passed_over_at_once():
    """The kernel tells us; no time is waited for."""
    with ScriptedUpstream(silent) as closed:
        pass
    with ScriptedUpstream(honest) as second, forwarder(closed, second) as running:
        assert {"192.0.2.7"} == addresses(running.port, "a.example")


def test_an_upstream_that_does_not_know_is_not_the_last_word():
    """SERVFAIL and REFUSED move on to the next (what users of every forwarder ask for)."""

    def failing(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, rcode=2).to_wire()]

    with (
        ScriptedUpstream(failing) as first,
        ScriptedUpstream(honest) as second,
        forwarder(first, second) as running,
    ):
        assert {"192.0.2.7"} == addresses(running.port, "a.example")
    assert len(first.queries) == 1


@pytest.mark.parametrize("code", [2, 4, 5])
def test_when_no_upstream_knows_the_client_gets_its_error(code):
    """SERVFAIL, NOTIMP, REFUSED, as it was said; asked once, not three times."""

    def failing(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, rcode=code).to_wire()]

    with ScriptedUpstream(failing) as upstream, forwarder(upstream) as running:
        assert code == ask(running.port, "a.example").rcode()
    assert len(upstream.queries) == 1


def test_when_nobody_answers_the_client_gets_servfail_before_it_gives_up():
    """A stub resolver waits 5 s. It is told whom we asked; each try had a new id and a new port."""
    with ScriptedUpstream(silent) as upstream, forwarder(upstream) as running:
        start = time.monotonic()
        reply = ask(running.port, "a.example", edns=1232, timeout=5)
        assert rcode(reply) == "SERVFAIL"
        (why,) = reply.options
        assert isinstance(why, dns.edns.EDEOption)
        assert why.code == dns.edns.EDECode.NO_REACHABLE_AUTHORITY
        assert f"{upstream.address}: no answer in time" in (why.text or "")
        print(f"answered after {time.monotonic() - start:.2f} s")
        assert "no answer for a.example." in running.log
    assert len({query.id for query, _ in upstream.queries}) == 3
    assert len({port for _, port in upstream.queries}) == 3


def test_a_truncated_reply_is_asked_for_again_over_tcp():
    """The client gets all of it, if it can take it."""
    many = [f"a.example. 60 A 192.0.2.{n}" for n in range(1, 40)]

    def truncated(query: dns.message.Message) -> list[bytes]:
        reply = reply_to(query)
        reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    def whole(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, *many).to_wire()]

    with ScriptedUpstream(truncated, whole) as upstream, forwarder(upstream) as running:
        large = ask(running.port, "a.example", edns=1232)
        small = ask(running.port, "a.example")
        over_tcp = ask(running.port, "a.example", tcp=True)
    assert 39 == len(records(large)) == len(records(over_tcp))
    assert small.flags & dns.flags.TC
    assert 0 < len(records(small)) < 39
    assert len(upstream.tcp_queries) == 3


def test_where_tcp_is_filtered_half_an_answer_is_passed_on_as_such():
    """TC stays set: the client knows."""

    def truncated(query: dns.message.Message) -> list[bytes]:
        reply = reply_to(query, RECORD)
        reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    with ScriptedUpstream(truncated, silent) as upstream, forwarder(upstream) as running:
        reply = ask(running.port, "a.example")
    assert reply.flags & dns.flags.TC
    assert {"A 192.0.2.7"} == records(reply)


def test_more_queries_than_can_wait_are_given_up_at_once():
    """The surplus gets SERVFAIL now, not silence; and those that need no waiting are answered."""
    embedded = ["--services", "conf/services.json", "--node", "n1", "--advertise", "10.1.0.1"]
    with (
        ScriptedUpstream(silent) as upstream,
        Running(
            "dnsproxy",
            "--listen",
            "127.0.0.1:0",
            "--http",
            "off",
            "--upstream",
            upstream.address,
            *embedded,
            SEAMARK_ZONE_IN_FLIGHT=str(IN_FLIGHT),
        ) as running,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.settimeout(10)
        for number in range(IN_FLIGHT + 100):
            client.sendto(query_wire(f"n{number}.example"), ("127.0.0.1", running.port))
        shed = dns.message.from_wire(client.recv(512))
        assert rcode(shed) == "SERVFAIL"
        assert {"10.1.0.1"} == addresses(running.port, "svc1.service.consul")
        assert "too many queries wait" in running.log


def test_no_name_below_consul_ever_leaves_for_another_upstream():
    """Of any type, DS too; also when Consul is away."""
    with ScriptedUpstream(honest) as consul:
        pass
    with (
        ScriptedUpstream(honest) as upstream,
        forwarder(upstream, consul=consul.address) as running,
    ):
        for qtype in ("A", "DS", "PTR", "TYPE65280"):
            assert rcode(ask(running.port, "web.service.consul", qtype)) == "SERVFAIL"
            assert rcode(ask(running.port, "consul.example", qtype)) == "NOERROR"
    names = {query.question[0].name.to_text() for query, _ in upstream.queries}
    assert {"consul.example."} == names
    assert consul.queries == []


def test_unknown_types_and_odd_labels_are_passed_through():
    """RFC 3597; labels may hold any byte."""
    name = r"\255\000\.x.example"

    def text(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, rf"{name}. 60 TYPE65280 \# 2 abcd").to_wire()]

    with ScriptedUpstream(text) as upstream, forwarder(upstream) as running:
        assert {r"TYPE65280 \# 2 abcd"} == records(ask(running.port, name, "TYPE65280"))
