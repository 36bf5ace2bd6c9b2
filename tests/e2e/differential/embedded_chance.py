"""What Consul leaves to chance: which of many records a limit leaves."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tests.e2e.differential import embedded_world as world
from tests.e2e.differential.comparing import is_below, sections
from tests.e2e.differential.embedded_asked import (
    AAAA,
    SRV,
    A,
    Asked,
    cname_target,
    is_ours,
    srv_target,
)
from tests.e2e.differential.questions import name
from tests.e2e.differential.wire import CNAME, OPCODE, Labels, Message, Record, lower


def limited(asked: Asked, expected: Message, ours: Message) -> Message:
    """What Consul's ``a_record_limit`` leaves of a service's addresses is left to chance."""
    if not asked.a_record_limit:
        return expected
    return sections(
        expected,
        [
            _drawn(asked, section, theirs)
            for section, theirs in zip(expected.sections, ours.sections, strict=True)
        ],
    )


def _drawn(asked: Asked, section: Iterable[Record], theirs: Iterable[Record]) -> list[Record]:
    found = [one for one in section if one.rtype not in {A, AAAA}]
    groups: dict[Labels, list[Record]] = {}
    for record in section:
        if record.rtype in {A, AAAA}:
            groups.setdefault(record.owner, []).append(record)
    for owner, group in groups.items():
        limit = asked.a_record_limit
        drawn: list[Record] = []
        if len(group) == limit:
            # One with the name of a port has no SRV records.
            labels = [label.lower() for label in owner]
            whole = owner[: labels.index(b"service") + 1] + owner[-_depth(owner) :]
            there = {one.data for one in asked.consult(whole, SRV).additional}
            drawn = [one for one in theirs if one.owner == owner and one.data in there]
        others = [one for one in group if one not in drawn]
        found += (list(dict.fromkeys(drawn)) + others)[: len(group)] if drawn else group
    return found


def _depth(owner: Labels) -> int:
    """How many labels the domain has."""
    return next(
        len(domain)
        for domain in map(name, (world.DOMAIN, world.ALT_DOMAIN))
        if is_below(owner, domain)
    )


def chosen(asked: Asked, expected: Message, ours: Message) -> Message:
    """What Consul makes of an answer over UDP to who takes 512 bytes: no more than a few of it.

    Which of them is left to chance; beside them stands one record for each target.
    """
    question = asked.question
    if question.tcp or question.limit > 512 or len(expected.answer) <= asked.answers_max:
        return expected
    if ours.flags & OPCODE or not is_ours(question.name):
        return expected
    rest = Counter(expected.answer)
    kept = [one for one in ours.answer if rest[one] > 0 and not rest.subtract([one])]
    more = (one for one in expected.answer if rest[one] > 0 and not rest.subtract([one]))
    while len(kept) < asked.answers_max:
        kept.append(next(more))
    kept = kept[: asked.answers_max]
    beside: dict[Labels, list[Record]] = {}
    # Of several under one name the first is taken, and their order is left to chance.
    for record in sorted(expected.additional, key=lambda one: one not in ours.additional):
        beside.setdefault(lower(record.owner), []).append(record)
    targets = [srv_target(record) for record in kept if record.rtype == SRV]
    additional: dict[Labels, Record] = {}
    while targets:
        target = targets.pop(0)
        if target in beside and target not in additional:
            record = additional[target] = beside[target][0]
            targets += [lower(cname_target(record))] if record.rtype == CNAME else []
    return replace(expected, answer=tuple(kept), additional=tuple(additional.values()))
