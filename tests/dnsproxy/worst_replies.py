"""Replies that cost as much as a sender can make them cost, each as large as a message can be.

They are written by hand: no library writes such compression. All answer the question that is given
to them, with its id left at 0.
"""

import struct
from collections.abc import Callable

SIZE = 65_000
_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_QUESTION_AT = 12
A, CNAME, MINFO, SRV, SOA, NAPTR, DNAME = 1, 5, 14, 33, 6, 35, 39

# The number of a record, and where in the message it will stand -> its bytes.
Write = Callable[[int, int], bytes]


def pointer(offset: int) -> bytes:
    """Two bytes that stand for the name at an offset."""
    return struct.pack("!H", 0xC000 | offset)


def long_name(label: bytes = b"l") -> bytes:
    """125 labels, 251 bytes: room for one more in front."""
    return (b"\1" + label) * 125 + b"\0"


def record(owner: bytes, rtype: int, data: bytes, ttl: int = 60) -> bytes:
    """One record of class IN."""
    return owner + _RECORD.pack(rtype, 1, ttl, len(data)) + data


def reply(question: bytes, write: Write, *, first: bytes = b"", size: int = SIZE) -> bytes:
    """As many answers as fit into ``size``, behind one record that is given (or none)."""
    body = bytearray(first)
    begin = _QUESTION_AT + len(question)
    number = 0
    while len(more := write(number, begin + len(body))) + begin + len(body) <= size:
        body += more
        number += 1
    answers = number + (1 if first else 0)
    return _HEADER.pack(0, 0x8180, 1, answers, 0, 0) + question + bytes(body)


def _label(number: int) -> bytes:
    """One of 40,000 different labels of two bytes, with its length."""
    return bytes([2, 33 + number // 200 % 200, 33 + number % 200])


def _addresses(question: bytes) -> bytes:
    """The ordinary one: an address each, the question's name as owner."""
    return reply(question, lambda n, _: record(pointer(12), A, n.to_bytes(4, "big")))


def _under_a_long_owner(question: bytes) -> bytes:
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))
    return reply(question, lambda n, _: record(pointer(at), A, n.to_bytes(4, "big")), first=first)


def _each_its_own_owner(question: bytes) -> bytes:
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))
    return reply(
        question,
        lambda n, _: record(_label(n) + pointer(at), A, n.to_bytes(4, "big")),
        first=first,
    )


def _as_many_labels_as_may_be(question: bytes) -> bytes:
    """So few of the records before that all are read."""
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))

    def write(number: int, _: int) -> bytes:
        owner = _label(number) if number < 255 else b""
        return record(owner + pointer(at), A, number.to_bytes(4, "big"))

    return reply(question, write, first=first)


def _pointers_in_data(question: bytes) -> bytes:
    """Three names of 126 labels in 22 bytes."""
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))
    return reply(
        question, lambda n, _: record(pointer(at), MINFO, pointer(at) + pointer(at)), first=first
    )


def _names_in_data(question: bytes) -> bytes:
    """The same with a label in front of each, so that no two are alike."""
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))

    def write(number: int, _: int) -> bytes:
        data = _label(2 * number) + pointer(at) + _label(2 * number + 1) + pointer(at)
        return record(pointer(at), MINFO, data)

    return reply(question, write, first=first)


def _chains_of_pointers(question: bytes) -> bytes:
    """Every name leads through as many pointers as it can to the longest one, each its own way."""
    first = record(long_name(), A, bytes(4))
    start = _QUESTION_AT + len(question)
    chain: list[int] = [start]

    def write(number: int, at: int) -> bytes:
        # Pointers to pointers in the data of an unknown type; then names through them.
        hops = b""
        target = start
        for hop in range(14):
            hops += pointer(target)
            target = at + 12 + 2 * hop
        if target > 0x3FFF:
            return record(pointer(chain[number % len(chain)]), A, bytes(4))
        chain.append(target)
        return record(pointer(start), 65280, hops)

    return reply(question, write, first=first)


def _services(question: bytes) -> bytes:
    """SRV: names that are written out when they are sent on (RFC 2782)."""
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))
    return reply(
        question,
        lambda n, _: record(pointer(12), SRV, n.to_bytes(6, "big") + _label(n) + pointer(at)),
        first=first,
    )


def _naming_authorities(question: bytes) -> bytes:
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))
    return reply(
        question,
        lambda n, _: record(
            pointer(12), NAPTR, n.to_bytes(4, "big") + b"\0\0\0" + _label(n) + pointer(at)
        ),
        first=first,
    )


def _chain_of_aliases(question: bytes) -> bytes:
    """Each CNAME leads to the next one's owner."""

    def write(number: int, at: int) -> bytes:
        owner = pointer(12) if not number else _label(number) + b"\0"
        return record(owner, CNAME, _label(number + 1) + b"\0")

    return reply(question, write)


def _long_chain_of_aliases(question: bytes) -> bytes:
    """The same with names of 126 labels."""
    at = _QUESTION_AT + len(question)
    first = record(long_name(), A, bytes(4))

    def write(number: int, _: int) -> bytes:
        owner = pointer(12) if not number else _label(number) + pointer(at)
        return record(owner, CNAME, _label(number + 1) + pointer(at))

    return reply(question, write, first=first)


def _names_without_pointers(question: bytes) -> bytes:
    """127 labels of one byte in each, all different in the last but one."""

    def write(number: int, _: int) -> bytes:
        name = (b"\1" + bytes([33 + number % 200])) * 126 + b"\0"
        return record(name, 65280, b"")

    return reply(question, write)


def _empty_records(question: bytes) -> bytes:
    """As many records as there can be: at the root, without data."""
    return reply(question, lambda n, _: record(b"\0", 65280, b""))


WORST: dict[str, Callable[[bytes], bytes]] = {
    "addresses": _addresses,
    "one long owner": _under_a_long_owner,
    "long owners": _each_its_own_owner,
    "labels to the limit": _as_many_labels_as_may_be,
    "pointers in data": _pointers_in_data,
    "names in data": _names_in_data,
    "chains of pointers": _chains_of_pointers,
    "SRV": _services,
    "NAPTR": _naming_authorities,
    "CNAMEs": _chain_of_aliases,
    "long CNAMEs": _long_chain_of_aliases,
    "no pointers": _names_without_pointers,
    "empty records": _empty_records,
}
