"""What the proxy does other than the server behind it, on purpose: each with its reason.

An improvement turns what the server said into what a client of the proxy has to get; what it leaves
alone stays as the server said it, to the byte. So it says exactly what is different, and excuses
nothing else.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.e2e.differential.comparing import (
    EDNS_SIZE,
    Exchange,
    aged,
    differences,
    folded,
    lost,
    sections,
    told,
    wrong_cut,
)
from tests.e2e.differential.questions import IN, TRANSFERS, Question, qtype
from tests.e2e.differential.wire import (
    BADVERS,
    CD,
    CNAME,
    DO,
    NOTIMP,
    OPCODE,
    QR,
    RA,
    RD,
    REFUSED,
    SOA,
    TC,
    Labels,
    Message,
    Opt,
    Record,
    lower,
)

# The server's answer as far as it is rewritten -> as it has to be.
Rewrite = Callable[[Exchange, Message], Message]


# What a memory does to TTLs, counted beside the improvements.
AGED = "aged"


def least(question: Question) -> Record | None:
    """What ANY gets over UDP (RFC 8482 4.2); None for what is asked otherwise."""
    if question.qtype != qtype("ANY") or question.tcp:
        return None
    return Record(question.name, qtype("HINFO"), IN, 3600, b"\7RFC8482\0")


@dataclass(frozen=True, slots=True)
class Improvement:
    """One difference on purpose."""

    name: str
    reason: str
    rewrite: Rewrite


@dataclass(slots=True)
class Verdict:
    """What a run found: its differences, and which improvements took part how often."""

    wrong: list[str] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)

    def judge(
        self, exchange: Exchange, table: Sequence[Improvement], *, age_s: float, fold: bool
    ) -> None:
        """Compare one exchange; what is not as it has to be is written down with both answers.

        ``table`` holds what is the server's own. ``age_s``: TTLs may be lower by so much. ``fold``:
        other names than the question's may be spelled as an earlier asker spelled them.
        """
        question, direct, ours = exchange.question, exchange.direct, exchange.ours
        if fold:
            direct, ours = folded(direct, question.name), folded(ours, question.name)
        seen = Exchange(question, direct, ours)
        expected = self._rewritten(seen, direct, (*OURS, *table, *DRESS))
        as_old = aged(expected, ours, age_s)
        self.hits[AGED] += as_old != expected
        expected = self._rewritten(seen, as_old, CUTS)
        found = differences(question, expected, ours)
        if found:
            lines = "".join(f"\n    {line}" for line in found[:12])
            self.wrong.append(
                f"{question}{lines}\n    directly:\n{told(exchange.direct)}\n"
                f"    through the proxy:\n{told(exchange.ours)}"
            )

    def _rewritten(
        self, exchange: Exchange, expected: Message, table: Sequence[Improvement]
    ) -> Message:
        for improvement in table:
            rewritten = improvement.rewrite(exchange, expected)
            if rewritten != expected:
                self.hits[improvement.name] += 1
            expected = rewritten
        return expected

    def never_hit(self, table: Sequence[Improvement]) -> set[str]:
        """What no question needed: a list that holds what is not so any more excuses too much."""
        names = {one.name for one in (*OURS, *table, *DRESS, *CUTS)}
        return names - set(+self.hits)


def empty(exchange: Exchange, rcode: int) -> Message:
    """An answer of the proxy's own: an rcode and the question, no more."""
    question = exchange.question
    flags = QR | RA | question.flags & (RD | CD)
    opt = _own_opt(exchange, rcode)
    asked = (question.name, question.qtype, question.qclass)
    return Message(0, exchange.direct.id, flags, rcode, asked, (), (), (), opt)


def _own_opt(exchange: Exchange, rcode: int) -> Opt | None:
    if exchange.question.edns is None:
        return None
    return Opt(EDNS_SIZE, rcode >> 4, 0, DO if exchange.question.dnssec_ok else 0, b"")


def is_relayed(exchange: Exchange) -> bool:
    """Whether the proxy asks anybody at all."""
    question = exchange.question
    odd = question.opcode or question.version or question.qclass != IN
    return not odd and question.qtype not in TRANSFERS


def packets_of_all(name: Labels) -> Iterator[Question]:
    """The questions that no server behind the proxy gets to see, whatever the seed."""
    for opcode in (1, 2, 4, 5):
        yield Question(name, 1, opcode=opcode)
        yield Question(name, 1, opcode=opcode, tcp=True, edns=1232)
    for tcp in (False, True):
        yield Question(name, 1, edns=1232, version=1, tcp=tcp)
        yield Question(name, 1, edns=512, version=255, dnssec_ok=True, tcp=tcp)
        for qclass in (0, 3, 4, 254, 255):
            yield Question(name, 1, qclass=qclass, tcp=tcp)
        for number in TRANSFERS:
            yield Question(name, number, qclass=IN, edns=4096, tcp=tcp)


