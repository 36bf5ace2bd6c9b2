"""Replies as the client wants them."""

from dataclasses import replace

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.gate import Query, Refusal, admit
from dnsproxy.core.records import Reply, unpack
from dnsproxy.core.replies import (
    QueryForm,
    match_reply,
    rcode_reply,
    refuse,
    size_limit,
    upstream_query,
    write,
)
from dnsproxy.core.wire import Message, Rcode, scan
from tests.dnsproxy.packets import query, reply


def relay(asked: Query, upstream: Message, limit: int, *, authoritative: bool = True) -> bytes:
    """What the client gets of an upstream's reply."""
    return write(asked, replace(unpack(upstream), authoritative=authoritative), limit)


MANY = tuple(f"web.service.consul. 0 A 10.0.{n // 256}.{n % 256}" for n in range(200))


def test_the_client_gets_its_id_and_its_spelling_back():
    """Consul echoes the name in lower case; a client that mixes cases checks it."""
    asked = query("WeB.SERVICE.consul")
    upstream = reply(query("web.service.consul"), "web.service.consul. 0 A 10.0.0.1")
    found = dns.message.from_wire(relay(asked, upstream, 512, authoritative=True))
    assert found.id == 0x1234
    assert found.question[0].name.to_text() == "WeB.SERVICE.consul."
    assert [item.to_text() for item in found.answer[0]] == ["10.0.0.1"]


@pytest.mark.parametrize("limit", [512, 1232, 2048])
def test_a_long_answer_is_cut_at_a_record_and_says_so(limit):
    """TC is set, what fits is there, and nothing is longer than asked for."""
    asked = query("web.service.consul", size=limit if limit > 512 else None)
    wire = relay(asked, reply(asked, *MANY), limit, authoritative=True)
    found = dns.message.from_wire(wire)
    assert limit - 16 - 11 < len(wire) <= limit
    assert found.flags & dns.flags.TC
    assert len(found.answer[0]) > 25


def test_an_answer_that_fits_is_whole():
    """No TC over TCP for 200 instances."""
    asked = query("web.service.consul")
    found = dns.message.from_wire(relay(asked, reply(asked, *MANY), 65535, authoritative=True))
    assert len(found.answer[0]) == 200
    assert not found.flags & dns.flags.TC


def test_leaving_out_additional_records_is_no_truncation():
    """RFC 2181 9: TC speaks of what was asked for."""
    asked = query("web.service.consul", "SRV")
    glue = tuple(f"n{n}.node.consul. 0 A 10.0.0.{n}" for n in range(60))
    upstream = reply(asked, "web.service.consul. 0 SRV 1 1 80 n1.node.consul.", additional=glue)
    found = dns.message.from_wire(relay(asked, upstream, 512, authoritative=True))
    assert len(found.answer) == 1
    assert 0 < len(found.additional) < 60
    assert not found.flags & dns.flags.TC


def test_a_client_without_edns_gets_none():
    """And one with EDNS gets our OPT, not the upstream's."""
    upstream = reply(query("a.example", size=4096), "a.example. 60 A 10.0.0.1")
    plain = dns.message.from_wire(relay(query("a.example"), upstream, 512, authoritative=False))
    asked = query("a.example", size=4000)
    edns = dns.message.from_wire(relay(asked, upstream, 1232, authoritative=False))
    assert plain.edns == -1
    assert (edns.edns, edns.payload) == (0, 1232)


def test_our_opt_says_the_size_that_was_set():
    """What we take in is told in answers and refusals alike (RFC 6891 6.2.3)."""
    asked = query("a.example", size=4000)
    written = write(asked, Reply(), 4096, edns_size=4096)
    refused = refuse(Refusal(Rcode.BADVERS, asked.message.wire, asked), edns_size=4096)
    assert [4096, 4096] == [dns.message.from_wire(wire).payload for wire in (written, refused)]


