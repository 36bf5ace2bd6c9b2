"""What is fuzzed: each target takes any bytes, and raises only where something is wrong.

No target knows the fuzzer: the kept corpus runs through them in ordinary tests.
"""

from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.wire

from dnsproxy.core import hosts
from dnsproxy.core.gate import Query, Refusal, admit, is_query
from dnsproxy.core.names import Name, from_text, lower, to_text
from dnsproxy.core.netlink import Listing
from dnsproxy.core.pointers import NameReader
from dnsproxy.core.records import Records, Reply, pointing, unpack
from dnsproxy.core.replies import (
    QueryForm,
    match_reply,
    refuse,
    size_limit,
    upstream_query,
    write,
)
from dnsproxy.core.request import Request
from dnsproxy.core.wire import (
    HEADER,
    QR,
    Message,
    Question,
    Record,
    Type,
    edns_options,
    question,
    scan,
)
from dnsproxy.edges.answerer import Room
from dnsproxy.edges.sockets import read_exactly
from dnsproxy.edges.tcp import _Connection
from dnsproxy.errors import MalformedMessage

_ALIAS: Name = (b"somewhere", b"else", b"example")
_OTHER = Request(question((b"nobody", b"asks", b"this"), Type.A))
_ID = 0x1234


def gate(data: bytes) -> None:
    """What is admitted is answered with its id and question, and asked on as a query of ours."""
    if not is_query(data):
        return
    found = admit(data)
    if isinstance(found, Refusal):
        reply = refuse(found)
        assert reply[:2] == data[:2]
        assert reply[2] & QR >> 8
        assert len(reply) <= len(data) + 11
        if found.query is not None:
            _check_reply(reply, found.query, 512)
        return
    _check_onward(found)
    long = Reply(
        answer=tuple(pointing(found.question.name, Type.CNAME, _ALIAS, 1) for _ in "x" * 99)
    )
    for tcp in (False, True):
        limit = size_limit(found, tcp=tcp)
        assert limit >= 512
        for reply_of in (Reply(rcode=3), long):
            _check_reply(write(found, reply_of, limit), found, limit)


def _check_reply(wire: bytes, query: Query, limit: int) -> None:
    assert len(wire) <= limit
    theirs = dns.message.from_wire(wire)
    assert theirs.id == query.message.id
    assert theirs.flags & dns.flags.QR
    assert theirs.question[0].name.labels[:-1] == query.question.name
    assert (theirs.question[0].rdtype, theirs.question[0].rdclass) == (
        query.question.qtype,
        query.question.qclass,
    )
    assert (theirs.edns >= 0) == (query.udp_size is not None)


def _check_onward(query: Query) -> None:
    onward = admit(upstream_query(query.request, _ID, QueryForm()))
    assert isinstance(onward, Query)
    assert onward.question.same_as(query.question)
    assert onward.question.wire == query.question.wire
    assert onward.dnssec_ok == query.dnssec_ok


def message(data: bytes) -> None:
    """A scanned message is a row of records without gaps, as many as its header says."""
    try:
        found = scan(data)
    except MalformedMessage:
        return
    counts = HEADER.unpack_from(data)[3:]
    sections = [record.section for record in found.records]
    assert sections == sorted(sections)
    assert list(counts) == [sections.count(number) for number in (1, 2, 3)]
    borders = [found.body, *(record.end for record in found.records)]
    assert borders[:-1] == [record.start for record in found.records]
    assert found.body <= found.end == borders[-1] <= len(data)
    assert all(r.start < r.rdata <= r.end for r in found.records)
    assert found.question.wire == data[12 : found.body]
    try:
        reply = unpack(found)
    except MalformedMessage:
        return
    assert len(tuple(reply.records)) == sum(r.rtype != Type.OPT for r in found.records)


def packing(data: bytes) -> None:
    """A reply that is sent on says the same records, or that some are missing."""
    try:
        found = scan(data)
        reply = unpack(found)
    except MalformedMessage:
        return
    query = _query_of(found)
    if query is None:
        return
    assert len(write(query, reply, 512)) <= 512
    wire = write(query, reply, 65535)
    assert len(wire) <= 65535
    again = unpack(scan(wire))
    assert again.rcode == reply.rcode & 0xF
    if again.truncated and not reply.truncated:
        return
    assert _spelled_alike(again.answer) == _spelled_alike(reply.answer)
    assert _spelled_alike(again.authority) == _spelled_alike(reply.authority)
    added = _spelled_alike(again.additional)
    assert added == _spelled_alike(reply.additional)[: len(added)]


