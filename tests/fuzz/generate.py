"""Messages at random, by a seed: valid ones of every kind, and what becomes of them by accident."""

import random
import struct

from tests.dnsproxy.worst_replies import pointer, record

_TYPES = (1, 2, 5, 6, 12, 14, 15, 16, 28, 33, 35, 39, 99, 255, 65280)
_PLAIN = (b"www", b"Consul", b"service", b"_tcp", b"example", b"X" * 63)
# dnslib reads no message with such a label, so most have none.
_ODD = (*_PLAIN, b"a.b", b"\0", b"\xff\xfe", b"\\", b" ")
_CLASSES = (1, 1, 1, 1, 1, 1, 3, 255)
# Type -> bytes in front of the one name in its data; type -> bytes of its data.
_FRONTS = {2: 0, 5: 0, 12: 0, 39: 0, 15: 2, 33: 6}
_SIZES = {1: 4, 28: 16}
_TTLS = (0, 60, 86400, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


class Generator:
    """A row of messages that a seed determines."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._places: list[int] = []
        self._labels: tuple[bytes, ...] = _PLAIN

    def message(self) -> bytes:
        """The next one: half of them valid, the others changed."""
        wire = self._valid()
        return wire if self._random.random() < 0.5 else self.changed(wire)

    def changed(self, wire: bytes) -> bytes:
        """The message after one to three accidents."""
        data = bytearray(wire)
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            self._random.choice(_CHANGES)(self._random, data)
        return bytes(data)

    def _valid(self) -> bytes:
        chance = self._random
        self._places = []
        self._labels = _ODD if chance.random() < 0.2 else _PLAIN
        body = bytearray(self._name(12))
        body += struct.pack("!HH", chance.choice(_TYPES), chance.choice(_CLASSES))
        counts = [chance.choice((0, 0, 1, 1, 2, 5)) for _ in range(3)]
        for _ in range(sum(counts)):
            body += self._record(12 + len(body))
        if chance.random() < 0.4:
            counts[2] += 1
            body += self._opt()
        flags = chance.choice((0x0100, 0x8180, 0x8583, 0x8400, chance.getrandbits(16)))
        return struct.pack("!6H", chance.getrandbits(16), flags, 1, *counts) + bytes(body)

    def _name(self, at: int) -> bytes:
        """Some labels, then the root or a pointer to a name that is there already."""
        chance = self._random
        wire = b""
        for _ in range(chance.choice((0, 1, 1, 2, 3, 4))):
            label = chance.choice(self._labels)
            self._places.append(at + len(wire))
            wire += bytes([len(label)]) + label
        before = [place for place in self._places if place < at]
        if before and chance.random() < 0.7:
            return wire + pointer(chance.choice(before))
        return wire + b"\0"

    def _record(self, at: int) -> bytes:
        chance = self._random
        owner = self._name(at)
        rtype = chance.choice(_TYPES)
        data = self._data(rtype, at + len(owner) + 10)
        made = record(owner, rtype, data, ttl=chance.choice(_TTLS))
        rclass = struct.pack("!H", chance.choice(_CLASSES))
        return made[: len(owner) + 2] + rclass + made[len(owner) + 4 :]

    def _data(self, rtype: int, at: int) -> bytes:
        chance = self._random
        if rtype in _FRONTS:
            front = chance.randbytes(_FRONTS[rtype])
            return front + self._name(at + len(front))
        if rtype in {6, 14}:
            first = self._name(at)
            both = first + self._name(at + len(first))
            return both + (chance.randbytes(20) if rtype == 6 else b"")
        if rtype == 35:
            return b"\0\1\0\1\1u\3sip\0" + self._name(at + 11)
        if rtype in {16, 99}:
            return b"".join(bytes([n]) + chance.randbytes(n) for n in (0, 3, chance.randrange(40)))
        return chance.randbytes(_SIZES.get(rtype, chance.randrange(12)))

    def _opt(self) -> bytes:
        chance = self._random
        data = b"".join(
            struct.pack("!HH", chance.choice((3, 8, 10, 12, 65001)), length) + bytes(length)
            for length in chance.choice(((), (8,), (0, 24)))
        )
        size, ttl = chance.choice((512, 1232, 4096)), chance.choice((0, 0x8000, 0x10000))
        return b"\0" + struct.pack("!HHIH", 41, size, ttl, len(data)) + data


def _flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.getrandbits(8)


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _insert(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 4)))


def _point(chance: random.Random, data: bytearray) -> None:
    if len(data) > 14:
        at = chance.randrange(12, len(data) - 1)
        data[at : at + 2] = pointer(chance.randrange(len(data) + 2))


def _count(chance: random.Random, data: bytearray) -> None:
    if len(data) >= 12:
        at = chance.choice((4, 6, 8, 10))
        data[at : at + 2] = chance.choice((0, 1, 2, 3, 65535)).to_bytes(2, "big")


def _append(chance: random.Random, data: bytearray) -> None:
    data += chance.randbytes(chance.choice((1, 11, 40)))


_CHANGES = (_flip, _flip, _cut, _insert, _point, _count, _append)
