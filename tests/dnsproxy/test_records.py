"""Records taken apart and put together again, held against dnspython."""

import struct

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.names import from_text
from dnsproxy.core.pointers import NameReader
from dnsproxy.core.records import Reply, unpack
from dnsproxy.core.replies import write
from dnsproxy.core.wire import Message, scan
from dnsproxy.errors import MalformedMessage
from tests.dnsproxy.packets import query

NAMES = (
    "a.example.",
    "B.a.Example.",
    r"odd\.dot.\000\255.example.",
    "example.",
    ".",
    "x" * 63 + ".",
)
DATA = (
    "A 192.0.2.1",
    "AAAA 2001:db8::1",
    "NS {0}",
    "CNAME {0}",
    "PTR {0}",
    "DNAME {0}",
    "MX 10 {0}",
    "SOA {0} {1} 1 2 3 4 5",
    "SRV 1 2 3 {0}",
    'NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" {0}',
    'TXT "" "a b" "\\255\\000"',
    "RP {0} {1}",
    "AFSDB 1 {0}",
    "KX 5 {0}",
    'CAA 0 issue "ca.example"',
    "HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1",
    "DS 1 8 2 " + "ab" * 32,
    "RRSIG A 8 2 300 20300101000000 20200101000000 1 {0} " + "AAAA" * 20,
    r"TYPE65280 \# 4 c00c0001",
    r"TYPE65281 \# 0",
)


@st.composite
def rrsets(draw: st.DrawFn) -> dns.rrset.RRset:
    """One record of any of these types under any of these names."""
    owner, first, second = (draw(st.sampled_from(NAMES)) for _ in range(3))
    text = draw(st.sampled_from(DATA)).format(first, second)
    qtype, _, data = text.partition(" ")
    ttl = draw(st.integers(0, 2**31 - 1))
    return dns.rrset.from_text(owner, ttl, "IN", qtype, data)


sections = st.lists(rrsets(), max_size=12)


def flat(rrs: list[dns.rrset.RRset]) -> list[tuple[str, int, int, bytes]]:
    """Records one by one, names in the spelling that they have."""
    return [
        (rrset.name.to_text(), int(rrset.rdtype), rrset.ttl, item.to_wire() or b"")
        for rrset in rrs
        for item in rrset
    ]


def parsed(wire: bytes) -> dns.message.Message:
    """Every record apart: dnspython would otherwise merge what is alike."""
    return dns.message.from_wire(wire, one_rr_per_rrset=True)


@given(sections, sections, sections)
def test_what_is_unpacked_and_packed_again_is_what_came(answer, authority, additional):
    """Compressed by dnspython, read by us, written by us, read by dnspython."""
    asked = query("a.EXAMPLE")
    message = dns.message.make_response(dns.message.from_wire(query("a.example").message.wire))
    for section, rrs in (("answer", answer), ("authority", authority), ("additional", additional)):
        getattr(message, section).extend(rrs)
    came = parsed(message.to_wire(max_size=65535))
    reply = unpack(scan(message.to_wire(max_size=65535)))
    again = parsed(write(asked, reply, 65535))
    for section in ("answer", "authority", "additional"):
        # What is owned by the question's name is spelled as the client spells it.
        expected = [
            ("a.EXAMPLE." if owner.lower() == "a.example." else owner, *rest)
            for owner, *rest in flat(getattr(came, section))
        ]
        assert expected == flat(getattr(again, section))


@given(sections, st.integers(17, 600))
def test_whatever_is_cut_can_be_read_and_is_the_beginning(answer, limit):
    """At any size: no half record, no pointer to what was cut away."""
    asked = query("a.example")
    message = dns.message.make_response(dns.message.from_wire(asked.message.wire))
    message.answer.extend(answer)
    reply = unpack(scan(message.to_wire(max_size=65535)))
    limit += len(asked.question.wire)
    wire = write(asked, reply, limit)
    cut, whole = parsed(wire), parsed(write(asked, reply, 65535))
    assert len(wire) <= limit
    assert flat(whole.answer)[: len(cut.answer)] == flat(cut.answer)
    assert bool(cut.flags & dns.flags.TC) == (len(cut.answer) < len(whole.answer))


def message_with(rtype: int, rdata: bytes, before: bytes = b"") -> Message:
    """A scanned reply to a.example with one record of that data."""
    asked = query("a.example").message.wire
    header = asked[:2] + b"\x80\0" + asked[4:6] + struct.pack("!HHH", 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", rtype, 1, 60, len(rdata)) + rdata
    return scan(header + asked[12:] + before + record)


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        (1, b""),
        (1, b"\1\2\3"),
        (1, b"\1\2\3\4\5"),
        (28, bytes(4)),
        (5, b""),
        (5, b"\1a\0x"),
        (5, b"\1a"),
        (5, b"\xff\xff"),
        (5, b"\1a\xc0\x27"),
        (15, b"\0"),
        (33, b"\0\1\0\1\0\1"),
        (35, b"\0\1\0\1\5a"),
        (6, b"\0\0" + bytes(19)),
    ],
)
def test_data_that_does_not_add_up_makes_the_message_malformed(rtype, rdata):
    """It is refused whole: what stands behind it cannot be trusted either."""
    with pytest.raises(MalformedMessage):
        unpack(message_with(rtype, rdata))


def test_data_of_unknown_types_is_never_read():
    """RFC 3597: what looks like a pointer in it is none."""
    reply = unpack(message_with(65280, b"\xc0\xff\xff"))
    assert (b"\xc0\xff\xff",) == reply.answer[0].rdata


def test_pointers_that_go_round_or_on_and_on_are_refused():
    """RFC 9267: backwards only, and few of them."""
    chain = bytearray(b"\0" * 12 + b"\0")
    at = 12
    for _ in range(40):
        chain += struct.pack("!H", 0xC000 | at)
        at = len(chain) - 2
    with pytest.raises(MalformedMessage):
        NameReader(bytes(chain)).read(at)
    with pytest.raises(MalformedMessage):
        NameReader(b"\0" * 12 + b"\xc0\x0c").read(12)
    with pytest.raises(MalformedMessage):
        NameReader(b"\0" * 12 + b"\xc0\x0e\xc0\x0c").read(14)


def test_a_name_that_pointers_make_too_long_is_refused():
    """255 bytes is the limit of the whole (RFC 1035 3.1)."""
    label = b"\x3f" + b"x" * 63
    wire = b"\0" * 12 + label * 3 + b"\0" + label + b"\xc0\x0c"
    with pytest.raises(MalformedMessage):
        NameReader(wire).read(12 + 64 * 3 + 1)


@given(st.binary(max_size=60))
def test_garbage_behind_a_header_is_malformed_or_harmless(garbage):
    """Nothing but MalformedMessage comes out."""
    try:
        reply = unpack(message_with(6, garbage))
    except MalformedMessage:
        return
    assert isinstance(reply, Reply)


def test_a_ttl_with_the_top_bit_is_a_long_one():
    """RFC 8767 4; the cap of the zone covers it."""
    wire = bytearray(message_with(1, bytes(4)).wire)
    position = len(wire) - 10
    wire[position : position + 4] = b"\x80\0\0\1"
    assert 0x7FFFFFFF == unpack(scan(bytes(wire))).answer[0].ttl


def test_a_name_in_data_keeps_its_capitals():
    """Consul's node names keep theirs, and clients compare."""
    reply = unpack(message_with(5, b"\1B\1A\7Example\0"))
    assert from_text("B.A.Example") == reply.answer[0].target
    found = parsed(write(query("a.example"), reply, 512))
    assert "B.A.Example." == found.answer[0][0].to_text()
