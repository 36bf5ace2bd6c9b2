"""Our reading of messages against dnspython's and dnslib's: `python -m tests.fuzz.differential`.

What each of them says of each message is sorted into classes. Where all agree there is nothing to
tell; every other class has to stand in docs/reference/wire.md, with what is right and why.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import dns.exception
import dns.name
import dns.wirebase
import dnslib

from dnsproxy.core.names import Name
from dnsproxy.core.pointers import NameReader
from dnsproxy.core.records import unpack
from dnsproxy.core.wire import scan
from dnsproxy.errors import MalformedMessage
from tests.commands import ROOT
from tests.fuzz.generate import Generator

PAGE = ROOT / "docs" / "reference" / "wire.md"
_SHARE = 10_000


class Outline(NamedTuple):
    """One record: its section, owner, type, class, TTL, where its data begins and its length."""

    section: int
    owner: Name
    rtype: int
    rclass: int
    ttl: int
    data: int
    length: int


class Reading(NamedTuple):
    """What somebody reads in a message."""

    question: tuple[Name, int, int]
    records: list[Outline]


def ours(wire: bytes) -> Reading:
    """The linear scan, with the owners' names read. Raises MalformedMessage."""
    found = scan(wire)
    names = NameReader(wire)
    question = found.question
    records = [
        Outline(
            record.section,
            names.read(record.start)[0],
            record.rtype,
            record.rclass,
            record.ttl,
            record.rdata,
            record.end - record.rdata,
        )
        for record in found.records
    ]
    return Reading((question.name, question.qtype, question.qclass), records)


def dnspythons(wire: bytes) -> Reading:
    """The same walk with dnspython's parser and names. Raises its exceptions, and ValueError."""
    parser = dns.wirebase.Parser(wire)
    _, _, questions, *counts = parser.get_struct("!6H")
    if questions != 1:
        raise ValueError("not one question")
    name = dns.name.from_wire_parser(parser).labels[:-1]
    question = (name, *parser.get_struct("!HH"))
    records = []
    for section, count in enumerate(counts, start=1):
        for _ in range(count):
            owner = dns.name.from_wire_parser(parser).labels[:-1]
            rtype, rclass, ttl, length = parser.get_struct("!HHIH")
            outline = Outline(section, owner, rtype, rclass, ttl, parser.current, length)
            parser.get_bytes(length)
            records.append(outline)
    return Reading(question, records)


def dnslibs(wire: bytes) -> Reading:
    """What dnslib makes of it; it does not say where data stands. Raises whatever it likes."""
    found = dnslib.DNSRecord.parse(wire)
    if len(found.questions) != 1:
        raise ValueError("not one question")
    asked = found.questions[0]
    sections = (found.rr, found.auth, found.ar)
    records = [
        Outline(section, tuple(rr.rname.label), rr.rtype, rr.rclass, rr.ttl, 0, 0)
        for section, rrs in enumerate(sections, start=1)
        for rr in rrs
    ]
    return Reading((tuple(asked.qname.label), asked.qtype, asked.qclass), records)


def _said(read: Callable[[bytes], Any], wire: bytes) -> tuple[Any, str]:
    """What was read, or None; and in words that do not name what only this message has."""
    try:
        return read(wire), "reads it"
    except RecursionError:
        return None, "RecursionError"
    except Exception as error:  # noqa: BLE001  (dnslib raises whatever it likes)
        told = isinstance(error, (MalformedMessage, dnslib.DNSError)) or type(error) is ValueError
        words = str(error) if told else ""
        words = re.sub(r"\[.*|b['\"].*|<.*|\(.*", "", words)
        words = re.sub(r"unpacking (?!RR|DNSQuestion)\w+.*", "unpacking the data", words)
        words = re.sub(r"of type \d+", "of its type", words)
        words = re.sub(r"\d+", "N", words)
        return None, f"{type(error).__name__} {words}".strip(" :")


def disagreements(wire: bytes) -> list[str]:
    """The classes that a message belongs to; none where all agree."""
    found = []
    mine, my_words = _said(ours, wire)
    theirs, their_words = _said(dnspythons, wire)
    if (mine is None) != (theirs is None):
        found.append(f"ours: {my_words}; dnspython: {their_words}")
    elif mine != theirs:
        found.append("ours and dnspython read different things")
    # dnslib reads the data of records too.
    whole, my_words = _said(lambda data: unpack(scan(data)), wire)
    theirs, their_words = _said(dnslibs, wire)
    if (whole is None) != (theirs is None):
        found.append(f"ours: {my_words}; dnslib: {their_words}")
    elif mine is not None and theirs is not None and theirs != _without_places(mine):
        # What dnspython makes of the same message has been compared above.
        found.append("dnslib reads another record")
    return found


def _without_places(reading: Reading) -> Reading:
    return Reading(reading.question, [r._replace(data=0, length=0) for r in reading.records])


def compare(seed: int, count: int) -> tuple[Counter[str], dict[str, bytes], int]:
    """Classes with how many messages each has and one of them; how many messages we read."""
    generator = Generator(seed)
    found: Counter[str] = Counter()
    examples: dict[str, bytes] = {}
    read = 0
    for _ in range(count):
        wire = generator.message()
        classes = disagreements(wire)
        read += _said(scan, wire)[0] is not None
        found.update(classes)
        for name in classes:
            examples.setdefault(name, wire)
    return found, examples, read


def listed(page: Path = PAGE) -> set[str]:
    """The classes that the page has: what stands in backquotes at the start of a row."""
    return set(re.findall(r"^\| `([^`]+)` \|", page.read_text(), re.MULTILINE))


def main() -> int:
    """Compare; print each class; exit code 1 if one is not listed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.differential", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    shares = -(-given.messages // _SHARE)
    seeds = range(given.seed * 1_000_000, given.seed * 1_000_000 + shares)
    found: Counter[str] = Counter()
    examples: dict[str, bytes] = {}
    read = 0
    with ProcessPoolExecutor(2) as pool:
        for some, first, count in pool.map(compare, seeds, [_SHARE] * shares):
            found.update(some)
            examples = first | examples
            read += count
    known = listed()
    print(f"{shares * _SHARE:,} messages, {read:,} of them read by us")
    for name, count in found.most_common():
        print(f"{'' if name in known else 'NOT LISTED '}{count:9,} {name}")
        if name not in known:
            print(f"{examples[name].hex()}")
    return 0 if set(found) <= known else 1


if __name__ == "__main__":
    sys.exit(main())