def _query_of(found: Message) -> Query | None:
    query = admit(upstream_query(Request(found.question), _ID, QueryForm(edns_size=None)))
    return query if isinstance(query, Query) else None


def _spelled_alike(records: Records) -> list[object]:
    return [(lower(r.owner), r.rtype, r.rclass, r.ttl, r.rdata) for r in records]


def match(data: bytes) -> None:
    """A reply is taken for the question that it repeats, under its id, and for no other."""
    assert match_reply(data, _OTHER, _ID) is None or b"\4asks" in data.lower()
    if len(data) < HEADER.size:
        return
    try:
        asked: Question = scan(data).question
    except MalformedMessage:
        return
    query_id = int.from_bytes(data[:2], "big")
    found = match_reply(data, Request(asked), query_id)
    plain = bool(data[2] & QR >> 8) and not data[2] & 0x78
    assert (found is not None) == plain
    assert match_reply(data, Request(asked), query_id ^ 1) is None
    if found is not None:
        assert found.size == len(data) or found.truncated


def names(data: bytes) -> None:
    """Where a name can be read, dnspython reads the same; what only it reads is a game."""
    offset, wire = int.from_bytes(data[:2], "big"), data[2:]
    if offset >= len(wire):
        return
    ours, why, end = None, "", 0
    try:
        ours, end = NameReader(wire).read(offset)
    except MalformedMessage as error:
        why = str(error)
    try:
        theirs, length = dns.name.from_wire(wire, offset)
    except dns.exception.DNSException:
        assert ours is None
        return
    if ours is None:
        assert "too many pointers" in why, why
        return
    assert ours == theirs.labels[:-1]
    assert end == offset + length
    assert from_text(to_text(ours)) == ours


def options(data: bytes) -> None:
    """The options of an OPT are all of it, or it is malformed."""
    opt = Record(3, 0, len(data), Type.OPT, 1232, 0, 0)
    try:
        found = list(edns_options(data, opt))
    except MalformedMessage:
        return
    assert b"".join(
        code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for code, value in found
    ) == bytes(data)


def netlink(data: bytes) -> None:
    """A datagram is read or its lengths do not add up."""
    found = Listing()
    try:
        found.read(data)
    except ValueError:
        return
    assert all(address.host for address in found.addresses)


def hosts_lines(data: bytes) -> None:
    """Each line is an entry, an error or nothing; an entry's names are answered."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    entries, errors = hosts.parse((f"f:{number}", line) for number, line in enumerate(lines, 1))
    assert len(entries) + len(errors) <= len(lines)
    table = hosts.HostsTable(entries)
    for entry in entries:
        for name in entry.names:
            qtype = Type.A if entry.address.version == 4 else Type.AAAA
            reply = table.answer(question(name, qtype))
            assert reply is not None
            assert entry.address.packed in {record.rdata[0] for record in reply.answer}


class Pieces:
    """A stream that hands out its bytes in pieces of the sizes that are given, then in one."""

    def __init__(self, data: bytes, sizes: bytes) -> None:
        self._data = data
        self._sizes = list(reversed(sizes))

    def recv(self, size: int) -> bytes:
        """The next piece, ``size`` bytes at most."""
        length = min(size, (self._sizes.pop() or 1) if self._sizes else len(self._data))
        piece, self._data = self._data[:length], self._data[length:]
        return piece


def stream(data: bytes) -> None:
    """However a stream is cut, its messages are the same (RFC 1035 4.2.2, RFC 7766 8)."""
    count = data[0] % 16 if data else 0
    sizes, body = data[1 : 1 + count], data[1 + count :]
    expected = []
    rest = body
    while len(rest) >= 2 and len(rest) >= (end := 2 + int.from_bytes(rest[:2], "big")):
        expected.append(rest[2:end])
        rest = rest[end:]
    taken = _Connection(Pieces(body, sizes), "127.0.0.1", None, Room())  # type: ignore[arg-type]
    assert list(taken._messages()) == expected
    pieces = Pieces(body, sizes)
    found = []
    try:
        while True:
            found.append(read_exactly(pieces, int.from_bytes(read_exactly(pieces, 2), "big")))
    except ConnectionResetError:
        assert found == expected


TARGETS: dict[str, Callable[[bytes], None]] = {
    "gate": gate,
    "message": message,
    "packing": packing,
    "match": match,
    "names": names,
    "options": options,
    "netlink": netlink,
    "hosts": hosts_lines,
    "stream": stream,
}
