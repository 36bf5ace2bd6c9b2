"""Resource records and replies as values, independent of where they stood in a message.

A message is taken apart only after :func:`~dnsproxy.core.wire.scan` has accepted its outline. Names
inside the data of a record are read for the types whose senders may have compressed them (RFC 3597
section 4); all other data is carried as it came, so unknown types pass.
"""

import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dnsproxy.core.edns import ExtendedError
from dnsproxy.core.names import Name
from dnsproxy.core.pointers import NameReader
from dnsproxy.core.values import value
from dnsproxy.core.wire import (
    AA,
    AD,
    ADDITIONAL,
    ANSWER,
    AUTHORITY,
    CLASS_IN,
    TC,
    Message,
    Rcode,
    Record,
    Type,
)
from dnsproxy.errors import MalformedMessage

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# The data of a record in order: plain bytes, and names that may be written as pointers.
Rdata = tuple[bytes | Name, ...]

# What the parts of a layout mean that are no number of bytes.
_NAME, _STRING, _REST = -1, -2, -3
_LAYOUTS: dict[int, tuple[int, ...]] = {
    Type.A: (4,),
    Type.NS: (_NAME,),
    3: (_NAME,),
    4: (_NAME,),
    Type.CNAME: (_NAME,),
    Type.SOA: (_NAME, _NAME, 20),
    7: (_NAME,),
    8: (_NAME,),
    9: (_NAME,),
    Type.PTR: (_NAME,),
    14: (_NAME, _NAME),
    Type.MX: (2, _NAME),
    17: (_NAME, _NAME),
    18: (2, _NAME),
    21: (2, _NAME),
    24: (18, _NAME, _REST),
    26: (2, _NAME, _NAME),
    Type.AAAA: (16,),
    30: (_NAME, _REST),
    Type.SRV: (6, _NAME),
    Type.NAPTR: (4, _STRING, _STRING, _STRING, _NAME),
    36: (2, _NAME),
    Type.DNAME: (_NAME,),
}
_OPAQUE = (_REST,)
# A plain number: to compare with a member of an enum takes three times as long.
_OPT = int(Type.OPT)
_TTL_MAX = 0x7FFFFFFF
_SOA_TIMES = struct.Struct("!5I")
_SRV = struct.Struct("!3H")


@value
class ResourceRecord:
    """One record; ``ttl`` in seconds."""

    owner: Name
    rtype: int
    ttl: int
    rdata: Rdata
    rclass: int = CLASS_IN

    @property
    def target(self) -> Name | None:
        """The first name in the data: where a CNAME, NS, PTR, MX or SRV points to."""
        return next((part for part in self.rdata if isinstance(part, tuple)), None)

    def aged(self, ttl: int) -> "ResourceRecord":
        """The same with another TTL."""
        return self if ttl == self.ttl else replace(self, ttl=ttl)


Records = tuple[ResourceRecord, ...]


@value
class Reply:
    """What somebody says to a question, without header, question and OPT: those are hop by hop.

    ``authoritative`` and ``authentic`` are the AA and AD bits, ``truncated`` TC: records are
    missing. ``stale`` marks an answer that is given because no current one could be had (RFC 8767).
    ``why`` is what we tell of it beside its rcode.
    ``size`` is how many bytes the message had that it came in, 0 if it came in none; ``has_opt``
    whether that spoke EDNS. ``udp_answers``: no client that takes 512 bytes gets more answers in
    one datagram, 0 if as many as fit.
    """

    rcode: int = Rcode.NOERROR
    answer: Records = ()
    authority: Records = ()
    additional: Records = ()
    authoritative: bool = False
    authentic: bool = False
    truncated: bool = False
    stale: bool = False
    why: tuple[ExtendedError, ...] = ()
    size: int = 0
    has_opt: bool = False
    udp_answers: int = 0

    @property
    def records(self) -> Iterable[ResourceRecord]:
        """All records of all sections."""
        return (*self.answer, *self.authority, *self.additional)

    @property
    def soa(self) -> ResourceRecord | None:
        """The SOA of the authority section, which tells how long a denial holds (RFC 2308)."""
        return next((record for record in self.authority if record.rtype == Type.SOA), None)

    @property
    def is_denial(self) -> bool:
        """Whether it says that there is no such name, or nothing of the type (RFC 2308 2)."""
        if self.rcode == Rcode.NXDOMAIN or not self.answer:
            return True
        # A CNAME with an SOA beside it: the chain ends at a name that lacks the type (2.2).
        return self.soa is not None and all(r.rtype == Type.CNAME for r in self.answer)


