"""What Consul has answered otherwise in its releases, as the current one would say it.

The embedded catalog follows the current one; the pages have the differences in one table.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tests.e2e.differential import embedded_world as world
from tests.e2e.differential.comparing import is_below, sections
from tests.e2e.differential.embedded_asked import AAAA, ANY, NS, SRV, TXT, A, Asked, left_of_domain
from tests.e2e.differential.questions import name
from tests.e2e.differential.wire import (
    NOERROR,
    NXDOMAIN,
    SOA,
    Labels,
    Message,
    Record,
    lower,
    write_name,
)


def since_1_8(asked: Asked) -> Message:
    """What the current release says where an older one said something else."""
    expected = asked.direct
    if asked.release < (1, 9):
        expected = _addresses_beside(asked, expected)
        expected = _virtual(asked, expected)
        expected = _domain_as_asked(asked, expected)
    return _without_version(expected)


def _addresses_beside(asked: Asked, expected: Message) -> Message:
    """An address of the other family is beside the answer (consul#10401)."""
    family = {A: A, AAAA: AAAA}
    if b"addr" not in left_of_domain(asked) or asked.question.qtype in {ANY, NS, SOA}:
        return expected
    fits = [one for one in expected.answer if family.get(one.rtype) == asked.question.qtype]
    other = [one for one in expected.answer if one not in fits and one.rtype in {A, AAAA}]
    return replace(expected, answer=tuple(fits or ()), additional=(*expected.additional, *other))


def _virtual(asked: Asked, expected: Message) -> Message:
    """A name of the mesh exists, whatever it is."""
    labels = left_of_domain(asked)
    if labels[-1:] != (b"virtual",) or len(labels) < 2 or expected.rcode != NXDOMAIN:
        return expected
    return replace(expected, rcode=NOERROR, authority=())


def _domain_as_asked(asked: Asked, expected: Message) -> Message:
    """Names in our own domain are told in the domain that was asked for, spelled as there."""
    question = asked.question.name
    for text in (world.DOMAIN, world.ALT_DOMAIN):
        if is_below(question, name(text)):
            spelled = question[-len(name(text)) :]
            # The addresses of servers stand at names in lower case.
            beside = lower(spelled) if asked.question.qtype in {NS, SOA} else spelled
            labels = left_of_domain(asked) if b"addr" in left_of_domain(asked) else (b"none",)
            move, move_beside = _moved(spelled, labels), _moved(beside, labels)
            answer, authority, additional = expected.sections
            moved = [map(move, answer), map(move, authority), map(move_beside, additional)]
            return sections(expected, moved)
    return expected


def _moved(spelled: Labels, asked: Labels) -> Callable[[Record], Record]:
    own = name(world.DOMAIN)
    inner = ((b"node", b"dc1", *own), (b"addr", b"dc1", *own))

    def move(record: Record) -> Record:
        owner, data, tail = record.owner, record.data, write_name(own)
        is_server = record.rtype == NS
        is_own = owner == own if is_server else owner == (*asked, *own)
        if owner[-len(inner[0]) :] in inner or is_own:
            owner = (*owner[: -len(own)], *spelled)
        if record.rtype in {NS, SRV} and data.endswith(tuple(map(write_name, inner))):
            # The targets of NS are in lower case.
            data = data[: -len(tail)] + write_name(lower(spelled) if is_server else spelled)
        return replace(record, owner=owner, data=data)

    return move


def _without_version(expected: Message) -> Message:
    """Newer ones tell their version in TXT records; the embedded catalog is none of them."""

    def others(section: Iterable[Record]) -> Sequence[Record]:
        return [one for one in section if not (one.rtype == TXT and b"consul-version=" in one.data)]

    return sections(expected, [others(section) for section in expected.sections])
