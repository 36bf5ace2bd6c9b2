"""A packet for each row of docs/reference/odd-packets.md, and what each gets."""

import struct

from dnsproxy.core.wire import HEADER, Rcode
from tests.dnsproxy.packets import query_wire

PLAIN = query_wire("web.example")
EDNS = query_wire("web.example", size=1232)
OPT = EDNS[-11:]


def counts(wire: bytes, **changed: int) -> bytes:
    """The packet with other numbers in its header: id, flags, qd, an, ns, ar."""
    names = ("id", "flags", "qd", "an", "ns", "ar")
    values = dict(zip(names, HEADER.unpack_from(wire), strict=True)) | changed
    return HEADER.pack(*values.values()) + wire[12:]


def question(name: bytes, qtype: int = 1, qclass: int = 1) -> bytes:
    """A query for a name that is given in wire form."""
    return PLAIN[:12] + name + struct.pack("!HH", qtype, qclass)


def option(code: int, length: int, data: bytes) -> bytes:
    """An OPT with one option that says its length is ``length``."""
    body = struct.pack("!HH", code, length) + data
    return EDNS[:-2] + struct.pack("!H", len(body)) + body


RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1"
_LONG = (b"\x3f" + b"x" * 63) * 4 + b"\0"

# What gets silence.
UNANSWERED = {
    "a reply": counts(PLAIN, flags=0x8000),
    "a reply with another opcode": counts(PLAIN, flags=0x8000 | 5 << 11),
    "eleven bytes": PLAIN[:11],
    "one byte": b"\x12",
}
REFUSED: dict[str, tuple[bytes, Rcode]] = {
    "no question": (counts(PLAIN, qd=0), Rcode.FORMERR),
    "a header alone": (counts(PLAIN[:12], qd=0), Rcode.FORMERR),
    "two questions": (counts(PLAIN, qd=2), Rcode.FORMERR),
    "two real questions": (counts(PLAIN + PLAIN[12:], qd=2), Rcode.FORMERR),
    "65,535 questions": (counts(PLAIN, qd=65535), Rcode.FORMERR),
    "IQUERY": (counts(PLAIN, flags=1 << 11), Rcode.NOTIMP),
    "STATUS": (counts(PLAIN, flags=2 << 11), Rcode.NOTIMP),
    "NOTIFY": (counts(PLAIN, flags=4 << 11), Rcode.NOTIMP),
    "UPDATE": (counts(PLAIN, flags=5 << 11), Rcode.NOTIMP),
    "opcode 15": (counts(PLAIN, flags=15 << 11), Rcode.NOTIMP),
    "cut question": (PLAIN[:-2], Rcode.FORMERR),
    "cut name": (PLAIN[:15], Rcode.FORMERR),
    "no root at the end": (PLAIN[:12] + b"\3web", Rcode.FORMERR),
    "pointer to itself": (question(b"\xc0\x0c"), Rcode.FORMERR),
    "pointer in the question": (question(b"\3web\xc0\x0c"), Rcode.FORMERR),
    "pointer into the header": (question(b"\3web\xc0\0"), Rcode.FORMERR),
    "label type 01": (question(b"\x40" + b"x" * 64 + b"\0"), Rcode.FORMERR),
    "label type 10": (question(b"\x80" + b"x" * 64 + b"\0"), Rcode.FORMERR),
    "name of 257 bytes": (question(_LONG), Rcode.FORMERR),
    "trailing bytes": (PLAIN + b"x", Rcode.FORMERR),
    "answer in a query": (counts(PLAIN + RECORD, an=1), Rcode.FORMERR),
    "authority in a query": (counts(PLAIN + RECORD, ns=1), Rcode.FORMERR),
    "three additional records": (counts(PLAIN + RECORD * 3, ar=3), Rcode.FORMERR),
    "65,535 answers": (counts(PLAIN, an=65535), Rcode.FORMERR),
    "65,535 additional records": (counts(EDNS, ar=65535), Rcode.FORMERR),
    "cut record": (counts(PLAIN + RECORD[:-1], ar=1), Rcode.FORMERR),
    "two OPTs": (counts(EDNS + OPT, ar=2), Rcode.FORMERR),
    "OPT not at the root": (counts(PLAIN + b"\1x" + OPT, ar=1), Rcode.FORMERR),
    "OPT longer than the packet": (EDNS[:-2] + b"\0\4", Rcode.FORMERR),
    "option longer than its OPT": (option(65001, 5, b""), Rcode.FORMERR),
    "half an option": (EDNS[:-2] + b"\0\2\xfd\xe9", Rcode.FORMERR),
    "EDNS version 1": (EDNS[:-5] + b"\1" + EDNS[-4:], Rcode.BADVERS),
    "EDNS version 255": (EDNS[:-5] + b"\xff" + EDNS[-4:], Rcode.BADVERS),
    "class CH": (PLAIN[:-2] + b"\0\3", Rcode.REFUSED),
    "class ANY": (PLAIN[:-2] + b"\0\xff", Rcode.REFUSED),
    "AXFR": (PLAIN[:-4] + b"\0\xfc\0\1", Rcode.REFUSED),
    "IXFR": (PLAIN[:-4] + b"\0\xfb\0\1", Rcode.REFUSED),
    "MAILA": (PLAIN[:-4] + b"\0\xfe\0\1", Rcode.REFUSED),
    "MAILB": (PLAIN[:-4] + b"\0\xfd\0\1", Rcode.REFUSED),
}
# What looks odd and is answered like any other query.
ADMITTED = {
    "any bytes in a label": question(b"\4\0\xff.\\\7example\0"),
    "unknown type": question(b"\3web\7example\0", 65280),
    "the root": question(b"\0"),
    "127 labels": question(b"\1a" * 127 + b"\0"),
    "unknown option": option(65001, 3, b"abc"),
    "EDNS size 0": EDNS[:-8] + b"\0\0" + EDNS[-6:],
    "all flags": counts(PLAIN, flags=0x07F0),
}
ODD = UNANSWERED | {name: packet for name, (packet, _) in REFUSED.items()} | ADMITTED
