"""Two answers to one question: what of the second is not as the first says it must be."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import dns.rdatatype

from tests.e2e.differential.questions import Question
from tests.e2e.differential.wire import (
    AA,
    AD,
    CD,
    CNAME,
    OPCODE,
    QR,
    RA,
    RD,
    SOA,
    TC,
    Labels,
    Message,
    Record,
    Section,
    lower,
    read,
)

NAMES = ("answer", "authority", "additional")
# What we never send more than over UDP, and may therefore cut at (DNS flag day 2020).
EDNS_SIZE = 1232
_BITS = {"QR": QR, "AA": AA, "TC": TC, "RD": RD, "RA": RA, "AD": AD, "CD": CD}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, what the server itself says to it over TCP, and what the proxy says."""

    question: Question
    direct: Message
    ours: Message


def sections(message: Message, lists: Iterable[Iterable[Record]]) -> Message:
    """The message with other records."""
    answer, authority, additional = map(tuple, lists)
    return replace(message, answer=answer, authority=authority, additional=additional)


def without_serials(message: Message) -> Message:
    """Consul's SOA serial is the clock."""
    return sections(message, [map(_without_serial, section) for section in message.sections])


def _without_serial(record: Record) -> Record:
    if record.rtype != SOA:
        return record
    kept = {name: getattr(record, name) for name in ("data", "folded")}
    return replace(record, **{name: data[:-20] + data[-16:] for name, data in kept.items()})


def folded(message: Message, name: Labels) -> Message:
    """All names in lower case but that of the question: what is remembered has other askers."""

    def fold(record: Record) -> Record:
        same = lower(record.owner) == lower(name)
        owner = record.owner if same else lower(record.owner)
        return replace(record, owner=owner, data=record.folded)

    return sections(message, [map(fold, section) for section in message.sections])


def aged(expected: Message, ours: Message, by_s: float) -> Message:
    """``expected`` with the TTLs of ``ours`` where they went down by ``by_s`` seconds at most."""
    return sections(
        expected,
        [
            _aged(section, theirs, by_s)
            for section, theirs in zip(expected.sections, ours.sections, strict=True)
        ],
    )


def _aged(section: Section, theirs: Section, by_s: float) -> Iterator[Record]:
    ttls = defaultdict(list)
    for record in sorted(theirs, key=lambda record: record.ttl):
        ttls[replace(record, ttl=0)].append(record.ttl)
    for record in section:
        known = ttls[replace(record, ttl=0)]
        if known and record.ttl - by_s <= known[0] <= record.ttl:
            yield replace(record, ttl=known.pop(0))
        else:
            yield record


def lost(expected: Message, ours: Message) -> tuple[list[Record], list[Record], list[Record]]:
    """The records of each section that did not arrive."""
    answer, authority, additional = (
        list((Counter(section) - Counter(theirs)).elements())
        for section, theirs in zip(expected.sections, ours.sections, strict=True)
    )
    return answer, authority, additional


def wrong_cut(question: Question, expected: Message, ours: Message) -> str:
    """Why records may not be missing from a reply as they are; nothing if they may."""
    missing = lost(expected, ours)
    records = [record for section in missing for record in section]
    if not records or question.tcp:
        return ""
    if missing[0] and not ours.flags & TC:
        return "answers are cut, and TC is not set"
    if ours.flags & TC and not missing[0] and not missing[1]:
        return "TC is set, and no answer is missing"
    # Nothing of what is missing takes more room than this, however it is compressed.
    if ours.size + sum(record.size for record in records) <= min(question.limit, EDNS_SIZE):
        return f"cut at {ours.size} bytes, and what is missing would have fitted"
    for record in ours.answer:
        target = _target(record)
        if target and any(lower(other.owner) == target for other in missing[0]):
            there = any(lower(other.owner) == target for other in ours.answer)
            if not there:
                return "a CNAME is cut from what it points to"
    return ""


def _target(record: Record) -> Labels | None:
    if record.rtype != CNAME:
        return None
    labels, offset = [], 0
    while length := record.data[offset]:
        labels.append(record.data[offset + 1 : offset + 1 + length])
        offset += 1 + length
    return lower(tuple(labels))


def differences(question: Question, expected: Message, ours: Message) -> list[str]:
    """Where ``ours`` is not ``expected``, a line each; the order of records is no difference."""
    found = list(_header(question, expected, ours))
    why = wrong_cut(question, expected, ours)
    if why:
        found.append(why)
    if ours.size > question.limit:
        found.append(f"{ours.size} bytes to a client that takes {question.limit}")
    for name, section, theirs in zip(NAMES, expected.sections, ours.sections, strict=True):
        missing, added = Counter(section) - Counter(theirs), Counter(theirs) - Counter(section)
        found += [f"{name}: missing {shown(record)}" for record in missing.elements()]
        found += [f"{name}: not asked for {shown(record)}" for record in added.elements()]
    return found


def _header(question: Question, expected: Message, ours: Message) -> Iterator[str]:
    for bit, mask in _BITS.items():
        if (expected.flags ^ ours.flags) & mask:
            yield f"{bit} is {int(bool(ours.flags & mask))}"
    if (expected.flags ^ ours.flags) & ~sum(_BITS.values()):
        yield f"flags {ours.flags:#06x}, not {expected.flags:#06x}"
    if question.opcode != (ours.flags & OPCODE) >> 11:
        yield "the opcode is not the query's"
    for field in ("id", "rcode", "question", "opt"):
        wanted, got = getattr(expected, field), getattr(ours, field)
        if wanted != got:
            yield f"{field} is {got}, not {wanted}"


def shown(record: Record) -> str:
    """A record on one line."""
    owner = b".".join(record.owner).decode("latin-1").encode("unicode_escape").decode()
    kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(record.rtype))
    return f"{owner}. {record.ttl} {kind} {record.data!r}"


def told(message: Message) -> str:
    """A message in lines, as a report shows it; of many records the first."""
    bits = " ".join(bit for bit, mask in _BITS.items() if message.flags & mask)
    lines = [f"{message.size} bytes, rcode {message.rcode}, {bits}, {message.opt}"]
    lines.append(f"question {message.question}")
    for name, section in zip(NAMES, message.sections, strict=True):
        lines += [f"{name}: {shown(record)}" for record in section[:8]]
        lines += [f"{name}: ... {len(section)} in all"] if len(section) > 8 else []
    return "\n".join(f"        {line}" for line in lines)


def read_all(packets: Iterable[bytes]) -> list[Message]:
    """The messages in packets."""
    return [read(packet) for packet in packets]


def is_below(name: Labels, zone: Labels) -> bool:
    """Whether a name lies in a zone."""
    depth = len(zone)
    return not depth or lower(name)[-depth:] == zone
