"""DNS messages on the wire, read record by record.

A reader of the tests' own: the product's would make its own mistakes twice, and a library's sets of
records would merge identical ones.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

Labels = tuple[bytes, ...]

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPCODE = 0x7800
DO = 0x8000
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
CNAME, SOA, OPT = 5, 6, 41

# Where names stand in the data of a record: N a name, digits that many bytes, s a length and as
# many bytes, * the rest. All types that were ever sent compressed (RFC 3597 4), and SVCB, HTTPS.
_LAYOUTS = {
    **dict.fromkeys((2, 5, 7, 8, 9, 12, 39), "N"),
    **dict.fromkeys((14, 17), "NN"),
    **dict.fromkeys((15, 18, 21, 36), "2N"),
    **dict.fromkeys((64, 65), "2N*"),
    6: "NN*",
    26: "2NN",
    33: "6N",
    35: "4sssN",
}


class NotDns(ValueError):
    """Bytes that are no DNS message; the words say where."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record; ``data`` without compression. ``folded`` is it with its names in lower case."""

    owner: Labels
    rtype: int
    rclass: int
    ttl: int
    data: bytes
    folded: bytes = field(compare=False, repr=False, default=b"")

    @property
    def size(self) -> int:
        """Bytes that it takes at most."""
        return wire_length(self.owner) + 10 + len(self.data)


Section = tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Opt:
    """The OPT of a message (RFC 6891); ``rcode`` holds the upper eight bits."""

    size: int
    rcode: int
    version: int
    flags: int
    options: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message; ``flags`` without the rcode, ``rcode`` whole, ``additional`` without the OPT."""

    size: int
    id: int
    flags: int
    rcode: int
    question: tuple[Labels, int, int] | None
    answer: Section
    authority: Section
    additional: Section
    opt: Opt | None

    @property
    def sections(self) -> tuple[Section, Section, Section]:
        """The three of them."""
        return self.answer, self.authority, self.additional


def wire_length(name: Labels) -> int:
    """Bytes of a name without compression."""
    return sum(map(len, name)) + len(name) + 1


def write_name(name: Labels) -> bytes:
    """A name without compression."""
    return b"".join(bytes([len(label)]) + label for label in name) + b"\0"


def lower(name: Labels) -> Labels:
    """For comparing (RFC 4343)."""
    return tuple(label.lower() for label in name)


def read(wire: bytes) -> Message:
    """The message in a packet, all of it. Raises NotDns."""
    try:
        return _read(wire)
    except (IndexError, struct.error) as error:
        raise NotDns(f"cut off: {error}") from error


def _read(wire: bytes) -> Message:
    message_id, flags, questions, *counts = struct.unpack_from("!6H", wire)
    offset = 12
    question = None
    if questions > 1:
        raise NotDns(f"{questions} questions")
    if questions:
        name, offset = _name(wire, offset)
        question = (name, *struct.unpack_from("!2H", wire, offset))
        offset += 4
    sections: list[list[Record]] = []
    for count in counts:
        sections.append([])
        for _ in range(count):
            record, offset = _record(wire, offset)
            sections[-1].append(record)
    if offset != len(wire):
        raise NotDns(f"{len(wire) - offset} bytes behind the last record")
    opt = _take_opt(sections)
    rcode = flags & 0xF | (opt.rcode << 4 if opt else 0)
    answer, authority, additional = map(tuple, sections)
    return Message(
        len(wire), message_id, flags & ~0xF, rcode, question, answer, authority, additional, opt
    )


def _take_opt(sections: list[list[Record]]) -> Opt | None:
    found = [record for section in sections for record in section if record.rtype == OPT]
    if not found:
        return None
    if len(found) > 1 or found[0] not in sections[2] or found[0].owner:
        raise NotDns("an OPT twice, outside the additional section, or not at the root")
    sections[2].remove(found[0])
    rcode, version, flags = struct.unpack("!BBH", found[0].ttl.to_bytes(4, "big"))
    return Opt(found[0].rclass, rcode, version, flags, found[0].data)


def _record(wire: bytes, offset: int) -> tuple[Record, int]:
    owner, offset = _name(wire, offset)
    rtype, rclass, ttl, length = struct.unpack_from("!HHIH", wire, offset)
    offset += 10
    end = offset + length
    if end > len(wire):
        raise NotDns("the data of a record is cut off")
    data = folded = b""
    for part, part_folded in _parts(wire, offset, end, _LAYOUTS.get(rtype, "*")):
        data += part
        folded += part_folded
    return Record(owner, rtype, rclass, ttl, data, folded), end


def _parts(wire: bytes, offset: int, end: int, layout: str) -> Iterator[tuple[bytes, bytes]]:
    """The pieces of a record's data, as they are and with names in lower case."""
    if offset == end:
        return
    for kind in layout:
        start = offset
        if kind == "N":
            name, offset = _name(wire, offset)
            yield write_name(name), write_name(lower(name))
            continue
        match kind:
            case "s":
                offset += 1 + wire[offset]
            case "*":
                offset = end
            case _:
                offset += int(kind)
        yield wire[start:offset], wire[start:offset]
    if offset != end:
        raise NotDns(f"the data of a record ends at {end}, what is in it at {offset}")


def _name(wire: bytes, offset: int) -> tuple[Labels, int]:
    """A name and where what follows it begins."""
    labels: list[bytes] = []
    behind = 0
    start = offset
    while length := wire[offset]:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | wire[offset + 1]
            if target >= start:
                raise NotDns(f"the pointer at {offset} points forward")
            behind = behind or offset + 2
            offset = start = target
            continue
        if length > 63 or offset + 1 + length > len(wire):
            raise NotDns(f"no label at {offset}")
        labels.append(wire[offset + 1 : offset + 1 + length])
        offset += 1 + length
    if wire_length(tuple(labels)) > 255:
        raise NotDns("a name over 255 bytes")
    return tuple(labels), behind or offset + 1