def unpack(message: Message) -> Reply:
    """The records of a scanned reply, OPT left out. Raises :class:`MalformedMessage`."""
    sections: dict[int, list[ResourceRecord]] = {ANSWER: [], AUTHORITY: [], ADDITIONAL: []}
    names = NameReader(message.wire)
    for record in message.records:
        if record.rtype != _OPT:
            sections[record.section].append(_resource_record(message.wire, record, names))
    return Reply(
        message.rcode,
        tuple(sections[ANSWER]),
        tuple(sections[AUTHORITY]),
        tuple(sections[ADDITIONAL]),
        authoritative=bool(message.flags & AA),
        authentic=bool(message.flags & AD),
        truncated=bool(message.flags & TC),
        size=len(message.wire),
        has_opt=message.opt is not None,
    )


def _resource_record(wire: bytes, record: Record, names: NameReader) -> ResourceRecord:
    owner, _ = names.read(record.start)
    # One with the top bit set means a long time (RFC 8767 4, which replaces RFC 2181 8: none); the
    # zone's own limit covers it like any other that nobody means.
    ttl = min(record.ttl, _TTL_MAX)
    return ResourceRecord(owner, record.rtype, ttl, _rdata(wire, record, names), record.rclass)


def _rdata(wire: bytes, record: Record, names: NameReader) -> Rdata:
    layout = _LAYOUTS.get(record.rtype, _OPAQUE) if record.rclass == CLASS_IN else _OPAQUE
    parts: list[bytes | Name] = []
    offset = record.rdata
    for part in layout:
        if part == _NAME:
            name, offset = names.read(offset)
            parts.append(name)
            continue
        length = record.end - offset if part == _REST else part
        if part == _STRING:
            length = 1 + wire[offset] if offset < record.end else 1
        parts.append(wire[offset : offset + length])
        offset += length
        if offset > record.end:
            break
    if offset != record.end:
        raise MalformedMessage(f"the data of a record of type {record.rtype} does not add up")
    return tuple(parts)


def address(owner: Name, ip: Address, ttl: int) -> ResourceRecord:
    """An A or AAAA record."""
    return ResourceRecord(owner, Type.A if ip.version == 4 else Type.AAAA, ttl, (ip.packed,))


def pointing(owner: Name, rtype: Type, target: Name, ttl: int) -> ResourceRecord:
    """A record whose data is one name: CNAME, NS or PTR."""
    return ResourceRecord(owner, rtype, ttl, (target,))


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782."""

    priority: int
    weight: int
    port: int
    target: Name

    def record(self, owner: Name, ttl: int) -> ResourceRecord:
        """As a record. A port beyond 16 bits wraps, as Consul's does."""
        numbers = _SRV.pack(self.priority, self.weight & 0xFFFF, self.port & 0xFFFF)
        return ResourceRecord(owner, Type.SRV, ttl, (numbers, self.target))

    @classmethod
    def of(cls, record: ResourceRecord) -> "Srv":
        """What an SRV record says."""
        numbers, target = record.rdata
        assert isinstance(numbers, bytes)
        assert isinstance(target, tuple)
        priority, weight, port = _SRV.unpack(numbers)
        return cls(priority, weight, port, target)


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

    def record(self, owner: Name, ttl: int) -> ResourceRecord:
        """As a record."""
        times = _SOA_TIMES.pack(self.serial, self.refresh, self.retry, self.expire, self.minimum)
        return ResourceRecord(owner, Type.SOA, ttl, (self.mname, self.rname, times))


def soa_minimum(record: ResourceRecord) -> int:
    """The last number of an SOA: how long a denial may be remembered (RFC 2308 4)."""
    times = record.rdata[-1]
    assert isinstance(times, bytes)
    return int(_SOA_TIMES.unpack(times)[-1])
