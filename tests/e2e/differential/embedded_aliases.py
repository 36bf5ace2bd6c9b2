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
    return _followed(asked, expected, question.name)


def _followed(asked: Asked, said: Message, start: Labels) -> Message:
    """What is said of ``start``, and for an alias what is said of its target, and so on."""
    number = asked.question.qtype
    chain = _chain(said.answer, start)
    if not chain or not is_ours(cname_target(chain[-1])):
        return said
    end, aliases = cname_target(chain[-1]), tuple(chain)
    whole = _led_to(asked, end, chain[0].ttl)
    # What only stands in the answer because Consul puts it there does not count as an answer.
    fits = any(one.rtype == number for one in whole)
    if number in {ANY, CNAME} or fits:
        return replace(said, answer=aliases + whole)
    rest = _followed(asked, _said(asked, end, number), end)
    return replace(
        said,
        rcode=rest.rcode,
        answer=aliases + rest.answer,
        authority=rest.authority,
        additional=rest.additional,
    )


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
