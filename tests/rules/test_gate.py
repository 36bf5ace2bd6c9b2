"""R18 to R22: what may come in, on every transport. The packets are those of odd-packets.md."""

import socket
import struct
from collections.abc import Iterator
from time import monotonic

import dns.edns
import dns.message
import pytest

from dnsproxy.core.wire import Rcode, scan_question
from tests.asking import ask, records
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import Scene, asked, scene
from tests.fuzz.odd_packets import ADMITTED, EDNS, PLAIN, REFUSED, UNANSWERED
from tests.rules.raw import TRANSPORTS, over_udp
from tests.waits import PATIENCE_S

_R19 = {"IQUERY", "STATUS", "NOTIFY", "UPDATE", "opcode 15", "class CH", "class ANY"}
_R19 |= {"AXFR", "IXFR", "MAILA", "MAILB"}
_R20 = {"two OPTs", "OPT not at the root", "OPT longer than the packet", "half an option"}
_R20 |= {"option longer than its OPT", "EDNS version 1", "EDNS version 255"}
_R21 = {"no question", "a header alone", "two questions", "two real questions", "65,535 questions"}
_R18 = set(REFUSED) - _R19 - _R20 - _R21


@pytest.fixture(scope="module")
def stand() -> Iterator[Scene]:
    """A proxy, and who must not be asked."""
    with scene({}, {"web.example": ["web.example. 0 A 192.0.2.1"]}) as found:
        yield found


def refusals(kinds: set[str]) -> pytest.MarkDecorator:
    """A test for each of these packets and each transport."""
    table = [(kind, transport) for kind in sorted(kinds) for transport in TRANSPORTS]
    return pytest.mark.parametrize(("kind", "transport"), table)


def check_refused(stand: Scene, kind: str, transport: str) -> None:
    """The packet gets its rcode, and nobody is asked."""
    packet, expected = REFUSED[kind]
    before = len(stand.upstream.queries), len(stand.consul.queries)
    reply = TRANSPORTS[transport](stand.port, packet)
    assert reply is not None
    assert packet[:2] == reply[:2]
    found = dns.message.from_wire(reply)
    assert int(expected) == int(found.rcode())
    assert [] == [*found.answer, *found.authority, *found.additional]
    assert (found.edns >= 0) == (expected == Rcode.BADVERS)
    assert before == (len(stand.upstream.queries), len(stand.consul.queries))


@refusals(_R18)
def test_r18_counts_and_lengths_are_held_against_the_bytes(stand, kind, transport):
    """A packet that says more than it holds, or holds more than it says, is FORMERR."""
    check_refused(stand, kind, transport)


@refusals(_R19)
def test_r19_what_is_no_plain_query_of_class_in_goes_nowhere(stand, kind, transport):
    """NOTIMP for other opcodes, REFUSED for transfers and classes; the same on all transports."""
    check_refused(stand, kind, transport)


@refusals(_R20)
def test_r20_edns_that_is_not_as_it_must_be_is_refused(stand, kind, transport):
    """One OPT at the root whose options add up (RFC 6891 6.1.1); BADVERS beyond version 0."""
    check_refused(stand, kind, transport)


@refusals(_R21)
def test_r21_a_query_has_one_question(stand, kind, transport):
    """RFC 9619."""
    check_refused(stand, kind, transport)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", UNANSWERED)
def test_r22_replies_and_stubs_get_silence(stand, kind, transport):
    """Two servers would answer each other for ever; over TCP the connection ends."""
    assert TRANSPORTS[transport](stand.port, UNANSWERED[kind]) is None


@pytest.mark.lab
def test_r22_source_port_0_is_nobody(stand):
    """It cannot be answered, and so nobody is asked; from a real port it is a query."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        for source, name in ((0, "zero.example"), (40_000, "real.example")):
            packet = query_wire(name)
            header = struct.pack("!HHHH", source, stand.port, 8 + len(packet), 0)
            raw.sendto(header + packet, ("127.0.0.1", 0))
    deadline = monotonic() + PATIENCE_S
    while "real.example. A" not in asked(stand.upstream) and monotonic() < deadline:
        ask(stand.port, "localhost")
    assert "real.example. A" in asked(stand.upstream)
    assert "zero.example. A" not in asked(stand.upstream)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", ADMITTED)
def test_r18_what_only_looks_odd_is_answered(stand, kind, transport):
    """Every well-formed query is (RFC 8906), with its question as it was spelled."""
    packet = ADMITTED[kind]
    reply = TRANSPORTS[transport](stand.port, packet)
    assert reply is not None
    assert packet[:2] == reply[:2]
    assert reply[3] & 0xF in {Rcode.NOERROR, Rcode.NXDOMAIN}
    _, end = scan_question(packet)
    assert packet[12:end] == reply[12:end]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_r19_a_client_that_is_not_allowed_gets_a_header(transport):
    """On every transport the same, and the question is not even given back."""
    with scene({}, {"web.example": ["web.example. 0 A 192.0.2.1"]}, "--allow", "10.0.0.0/8") as one:
        for packet in (PLAIN, EDNS, ADMITTED["unknown type"]):
            reply = TRANSPORTS[transport](one.port, packet)
            assert reply is not None
            assert struct.pack("!HHHHHH", 0x1234, 0x8105, 0, 0, 0, 0) == reply
        assert [] == one.upstream.queries


def test_r20_no_option_of_a_client_is_sent_on(stand):
    """The OPT that an upstream sees is ours alone."""
    options = [
        dns.edns.ECSOption("192.0.2.0", 24),
        dns.edns.GenericOption(65001, b"of the client"),  # type: ignore[arg-type]
    ]
    packet = dns.message.make_query("web.example", "A", use_edns=0, payload=4096, options=options)
    reply = over_udp(stand.port, packet.to_wire())
    assert reply is not None
    assert {"A 192.0.2.1"} == records(dns.message.from_wire(reply))
    query, _ = stand.upstream.queries[-1]
    assert () == tuple(query.options)
    assert 1232 == query.payload


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_r20_thousands_of_options_are_read_or_refused_and_never_sent_on(stand, transport):
    """As many as a packet holds."""
    body = struct.pack("!HH", 65001, 0) * 16_000
    packet = EDNS[:-2] + struct.pack("!H", len(body)) + body
    reply = TRANSPORTS[transport](stand.port, packet)
    assert reply is not None
    assert reply[3] & 0xF in {Rcode.NOERROR, Rcode.FORMERR}
    assert all(not query.options for query, _ in stand.upstream.queries)
    assert {"A 192.0.2.1"} == records(ask(stand.port, "web.example"))
