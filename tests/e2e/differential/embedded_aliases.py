"""Aliases within the domain: what is said of them is what is said of whom they lead to."""

from collections.abc import Iterable
from dataclasses import replace

from tests.e2e.differential.comparing import Exchange, without_serials
from tests.e2e.differential.consul_releases import since_1_8
from tests.e2e.differential.embedded_asked import (
    AAAA,
    ANY,
    SRV,
    A,
    Asked,
    cname_target,
    domain_of,
    is_inner,
    is_ours,
    srv_target,
)
from tests.e2e.differential.improvements import is_relayed
from tests.e2e.differential.questions import Question
from tests.e2e.differential.wire import CNAME, Labels, Message, Record, lower


def alias(asked: Asked, exchange: Exchange, expected: Message) -> Message:
    """An alias within the domain leads to what its target says to the same question: all of it.

    Consul puts the target's addresses there whatever was asked for, and of many a few.
    """
    question = exchange.question
    if not is_relayed(exchange):
        return expected
    if question.qtype == SRV and expected.answer:
        return _beside_aliases(asked, expected)
    expected = _followed(asked, expected, question.name)
    ours = exchange.ours.answer
    # How often a loop is gone around is of no use to anybody.
    if _loop(expected.answer, question.name) and _links(expected.answer) == _links(ours):
        return replace(expected, answer=ours)
    return expected


def _loop(answer: Iterable[Record], start: Labels) -> bool:
    """Whether there are aliases that lead nowhere, and nothing else."""
    links = [one for one in answer if one.rtype == CNAME]
    return bool(links) and len(links) == len([*answer]) and not _chain(links, start)


def _links(answer: Iterable[Record]) -> set[tuple[Labels, int, bytes]]:
    return {(lower(one.owner), one.rtype, one.folded) for one in answer}


def _followed(asked: Asked, said: Message, start: Labels) -> Message:
    """What is said of ``start``, and for an alias what is said of its target, and so on."""
    number = asked.question.qtype
    chain = _chain(said.answer, start)
    if not chain:
        return _of_type(said, number)
    if not is_ours(cname_target(chain[-1])):
        return said
    if number in {ANY, CNAME}:
        whole = _led_to(asked, cname_target(chain[-1]), chain[0].ttl)
        return replace(said, answer=(*chain, *whole))
    chain = _up_to_another_domain(chain)
    end = cname_target(chain[-1])
    rest = _followed(asked, _said(asked, end, number), end)
    # Addresses stand behind an alias at once, with its TTL.
    fits = number in {A, AAAA} and any(one.rtype == number for one in rest.answer)
    if fits and domain_of(end) == domain_of(start):
        whole = tuple(replace(one, ttl=chain[0].ttl) for one in rest.answer)
        return replace(said, answer=(*chain, *whole))
    return replace(
        said,
        rcode=rest.rcode,
        answer=(*chain, *rest.answer),
        authority=rest.authority,
        additional=rest.additional,
    )


def _of_type(said: Message, number: int) -> Message:
    """Without the addresses that Consul has behind an alias of itself, whatever was asked for."""
    if number not in {A, AAAA} or all(one.rtype != CNAME for one in said.answer):
        return said
    return replace(said, answer=tuple(one for one in said.answer if one.rtype in {CNAME, number}))


def _up_to_another_domain(chain: list[Record]) -> list[Record]:
    """The chain up to where it leaves a domain: the other one is asked for what it says itself."""
    for count, one in enumerate(chain, start=1):
        if domain_of(one.owner) != domain_of(cname_target(one)):
            return chain[:count]
    return chain


def _beside_aliases(asked: Asked, expected: Message) -> Message:
    """The same of what stands beside SRV records that lead to aliases."""
    own = [one for one in expected.additional if not is_inner(one.owner)]
    beside = [one for one in expected.additional if is_inner(one.owner)]
    for record in expected.answer:
        target = srv_target(record, folded=False)
        if not is_ours(target) or is_inner(target):
            continue
        whole = _led_to(asked, target, record.ttl)
        if all(one.rtype == CNAME for one in whole):
            whole = tuple(one for one in own if one.rtype == CNAME)
        beside += whole
    return replace(expected, additional=tuple(beside))


def _chain(answer: Iterable[Record], start: Labels) -> list[Record]:
    """The CNAMEs that lead on from a name; none of a loop, which leads nowhere."""
    aliases = {lower(one.owner): one for one in answer if one.rtype == CNAME}
    chain: list[Record] = []
    key = lower(start)
    while key in aliases:
        if aliases[key] in chain:
            return []
        chain.append(aliases[key])
        key = lower(cname_target(aliases[key]))
    return chain


def _led_to(asked: Asked, end: Labels, ttl: int) -> tuple[Record, ...]:
    """The addresses at a name, with the TTL of who leads there."""
    said = _said(asked, end, ANY).answer
    return tuple(replace(one, ttl=ttl) for one in said if one.rtype in {CNAME, A, AAAA})


def _said(asked: Asked, end: Labels, number: int) -> Message:
    question = Question(end, number, tcp=True, edns=4096)
    asked = replace(asked, question=question, direct=asked.consult(end, number))
    return without_serials(since_1_8(asked))
