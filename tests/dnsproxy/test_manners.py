"""How upstreams are asked: EDNS, RD and AD, and servers that know less than we do."""

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.scripted import asked, forwarder, says, scene
from tests.upstream import Script, ScriptedUpstream, reply_to

HOST = "www.example. 600 A 192.0.2.1"
EXT = "ext.service.consul. 0 CNAME www.example."


def without_edns(answer: Script, code: dns.rcode.Rcode) -> Script:
    """A server of before 1999: an OPT is a mistake to it, and it has none."""

    def script(query: dns.message.Message) -> list[bytes]:
        if query.edns < 0:
            return [*answer(query)]
        refused = reply_to(query, rcode=code)
        refused.use_edns(-1)
        return [refused.to_wire()]

    return script


def flagged(port: int, name: str, *, off: int = 0, on: int = 0) -> dns.message.Message:
    """The reply to a question with flags that are not the usual ones."""
    question = dns.message.make_query(name, "A")
    question.flags = (question.flags & ~off) | on
    return dns.query.udp(question, "127.0.0.1", port=port, timeout=6)


@pytest.mark.parametrize("code", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_server_that_knows_no_edns_is_asked_without(code):
    """RFC 6891 6.2.2; it is not tried again with each question."""
    script = without_edns(says({"www.example": [HOST]}, aa=False), code)
    with ScriptedUpstream(script) as upstream, forwarder(upstream) as running:
        for _ in range(3):
            reply = ask(running.port, "www.example", edns=1232)
            assert {"A 192.0.2.1"} == records(reply)
            assert 0 == reply.edns
    assert [0, -1, -1, -1] == [query.edns for query, _ in upstream.queries]


def test_what_such_a_server_cannot_fit_comes_over_tcp():
    """Without EDNS too; the client gets all of it."""
    many = [f"www.example. 60 A 192.0.2.{number}" for number in range(1, 60)]

    def cut(query: dns.message.Message) -> list[bytes]:
        reply = reply_to(query)
        reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    udp = without_edns(cut, dns.rcode.FORMERR)
    tcp = without_edns(lambda query: [reply_to(query, *many).to_wire()], dns.rcode.FORMERR)
    with ScriptedUpstream(udp, tcp) as upstream, forwarder(upstream) as running:
        assert 59 == len(records(ask(running.port, "www.example", tcp=True)))


def test_a_refusal_that_speaks_edns_is_one():
    """It is the question that it does not like; asked once."""

    def script(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, rcode=dns.rcode.FORMERR).to_wire()]

    with ScriptedUpstream(script) as upstream, forwarder(upstream) as running:
        assert "FORMERR" == rcode(ask(running.port, "www.example"))
    assert 1 == len(upstream.queries)


def test_who_wants_no_recursion_makes_nobody_recurse():
    """RFC 5625 4.1: RD is the client's; and its answer is no answer for others."""

    def cache(query: dns.message.Message) -> list[bytes]:
        known = query.flags & dns.flags.RD
        return [reply_to(query, *([HOST] if known else []), rcode=0 if known else 5).to_wire()]

    with ScriptedUpstream(cache) as upstream, forwarder(upstream, flags=["--remember"]) as running:
        assert {"A 192.0.2.1"} == records(ask(running.port, "www.example"))
        reply = flagged(running.port, "www.example", off=dns.flags.RD)
        assert "REFUSED" == rcode(reply)
        assert not reply.flags & dns.flags.RD
        assert {"A 192.0.2.1"} == records(ask(running.port, "www.example"))
    assert [True, False] == [bool(query.flags & dns.flags.RD) for query, _ in upstream.queries]


def test_a_resolver_that_asks_us_as_the_zones_own_server_gets_all_of_consuls():
    """A stub zone asks without RD; an alias is followed for it all the same."""
    web = "web.service.consul. 600 A 10.0.0.1"
    consul = {"web.service.consul": [web], "ext.service.consul": [EXT]}
    with scene(consul, {"www.example": [HOST]}) as running:
        reply = flagged(running.port, "ext.service.consul", off=dns.flags.RD)
        assert {"CNAME www.example.", "A 192.0.2.1"} == records(reply)
        for off in (0, dns.flags.RD):
            assert {"A 10.0.0.1"} == records(flagged(running.port, "web.service.consul", off=off))
        assert 1 == asked(running.consul).count("web.service.consul. A")
        assert all(query.flags & dns.flags.RD for query, _ in running.upstream.queries)


@pytest.mark.parametrize("trusted", [True, False])
def test_that_an_answer_was_validated_is_told_to_who_asks_for_it(trusted):
    """RFC 6840 5.7 and 5.8: the upstream is asked to say it, where the way to it is safe."""

    def validating(query: dns.message.Message) -> list[bytes]:
        reply = reply_to(query, HOST)
        reply.flags |= query.flags & dns.flags.AD
        return [reply.to_wire()]

    variables = {"SEAMARK_TRUST_AD": str(trusted).lower()}
    with ScriptedUpstream(validating) as upstream, forwarder(upstream, **variables) as running:
        wanted = flagged(running.port, "www.example", on=dns.flags.AD)
        plain = flagged(running.port, "www.example")
    assert trusted == bool(wanted.flags & dns.flags.AD)
    assert not plain.flags & dns.flags.AD


def test_what_consul_may_have_cut_is_said_to_be_cut_where_tcp_is_filtered():
    """It sets no TC by default: a reply as large as was asked for may lack some."""
    many = [f"web.service.consul. 0 A 10.1.{n // 250}.{n % 250 + 1}" for n in range(1000)]

    def full(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, *many).to_wire(max_size=65535)]

    with (
        ScriptedUpstream(full, lambda query: []) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address),
        ) as running,
    ):
        reply = ask(running.port, "web.service.consul", tcp=True)
    assert 1000 == len(records(reply))
    assert reply.flags & dns.flags.TC
