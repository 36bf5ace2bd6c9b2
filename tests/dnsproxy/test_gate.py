"""What may come in. The table is that of docs/reference/odd-packets.md."""

import struct

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.gate import Query, Refusal, admit, is_query
from dnsproxy.core.replies import refuse
from dnsproxy.core.wire import Rcode
from tests.dnsproxy.packets import query_wire
from tests.fuzz.odd_packets import EDNS, OPT, PLAIN, counts


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (counts(PLAIN, qd=0), Rcode.FORMERR),
        (counts(PLAIN, qd=2), Rcode.FORMERR),
        (counts(PLAIN, flags=5 << 11), Rcode.NOTIMP),
        (counts(PLAIN, flags=4 << 11), Rcode.NOTIMP),
        (counts(PLAIN, flags=15 << 11), Rcode.NOTIMP),
        (PLAIN[:-2], Rcode.FORMERR),
        (PLAIN + b"x", Rcode.FORMERR),
        (counts(PLAIN, an=1) + OPT, Rcode.FORMERR),
        (counts(EDNS, ar=2) + OPT, Rcode.FORMERR),
        (EDNS[:-2] + b"\0\4", Rcode.FORMERR),
        (EDNS[:-2] + b"\0\4" + b"\0\x0a\0\5", Rcode.FORMERR),
        (EDNS[:-5] + b"\1" + EDNS[-4:], Rcode.BADVERS),
        (PLAIN[:-2] + b"\0\3", Rcode.REFUSED),
        (PLAIN[:-4] + b"\0\xfc\0\1", Rcode.REFUSED),
        (PLAIN[:-4] + b"\0\xfb\0\1", Rcode.REFUSED),
    ],
    ids=[
        "no question",
        "two questions",
        "update",
        "notify",
        "opcode 15",
        "cut question",
        "trailing bytes",
        "answer in a query",
        "two OPTs",
        "OPT longer than the packet",
        "option longer than its OPT",
        "EDNS version 1",
        "class CH",
        "AXFR",
        "IXFR",
    ],
)
def test_an_odd_packet_gets_the_rcode_of_the_table(packet, expected):
    """Each well-formed query gets an answer (RFC 8906), the others a refusal."""
    found = admit(packet)
    assert isinstance(found, Refusal)
    assert expected == found.rcode


@pytest.mark.parametrize("packet", [b"", PLAIN[:11], counts(PLAIN, flags=0x8000)])
def test_replies_and_stubs_of_packets_are_met_with_silence(packet):
    """Two servers would answer each other for ever."""
    assert not is_query(packet)


@pytest.mark.parametrize("size", [0, 512, 1232, 65535])
def test_edns_sizes_below_512_count_as_512(size):
    """RFC 6891 6.2.3."""
    found = admit(query_wire("web.example", size=size or 1)) if size else admit(PLAIN)
    assert isinstance(found, Query)
    assert (max(size, 512) if size else None) == found.udp_size


def test_a_refusal_without_a_question_is_a_header():
    """It gives back id, opcode and RD, and is never longer than what it answers."""
    packet = counts(PLAIN, flags=5 << 11 | 0x0100)[:12]
    found = refuse(Refusal(Rcode.NOTIMP, packet))
    packet_id, flags = struct.unpack_from("!HH", found)
    assert (packet_id, flags) == (0x1234, 0x8000 | 5 << 11 | 0x0100 | 4)
    assert len(found) == 12


@given(st.binary(min_size=12, max_size=100))
def test_any_packet_is_admitted_or_refused(packet):
    """Nothing is raised, and every refusal can be sent."""
    if not is_query(packet):
        return
    found = admit(packet)
    if isinstance(found, Refusal):
        assert packet[:2] == refuse(found)[:2]
