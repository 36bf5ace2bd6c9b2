"""What the running process remembers, and what it asks only once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import asked, says, scene
from tests.upstream import Script, ScriptedUpstream, reply_to
from tests.waits import Waits

WEB = "web.service.consul. 0 A 10.0.0.1"
HOST = "www.example. 600 A 192.0.2.1"


def test_an_answer_is_asked_for_once_and_its_ttl_goes_down(waits: Waits):
    """RFC 1035 3.2.1; the next client is told what is left."""
    with scene({}, {"www.example": [HOST]}) as running:
        assert [600] == [rrset.ttl for rrset in ask(running.port, "www.example").answer]
        waits.until(
            "aged", lambda: ask(running.port, "WWW.example").answer[0].ttl < 600, limit_s=20
        )
        assert {"A 192.0.2.1"} == records(ask(running.port, "www.example", tcp=True))
        assert ["www.example. A"] == asked(running.upstream)


def ttl_of(port: int, name: str) -> int:
    """What a client is told."""
    return ask(port, name).answer[0].ttl


def test_a_denial_is_asked_for_once():
    """For as long as its SOA says; of the name and of the type (RFC 2308)."""
    with scene({}, {"www.example": [HOST]}) as running:
        for _ in range(3):
            assert "NXDOMAIN" == rcode(ask(running.port, "nope.example"))
            reply = ask(running.port, "www.example", "MX")
            assert ("NOERROR", []) == (rcode(reply), reply.answer)
            assert 60 >= reply.authority[0].ttl
        assert ["nope.example. A", "www.example. MX"] == asked(running.upstream)


def test_what_consul_gives_for_now_is_asked_for_each_time():
    """TTL 0: the next answer may be another."""
    with scene({"web.service.consul": [WEB]}) as running:
        for _ in range(3):
            assert [0] == [rrset.ttl for rrset in ask(running.port, "web.service.consul").answer]
        assert 3 == len(asked(running.consul))


def test_consuls_ttls_are_obeyed_and_its_answers_rotated():
    """`service_ttl` in its configuration says that an answer may be kept."""
    many = [f"web.service.consul. 600 A 10.0.0.{number}" for number in range(1, 9)]
    with scene({"web.service.consul": many}) as running:
        first = {ask(running.port, "web.service.consul").answer[0][0].to_text() for _ in range(60)}
        assert 1 == len(asked(running.consul))
    # That one of eight is never first in 60 answers happens once in 400.
    assert 4 <= len(first)


@pytest.mark.parametrize("flag", ["--no-remember", "--remember"])
def test_nothing_is_remembered_if_so_told(flag: str):
    """For who has a cache behind us."""
    with scene({}, {"www.example": [HOST]}, flag) as running:
        for _ in range(3):
            assert {"A 192.0.2.1"} == records(ask(running.port, "www.example"))
        assert (3 if flag == "--no-remember" else 1) == len(asked(running.upstream))


def test_many_who_ask_the_same_at_once_are_one_question():
    """consul#84, #1535: and a forger has one question to guess for (RFC 5452 5)."""
    all_wait = threading.Event()

    def slow(query: dns.message.Message) -> list[bytes]:
        all_wait.wait(5)
        return [*says({"web.service.consul": [WEB]})(query)]

    names = ["web.service.consul", "WEB.Service.consul"] * 20
    with (
        ScriptedUpstream(says({"www.example": [HOST]})) as upstream,
        scene_of(slow, "--upstream", upstream.address) as (proxy, consul),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(5)
        client.connect(("127.0.0.1", proxy.port))
        for number, name in enumerate((*names, "www.example")):
            client.send(query_wire(name, id=number))
        # It was asked after all others: when it is answered, they wait.
        assert "www.example." == received(client).question[0].name.to_text()
        all_wait.set()
        replies = [received(client) for _ in names]
        # A lost packet would be sent again, up to three in all.
        assert len(consul.queries) <= 3
    assert {"A 10.0.0.1"} == {record for reply in replies for record in records(reply)}
    assert sorted(names) == sorted(reply.question[0].name.to_text()[:-1] for reply in replies)


def received(client: socket.socket) -> dns.message.Message:
    """The next reply."""
    return dns.message.from_wire(client.recv(4096))


@contextmanager
def scene_of(script: Script, *more: str) -> Iterator[tuple[Running, ScriptedUpstream]]:
    """The proxy, and a Consul with a script of its own."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", *more]
    with (
        ScriptedUpstream(script) as consul,
        Running("dnsproxy", *flags, "--consul-dns", consul.address) as proxy,
    ):
        yield proxy, consul


def test_when_nobody_answers_a_client_of_edns_still_gets_our_opt():
    """systemd#13432: resolved takes a reply without one for a server that knows no EDNS."""
    with scene_of(lambda query: []) as (proxy, _):
        reply = ask(proxy.port, "web.service.consul", edns=1232)
    assert ("SERVFAIL", 0) == (rcode(reply), reply.edns)


def test_a_reply_that_cannot_be_read_is_asked_for_again_over_tcp():
    """coredns#4343: a larger datagram than was asked for arrives without its end."""

    def torn(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, HOST).to_wire()[:-20]]

    with (
        ScriptedUpstream(torn, says({"www.example": [HOST]})) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"),
        ) as proxy,
    ):
        assert {"A 192.0.2.1"} == records(ask(proxy.port, "www.example"))
        assert 1 == len(upstream.tcp_queries)