def test_another_resolvers_aa_is_not_ours():
    """Consul's is passed on, a cache's is not."""
    asked = query("a.example")
    upstream = reply(asked, "a.example. 60 A 10.0.0.1")
    wire = upstream.wire[:2] + b"\x84\0" + upstream.wire[4:]
    scanned = scan(wire)
    for authoritative in (True, False):
        found = dns.message.from_wire(relay(asked, scanned, 512, authoritative=authoritative))
        assert authoritative == bool(found.flags & dns.flags.AA)
        assert found.flags & dns.flags.RA


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.REFUSED, Rcode.BADVERS])
def test_an_rcode_reply_carries_all_of_the_rcode(rcode):
    """BADVERS needs the OPT for its upper bits."""
    found = dns.message.from_wire(rcode_reply(query("a.example", size=1232), rcode))
    assert int(rcode) == found.rcode()


@pytest.mark.parametrize(
    ("size", "tcp", "expected"),
    [(None, False, 512), (600, False, 600), (4096, False, 1232), (None, True, 65535)],
)
def test_the_limit_is_the_clients_and_ours(size, tcp, expected):
    """The smaller of both over UDP."""
    assert expected == size_limit(query("a.example", size=size), tcp=tcp)


def test_the_query_we_send_on_carries_nothing_of_the_client_but_its_question():
    """Options end at us: cookies and client subnets are between two neighbours."""
    asked = query("A.example", "AAAA", 4096)
    found = dns.message.from_wire(upstream_query(asked.request, 7, QueryForm()))
    assert found.id == 7
    assert found.question[0].name.to_text() == "A.example."
    assert (found.edns, found.payload, found.options) == (0, 1232, ())


@pytest.mark.parametrize(
    ("name", "qtype", "changed"),
    [("b.example", "A", {}), ("a.example", "AAAA", {}), ("a.example", "A", {0: 0xFF})],
    ids=["another name", "another type", "another id"],
)
def test_a_reply_to_another_question_is_none(name, qtype, changed):
    """RFC 5452 9.1."""
    wire = bytearray(reply(query(name, qtype), f"{name}. 1 TXT x").wire)
    for position, byte in changed.items():
        wire[position] = byte
    assert None is match_reply(bytes(wire), query("a.example", "A").request, 0x1234)


def test_a_reply_in_another_case_is_the_reply():
    """Current Consul lower-cases the question that it gives back."""
    for asked, echoed in (("A.exaMPLE", "a.example"), ("a.example", "A.EXAMPLE")):
        found = reply(query(echoed), "a.example. 1 A 10.0.0.1")
        assert None is not match_reply(found.wire, query(asked).request, 0x1234)


@pytest.mark.parametrize("flag", [dns.flags.RD, dns.flags.CD])
def test_rd_and_cd_go_both_ways(flag):
    """RFC 1035 4.1.1, RFC 4035 3.2.2: what the client set comes back, and goes upstream."""
    for value in (0, flag):
        message = dns.message.make_query("a.example", "A")
        message.flags = value
        asked = admit(message.to_wire())
        assert isinstance(asked, Query)
        answered = dns.message.from_wire(rcode_reply(asked, Rcode.NOERROR))
        assert value == answered.flags & flag
        sent = dns.message.from_wire(upstream_query(asked.request, 1, QueryForm()))
        assert value == sent.flags & (dns.flags.RD | dns.flags.CD | dns.flags.AD)


def test_an_upstream_can_be_asked_without_edns_and_for_what_it_validated():
    """RFC 6891 6.2.2, RFC 6840 5.7."""
    asked = query("a.example", size=1232)
    plain = dns.message.from_wire(
        upstream_query(asked.request, 1, QueryForm(edns_size=None, wants_ad=True))
    )
    assert -1 == plain.edns
    assert plain.flags & dns.flags.AD


def test_the_query_itself_is_no_reply():
    """QR must be set: a reflected query is not an answer."""
    asked = query("a.example")
    assert None is match_reply(asked.message.wire, asked.request, 0x1234)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(512, 1400), st.booleans())
def test_whatever_is_cut_is_a_message_within_the_limit(answers, extra, limit, edns):
    """dnspython reads every reply, and the counts agree with the records."""
    asked = query("web.service.consul", size=1400 if edns else None)
    glue = tuple(f"n{n}.example. 0 A 10.1.0.{n}" for n in range(extra))
    upstream = reply(asked, *MANY[:answers], additional=glue)
    wire = relay(asked, upstream, limit, authoritative=True)
    found = dns.message.from_wire(wire)
    assert len(wire) <= limit
    assert bool(found.flags & dns.flags.TC) == (
        len(found.answer[0] if found.answer else ()) < answers
    )
