"""The scan of messages, held against dnspython."""

import dns.exception
import dns.message
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.wire import ADDITIONAL, ANSWER, Type, scan
from dnsproxy.errors import MalformedMessage
from tests.dnsproxy.packets import query, query_wire, reply


def test_a_query_is_found_in_its_bytes():
    """Id, name as spelled and as compared, type."""
    message = scan(query_wire("WeB.Service.consul", "SRV", 1232))
    assert message.id == 0x1234
    assert message.question.name == (b"WeB", b"Service", b"consul")
    assert message.question.key == (b"web", b"service", b"consul")
    assert message.question.qtype == Type.SRV
    assert [(r.section, r.rtype) for r in message.records] == [(ADDITIONAL, Type.OPT)]


def test_records_are_stepped_over_one_by_one():
    """Each border is known; compressed names are not followed."""
    asked = query("web.example", "A")
    message = reply(
        asked,
        "web.example. 60 A 10.0.0.1",
        "web.example. 60 A 10.0.0.2",
        additional=("x.web.example. 60 A 10.0.0.3",),
    )
    assert [record.section for record in message.records] == [ANSWER, ANSWER, ADDITIONAL]
    assert [record.ttl for record in message.records] == [60, 60, 60]
    borders = [message.body, *(record.end for record in message.records)]
    assert borders[:-1] == [record.start for record in message.records]
    assert len(message.wire) == message.end == borders[-1]


def test_names_may_hold_any_byte():
    """dnslib cannot read labels beyond ASCII."""
    wire = query_wire(r"\255\000x.example")
    assert scan(wire).question.name == (b"\xff\x00x", b"example")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda wire: wire[:11], "no header"),
        (lambda wire: wire[:4] + b"\0\0" + wire[6:], "0 questions"),
        (lambda wire: wire[:4] + b"\0\2" + wire[6:], "2 questions"),
        (lambda wire: wire[:14], "cut off"),
        (lambda wire: wire[:-1], "cut off"),
        (lambda wire: wire[:12] + b"\xc0\x0c" + wire[-4:], "a pointer"),
        (lambda wire: wire[:12] + b"\x40" + wire[13:], "unknown label type"),
        (lambda wire: wire[:6] + b"\xff\xff" + wire[8:], "65535 records"),
        (lambda wire: wire[:12] + (b"\x3f" + b"x" * 63) * 4 + b"\0" + wire[-4:], "over 255"),
    ],
    ids=[
        "stub",
        "no question",
        "two questions",
        "cut name",
        "cut type",
        "pointer",
        "label type",
        "counts",
        "long name",
    ],
)
def test_what_is_no_message_is_refused(change, words):
    """Each with its reason."""
    with pytest.raises(MalformedMessage, match=words):
        scan(change(query_wire("web.example")))


@given(st.binary(max_size=80))
def test_any_bytes_end_in_a_message_or_in_malformed(data):
    """Nothing else is ever raised."""
    try:
        message = scan(data)
    except MalformedMessage:
        return
    assert message.end <= len(data)


@given(st.integers(0, 400), st.integers(0, 255))
def test_what_we_take_dnspython_reads_alike(position, byte):
    """A reply with one byte changed: the same question and as many records."""
    asked = query("web.service.consul", "A")
    wire = bytearray(
        reply(
            asked,
            "web.service.consul. 0 A 10.0.0.1",
            "web.service.consul. 0 CNAME other.example.",
        ).wire
    )
    wire[12 + position % (len(wire) - 12)] = byte
    try:
        ours = scan(bytes(wire))
        theirs = dns.message.from_wire(bytes(wire), ignore_trailing=True, one_rr_per_rrset=True)
    except (MalformedMessage, dns.exception.DNSException, ValueError):
        return
    assert theirs.question[0].name.labels[:-1] == ours.question.name
    counts = [sum(r.section == section for r in ours.records) for section in (1, 2)]
    # dnspython merges what is equal even with one record an RRset: it may count less, never more.
    assert len(theirs.answer) <= counts[0]
    assert len(theirs.authority) <= counts[1]
