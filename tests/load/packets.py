"""Raw DNS packets: made once, read without a parser, so that load costs less than its answers."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

A, PTR, TXT, SRV, OPT, ANY = 1, 12, 16, 33, 41, 255
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
_EDE, _STALE = 15, 3
_TC = 0x0200


def address_of(name: str) -> bytes:
    """The one IPv4 address that a name has with us: who mixes up two names is found out."""
    return b"\x0a" + zlib.crc32(name.lower().encode()).to_bytes(4, "big")[1:]


def wire_name(name: str) -> bytes:
    """A name without a dot at its end, uncompressed."""
    labels = (label.encode() for label in name.split("."))
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def query(name: str, qtype: int = A, *, edns: int | None = 1232) -> bytes:
    """A query with RD set and id 0; ``edns`` is the size in its OPT record, None for no OPT."""
    head = struct.pack("!6H", 0, 0x0100, 1, 0, 0, 0 if edns is None else 1)
    opt = b"" if edns is None else struct.pack("!BHHIH", 0, OPT, edns, 0, 0)
    return head + wire_name(name) + struct.pack("!HH", qtype, 1) + opt


def with_id(packet: bytes, query_id: int) -> bytes:
    """The same packet under that id."""
    return query_id.to_bytes(2, "big") + packet[2:]


@dataclass(frozen=True, slots=True)
class Answer:
    """What matters of a reply; ``stale`` if its OPT says so (EDE 3, RFC 8914)."""

    rcode: int
    addresses: frozenset[bytes]
    records: int
    stale: bool
    truncated: bool


def read(packet: bytes) -> Answer:
    """A reply. Raises ValueError or IndexError or struct.error where it is none."""
    flags, questions, answers, authority, additional = struct.unpack_from("!5H", packet, 2)
    if not flags & 0x8000 or questions > 1:
        raise ValueError("no reply")
    addresses = set()
    stale = False
    at = _after_name(packet, 12) + 4 if questions else 12
    for number, (qtype, data) in enumerate(_records(packet, at, answers + authority + additional)):
        if qtype == A and number < answers:
            addresses.add(data)
        elif qtype == OPT:
            stale = _says_stale(data)
    return Answer(flags & 15, frozenset(addresses), answers, stale, bool(flags & _TC))


def _records(packet: bytes, at: int, count: int) -> Iterator[tuple[int, bytes]]:
    for _ in range(count):
        at = _after_name(packet, at)
        qtype, _, _, size = struct.unpack_from("!HHIH", packet, at)
        at += 10 + size
        if at > len(packet):
            raise ValueError("cut short")
        yield qtype, packet[at - size : at]


def _after_name(packet: bytes, at: int) -> int:
    while length := packet[at]:
        if length >= 0xC0:
            return at + 2
        at += 1 + length
    return at + 1


def _says_stale(options: bytes) -> bool:
    at = 0
    while at + 4 <= len(options):
        code, size = struct.unpack_from("!HH", options, at)
        if code == _EDE and int.from_bytes(options[at + 4 : at + 6], "big") == _STALE:
            return True
        at += 4 + size
    return False


def question_of(packet: bytes) -> tuple[str, int, int]:
    """Name in lower case, type, and where the question ends."""
    end = _after_name(packet, 12)
    labels = []
    at = 12
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    return ".".join(labels), int.from_bytes(packet[end : end + 2], "big"), end + 4


def reply(asked: bytes, *, rcode: int = 0, answers: bytes = b"", count: int = 0) -> bytes:
    """A reply with an OPT of its own if the query has one; records start with ``c00c``."""
    _, _, end = question_of(asked)
    has_opt = asked[11] == 1
    counts = struct.pack("!4H", 1, count, 0, int(has_opt))
    opt = struct.pack("!BHHIH", 0, OPT, 1232, 0, 0) if has_opt else b""
    return asked[:2] + struct.pack("!H", 0x8180 | rcode) + counts + asked[12:end] + answers + opt


def record(qtype: int, ttl: int, data: bytes) -> bytes:
    """A record of the name that was asked for."""
    return b"\xc0\x0c" + struct.pack("!HHIH", qtype, 1, ttl, len(data)) + data
