"""Records as values, and a whole reply in wire form, packed by dnslib.

dnslib packs well and parses badly; nothing is parsed here. Its one fault in packing is mended
below: it writes compression pointers past the 16383 bytes that a pointer can express.
"""

import ipaddress
from dataclasses import dataclass, field
from typing import Any

import dnslib
from dnslib.label import DNSBuffer

from dnsproxy.core.names import NAME_MAX, Name
from dnsproxy.core.wire import AA, CLASS_IN, HEADER, QR, Question, Rcode, Type

_POINTER_MAX = 0x3FFF


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782."""

    priority: int
    weight: int
    port: int
    target: Name


@dataclass(frozen=True, slots=True)
class Soa:
    """RFC 1035 3.3.13; times in seconds."""

    mname: Name
    rname: Name
    serial: int
    refresh: int
    retry: int
    expire: int
    minimum: int


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One record; ``ttl`` in seconds. A bare name as data is a CNAME or NS target."""

    owner: Name
    rtype: Type
    ttl: int
    data: Address | Srv | Soa | Name


@dataclass(frozen=True, slots=True)
class Answer:
    """What a zone of our own says to a question."""

    rcode: Rcode = Rcode.NOERROR
    answer: list[ResourceRecord] = field(default_factory=list)
    authority: list[ResourceRecord] = field(default_factory=list)
    additional: list[ResourceRecord] = field(default_factory=list)


class _Buffer(DNSBuffer):  # type: ignore[misc]  # dnslib ships no types
    """Forgets the names that a pointer cannot reach, so that they are never pointed to."""

    names: dict[tuple[bytes, ...], int]

    def encode_name(self, name: Any) -> None:
        known = self.names
        # A name that begins before the limit may have labels behind it.
        if self.offset + NAME_MAX > _POINTER_MAX:
            self.names = dict(known)
        super().encode_name(name)
        self.names = known


def pack(question: Question, answer: Answer) -> bytes:
    """A whole authoritative reply with id 0, of any length: cutting it is the client's matter."""
    sections = (answer.answer, answer.authority, answer.additional)
    buffer = _Buffer()
    flags = QR | AA | answer.rcode
    buffer.append(HEADER.pack(0, flags, 1, *map(len, sections)))
    buffer.encode_name(dnslib.DNSLabel(question.name))
    buffer.pack("!HH", question.qtype, question.qclass)
    for section in sections:
        for record in section:
            _record(record).pack(buffer)
    return bytes(buffer.data)


def _record(record: ResourceRecord) -> dnslib.RR:
    return dnslib.RR(
        dnslib.DNSLabel(record.owner), int(record.rtype), CLASS_IN, record.ttl, _data(record)
    )


def _data(record: ResourceRecord) -> dnslib.RD:
    match record.data:
        case ipaddress.IPv4Address() as address:
            return dnslib.A(tuple(address.packed))
        case ipaddress.IPv6Address() as address:
            return dnslib.AAAA(tuple(address.packed))
        case Srv(priority, weight, port, target):
            return dnslib.SRV(priority, weight, port, dnslib.DNSLabel(target))
        case Soa() as soa:
            times = (soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum)
            return dnslib.SOA(dnslib.DNSLabel(soa.mname), dnslib.DNSLabel(soa.rname), times)
        case target:
            kind = dnslib.NS if record.rtype == Type.NS else dnslib.CNAME
            return kind(dnslib.DNSLabel(target))
