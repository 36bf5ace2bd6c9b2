"""A linear scan of DNS messages: what is where, without taking records apart.

Our own, because it stands before any trust: every byte is visited once, names of records are
stepped over and never followed, so no message costs more than its length. Of names only the
question's is read, which has nothing before it that a pointer could point to (RFC 9267); who needs
the others follows their pointers with :mod:`dnsproxy.core.pointers`, within bounds.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

from dnsproxy.core.names import NAME_MAX, Name, lower
from dnsproxy.core.values import value
from dnsproxy.errors import MalformedMessage

HEADER = struct.Struct("!6H")
_TYPE_CLASS = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_OPTION = struct.Struct("!HH")

QR = 0x8000
AA = 0x0400
TC = 0x0200
RD = 0x0100
RA = 0x0080
AD = 0x0020
CD = 0x0010


class Rcode(IntEnum):
    """RFC 1035 4.1.1, RFC 6891 9, RFC 7873 8; the last two need an OPT for their upper bits."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16
    BADCOOKIE = 23


class Type(IntEnum):
    """The record types that are treated differently from all others."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    NAPTR = 35
    DNAME = 39
    OPT = 41
    DS = 43
    DNSKEY = 48
    IXFR = 251
    AXFR = 252
    MAILB = 253
    MAILA = 254
    ANY = 255


CLASS_IN = 1


@value
class Question:
    """``name`` as it was spelled, ``key`` its canonical spelling, ``wire`` the bytes of it all."""

    name: Name
    key: Name
    qtype: int
    qclass: int
    wire: bytes

    def same_as(self, other: "Question") -> bool:
        """Whether both ask the same; the spelling of the name is no difference (RFC 4343)."""
        return (self.key, self.qtype, self.qclass) == (other.key, other.qtype, other.qclass)


def question(name: Name, qtype: int) -> Question:
    """The question for the records of a type that a name has."""
    wire = b"".join(bytes([len(label)]) + label for label in (*name, b""))
    return Question(name, lower(name), qtype, CLASS_IN, wire + _TYPE_CLASS.pack(qtype, CLASS_IN))


@value
class Record:
    """Where one record stands. ``rclass`` and ``ttl`` mean something else in an OPT."""

    section: int
    start: int
    end: int
    rtype: int
    rclass: int
    ttl: int
    rdata: int


ANSWER, AUTHORITY, ADDITIONAL = 1, 2, 3
# A plain number: to compare with a member of an enum takes three times as long.
_OPT = int(Type.OPT)


@value
class Message:
    """A scanned message. ``body`` is where the records begin, ``end`` where they end."""

    wire: bytes
    id: int
    flags: int
    question: Question
    records: tuple[Record, ...]
    body: int
    end: int

    @property
    def opcode(self) -> int:
        """Bits 1..4 of the flags."""
        return self.flags >> 11 & 0xF

    @property
    def rcode(self) -> int:
        """The rcode, with the upper bits that an OPT carries (RFC 6891 6.1.3)."""
        opt = self.opt
        return (self.flags & 0xF) | (opt.ttl >> 24 << 4 if opt else 0)

    @property
    def opt(self) -> Record | None:
        """The first OPT record of the additional section."""
        for record in self.records:
            if record.rtype == _OPT and record.section == ADDITIONAL:
                return record
        return None


def scan(wire: bytes) -> Message:
    """Scan one message with exactly one question.

    Raises :class:`MalformedMessage`. Bytes after the last record are left to the caller's policy:
    they lie between ``end`` and ``len(wire)``.
    """
    if len(wire) < HEADER.size:
        raise MalformedMessage(f"{len(wire)} bytes are no header")
    message_id, flags, questions, *counts = HEADER.unpack_from(wire)
    if questions != 1:
        raise MalformedMessage(f"{questions} questions")
    question, body = scan_question(wire)
    # A record takes 11 bytes at least: no count is believed that the message cannot hold.
    if sum(counts) * 11 > len(wire) - body:
        raise MalformedMessage(f"{sum(counts)} records in {len(wire) - body} bytes")
    records = []
    offset = body
    for section, count in enumerate(counts, start=ANSWER):
        for _ in range(count):
            record = _scan_record(wire, offset, section)
            records.append(record)
            offset = record.end
    return Message(wire, message_id, flags, question, tuple(records), body, offset)


def scan_question(wire: bytes) -> tuple[Question, int]:
    """The question of a message, and the offset behind it. Raises :class:`MalformedMessage`."""
    labels = []
    offset = HEADER.size
    try:
        while length := wire[offset]:
            if length > 63:
                raise MalformedMessage("a pointer or an unknown label type in the question")
            label = wire[offset + 1 : offset + 1 + length]
            labels.append(label)
            offset += 1 + length
        offset += 1
        qtype, qclass = _TYPE_CLASS.unpack_from(wire, offset)
    except (IndexError, struct.error) as error:
        raise MalformedMessage("the question is cut off") from error
    if offset - HEADER.size > NAME_MAX:
        raise MalformedMessage("the name of the question is over 255 bytes")
    name = tuple(labels)
    end = offset + _TYPE_CLASS.size
    return Question(name, lower(name), qtype, qclass, wire[HEADER.size : end]), end


def edns_options(wire: bytes, opt: Record) -> Iterator[tuple[int, bytes]]:
    """Code and data of each option of an OPT.

    Raises :class:`MalformedMessage` at the end if they do not fill it exactly (RFC 6891 6.1.2).
    """
    offset = opt.rdata
    while offset + _OPTION.size <= opt.end:
        code, length = _OPTION.unpack_from(wire, offset)
        offset += _OPTION.size
        yield code, wire[offset : offset + length]
        offset += length
    if offset != opt.end:
        raise MalformedMessage("the options of an OPT do not add up")


def _scan_record(wire: bytes, start: int, section: int) -> Record:
    offset = _skip_name(wire, start)
    try:
        rtype, rclass, ttl, length = _RECORD.unpack_from(wire, offset)
    except struct.error as error:
        raise MalformedMessage("a record is cut off") from error
    rdata = offset + _RECORD.size
    if rdata + length > len(wire):
        raise MalformedMessage("the data of a record is cut off")
    return Record(section, start, rdata + length, rtype, rclass, ttl, rdata)


def _skip_name(wire: bytes, offset: int) -> int:
    start = offset
    try:
        while length := wire[offset]:
            if length >= 0xC0:
                if (length & 0x3F) << 8 | wire[offset + 1] >= start:
                    raise MalformedMessage("a name points forward")
                return offset + 2
            if length > 63 or offset - start > NAME_MAX:
                raise MalformedMessage("a name is no name")
            offset += 1 + length
    except IndexError as error:
        raise MalformedMessage("a name is cut off") from error
    return offset + 1
