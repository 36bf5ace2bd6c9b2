"""Questions from a seed: names of a vocabulary, in all spellings, types, sizes and flags."""

import os
import random
import secrets
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dns.name
import dns.rdatatype

from tests.e2e.differential.wire import AD, CD, DO, RD, Labels, lower, write_name

SEED = "SEAMARK_DIFFERENTIAL_SEED"
COUNT = 2000

MAIN = ("A", "AAAA", "SRV", "ANY", "TXT", "SOA", "NS", "MX", "CNAME", "PTR")
RARE = ("DS", "DNSKEY", "HTTPS", "SVCB", "CAA", "NAPTR", "HINFO", "DNAME", "TYPE65280", "TYPE0")
TRANSFERS = {251: "IXFR", 252: "AXFR", 253: "MAILB", 254: "MAILA"}
IN, CH, HS, NONE, ANY_CLASS = 1, 3, 4, 254, 255


@dataclass(frozen=True, slots=True)
class Question:
    """One packet of a client. ``edns`` is its UDP size, None without an OPT."""

    name: Labels
    qtype: int
    qclass: int = IN
    edns: int | None = None
    version: int = 0
    flags: int = RD
    dnssec_ok: bool = False
    opcode: int = 0
    tcp: bool = False

    @property
    def key(self) -> tuple[Labels, int]:
        """What a server may take for the same question."""
        return lower(self.name), self.qtype

    @property
    def limit(self) -> int:
        """Bytes that the client takes in one reply (RFC 6891 6.2.3)."""
        return 65535 if self.tcp else max(self.edns or 0, 512)

    def wire(self, message_id: int) -> bytes:
        """The packet."""
        flags = self.flags | self.opcode << 11
        packet = struct.pack("!6H", message_id, flags, 1, 0, 0, int(self.edns is not None))
        packet += write_name(self.name) + struct.pack("!2H", self.qtype, self.qclass)
        if self.edns is not None:
            ttl = self.version << 16 | (DO if self.dnssec_ok else 0)
            packet += struct.pack("!BHHIH", 0, 41, self.edns, ttl, 0)
        return packet

    def __str__(self) -> str:
        words = [
            dns.name.Name((*self.name, b"")).to_text(),
            dns.rdatatype.to_text(dns.rdatatype.RdataType.make(self.qtype)),
        ]
        words += [f"class {self.qclass}"] if self.qclass != IN else []
        words += [f"opcode {self.opcode}"] if self.opcode else []
        words += [f"edns {self.edns} v{self.version}"] if self.edns is not None else []
        bits = {"rd": RD, "ad": AD, "cd": CD}
        words += [word for word, bit in bits.items() if self.flags & bit]
        words += ["do"] if self.dnssec_ok else []
        return " ".join([*words, "over TCP" if self.tcp else "over UDP"])


def name(text: str) -> Labels:
    r"""The labels of a name as in a zone file, ``\DDD`` and all."""
    return dns.name.from_text(text).labels[:-1]


def qtype(text: str) -> int:
    """The number of a type."""
    return int(dns.rdatatype.from_text(text))


def seed() -> int:
    """The seed of this run: new each time, unless one is given to run that one again."""
    given = os.environ.get(SEED)
    return int(given) if given else secrets.randbits(32)


def generate(
    number: int, names: Sequence[Labels], first: Sequence[Question], count: int = COUNT
) -> list[Question]:
    """``count`` questions: ``first``, then every name with the main types, then at random."""
    rng = random.Random(number)
    found = [*first, *_all_pairs(rng, names, count)]
    while len(found) < count:
        found.append(_at_random(rng, names))
    # Those that must be asked come first, and stay.
    found = found[:count]
    rng.shuffle(found)
    return found


def odd_names(rng: random.Random, below: Labels) -> Iterator[Labels]:
    """Names below a zone that no person would choose, and every server must take."""
    for label in (b" ", b"\0", b"a.b", b"*", b"\xff\x80", b"\\", b'"', b"A" * 63, b"xn--nxa", b"-"):
        yield (label, *below)
    longest = list(below)
    while (room := 255 - sum(map(len, longest)) - len(longest) - 1) > 1:
        # A label takes two bytes at least: none may be left over.
        longest.insert(0, b"x" * min(62 if room == 65 else 63, room - 1))
    yield tuple(longest)
    for _ in range(5):
        yield (rng.randbytes(rng.randint(1, 63)), *below)


def _all_pairs(rng: random.Random, names: Sequence[Labels], count: int) -> Iterator[Question]:
    pairs = [(one, text) for one in names for text in MAIN]
    for one, text in rng.sample(pairs, min(len(pairs), count * 2 // 3)):
        yield _dressed(rng, one, qtype(text))


def _at_random(rng: random.Random, names: Sequence[Labels]) -> Question:
    return _dressed(rng, rng.choice(names), qtype(rng.choice(MAIN + RARE)))


def _dressed(rng: random.Random, one: Labels, number: int) -> Question:
    """A question as some client would spell and send it."""
    edns = rng.choice([None, None, 512, 1232, 1232, 4096])
    return Question(
        name=_spelled(rng, one),
        qtype=number,
        edns=edns,
        flags=sum(bit for bit, odds in ((RD, 0.9), (AD, 0.2), (CD, 0.2)) if rng.random() < odds),
        dnssec_ok=edns is not None and rng.random() < 0.3,
        tcp=rng.random() < 0.2,
    )


def _spelled(rng: random.Random, one: Labels) -> Labels:
    how = rng.choice(["as it is", "as it is", "upper", "at random"])
    if how == "as it is":
        return one
    if how == "upper":
        return tuple(label.upper() for label in one)
    return tuple(
        bytes(rng.choice((bytes([byte]).lower(), bytes([byte]).upper()))[0] for byte in label)
        for label in one
    )
