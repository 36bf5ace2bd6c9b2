"""Records as zone files write them, held against dnspython's way of writing."""

import dns.message
import dns.rdata
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.mnemonics import type_names, type_number, type_text
from dnsproxy.core.presentation import quoted, rdata_text, record_text
from dnsproxy.core.records import ResourceRecord, unpack
from dnsproxy.core.wire import scan

NAME = (b"a", b"example")
TEXTS = [
    "A 192.0.2.7",
    "AAAA 2001:db8::7",
    "NS ns1.example.",
    "CNAME b.example.",
    "PTR b.example.",
    "DNAME b.example.",
    "MX 10 mail.example.",
    "SRV 1 2 8080 n1.node.dc1.consul.",
    "SOA ns.example. root.example. 1 3600 600 86400 0",
    'TXT "one" "two words" ""',
    r'TXT "a\"b\\c\007\200"',
    r"CNAME a\.b.\000\032.example.",
    'CAA 0 issue "ca.example"',
    "DS 1 8 2 " + "ab" * 32,
    r"TYPE65280 \# 3 010203",
    r"TYPE65280 \# 0",
]


def record_of(text: str) -> ResourceRecord:
    """A record as it comes in a message, by the other implementation."""
    kind, data = text.split(maxsplit=1)
    message = dns.message.make_response(dns.message.make_query("a.example.", kind))
    message.answer.append(dns.rrset.from_text("a.example.", 60, "IN", kind, data))
    (record,) = unpack(scan(message.to_wire())).answer
    return record


@pytest.mark.parametrize("text", TEXTS)
def test_data_is_written_so_that_others_read_the_same(text):
    """Not the same spelling always, but the same data."""
    record = record_of(text)
    kind, data = text.split(maxsplit=1)
    written = dns.rdata.from_text("IN", kind, rdata_text(record))
    assert dns.rdata.from_text("IN", kind, data) == written


def test_a_record_is_one_line_with_tabs():
    """As dig has it."""
    assert "a.example.\t60\tIN\tA\t192.0.2.7" == record_text(record_of("A 192.0.2.7"))


@given(st.integers(0, 0xFFFF), st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_whatever_bytes_come_they_are_one_line_of_ascii(rtype, data, rclass):
    """Data that does not fit its type is told as bytes."""
    text = record_text(ResourceRecord(NAME, rtype, 60, (data,), rclass))
    assert text.isascii()
    assert text.replace("\t", "").isprintable()


@given(st.binary(max_size=255))
def test_a_string_is_read_as_it_was(data):
    """By the other implementation."""
    rdata = dns.rdata.from_text("IN", "TXT", quoted(data))
    assert bytes([len(data)]) + data == rdata.to_wire()


def test_types_are_known_by_name_and_number():
    """In any case, and both ways."""
    for name in type_names():
        assert name == type_text(type_number(name.lower()))
    assert 65280 == type_number("type65280")
    for text in ("", "TYPE", "TYPE65536", "TYPE-1", "TYPE\u0661", "FOO", "1"):
        with pytest.raises(ValueError, match="is no type"):
            type_number(text)