def shorter_denials(limit_s: int) -> Rewrite:
    """A denial holds for its SOA's TTL or minimum (RFC 2308 3), and ``limit_s`` at most."""

    def rewrite(exchange: Exchange, expected: Message) -> Message:
        if any(record.rtype != CNAME for record in expected.answer):
            return expected

        def capped(record: Record) -> Record:
            if record.rtype != SOA:
                return record
            minimum = int.from_bytes(record.data[-4:], "big")
            return replace(record, ttl=min(record.ttl, minimum, limit_s))

        return replace(expected, authority=tuple(map(capped, expected.authority)))

    return rewrite


# -- what every server behind the proxy has in common --------------------------------------------


def _recursion_available(exchange: Exchange, expected: Message) -> Message:
    return expected if expected.flags & OPCODE else replace(expected, flags=expected.flags | RA)


def _opcode(exchange: Exchange, expected: Message) -> Message:
    if not exchange.question.opcode:
        return expected
    # The header alone: what follows it may mean something else.
    flags = QR | exchange.question.opcode << 11 | exchange.question.flags & RD
    return Message(0, expected.id, flags, NOTIMP, None, (), (), (), None)


def _edns_version(exchange: Exchange, expected: Message) -> Message:
    if exchange.question.opcode or not exchange.question.version:
        return expected
    return empty(exchange, BADVERS)


def _class(exchange: Exchange, expected: Message) -> Message:
    question = exchange.question
    if question.opcode or question.version or question.qclass == IN:
        return expected
    return empty(exchange, REFUSED)


def _transfer(exchange: Exchange, expected: Message) -> Message:
    question = exchange.question
    if question.opcode or question.version or question.qclass != IN:
        return expected
    return empty(exchange, REFUSED) if question.qtype in TRANSFERS else expected


def _opt(exchange: Exchange, expected: Message) -> Message:
    if expected.flags & OPCODE:
        return expected
    return replace(expected, opt=_own_opt(exchange, expected.rcode))


def _spelling(exchange: Exchange, expected: Message) -> Message:
    if expected.question is None:
        return expected
    name = exchange.question.name

    def spelled(record: Record) -> Record:
        return replace(record, owner=name) if lower(record.owner) == lower(name) else record

    rewritten = sections(expected, [map(spelled, section) for section in expected.sections])
    return replace(rewritten, question=(name, *expected.question[1:]))


def _cut(exchange: Exchange, expected: Message) -> Message:
    missing = lost(expected, exchange.ours)
    is_cut = missing[0] or (missing[1] and exchange.ours.flags & TC)
    if not is_cut or not _may_be_cut(exchange, expected):
        return expected
    return replace(_what_is_left(expected, missing), flags=expected.flags | TC)


def _additional(exchange: Exchange, expected: Message) -> Message:
    missing = lost(expected, exchange.ours)
    if missing[0] or not _may_be_cut(exchange, expected):
        return expected
    return _what_is_left(expected, missing)


def _may_be_cut(exchange: Exchange, expected: Message) -> bool:
    question = exchange.question
    return not question.tcp and not wrong_cut(question, expected, exchange.ours)


def _what_is_left(expected: Message, missing: tuple[list[Record], ...]) -> Message:
    return sections(
        expected,
        [
            (Counter(section) - Counter(gone)).elements()
            for section, gone in zip(expected.sections, missing, strict=True)
        ],
    )


# In this order: whoever makes an answer of his own comes before those that dress it.
OURS = (
    Improvement("NOTIMP", "UPDATE, NOTIFY and the like are not ours to relay", _opcode),
    Improvement("BADVERS", "an EDNS that we do not speak (RFC 6891 6.1.3)", _edns_version),
    Improvement("other classes", "answered as IN by Consul: REFUSED", _class),
    Improvement("transfers", "no zone is transferred through a proxy: REFUSED", _transfer),
)
DRESS = (
    Improvement("RA", "stubs distrust answers without it", _recursion_available),
    Improvement("our OPT", "it is between two hops only (RFC 6891 6.1.1)", _opt),
    Improvement("spelling", "a client that spells oddly checks for it (0x20)", _spelling),
)
CUTS = (
    Improvement("TC", "what did not fit is said to be missing", _cut),
    Improvement("additional", "what is left out of it needs no TC (RFC 2181 9)", _additional),
)
