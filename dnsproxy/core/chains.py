"""CNAME chains: where an answer leads to, and the answer with its end replaced."""

from dataclasses import replace

from dnsproxy.core.names import Name, lower
from dnsproxy.core.records import Reply
from dnsproxy.core.wire import Question, Type

# More hops than anybody configures on purpose; Unbound follows 11.
HOPS = 8
# In one answer. A longer chain is passed on and not followed; BIND follows 11.
LINKS_MAX = 16
_NOT_FOLLOWED = {Type.CNAME, Type.ANY}


def targets(question: Question, reply: Reply) -> tuple[Name, ...]:
    """The names that the CNAMEs of the answer lead to, in order, as they are spelled there.

    Empty where there is nothing to follow: no CNAME, a question for CNAMEs, a loop, or more than
    ``LINKS_MAX`` of them.
    """
    if question.qtype in _NOT_FOLLOWED:
        return ()
    chain = links(question, reply)
    keys = {question.key, *map(lower, chain)}
    return chain if len(chain) <= min(LINKS_MAX, len(keys) - 1) else ()


def links(question: Question, reply: Reply) -> tuple[Name, ...]:
    """The same whatever is asked for; of a loop once around, of a long chain its beginning."""
    aliases = {
        lower(record.owner): record.target
        for record in reply.answer
        if record.rtype == Type.CNAME and record.target is not None
    }
    chain: list[Name] = []
    key = question.key
    while (target := aliases.pop(key, None)) is not None and len(chain) <= LINKS_MAX:
        chain.append(target)
        key = lower(target)
    return tuple(chain)


def is_complete(question: Question, reply: Reply) -> bool:
    """Whether the answer holds records of the type asked for at the end of its chain."""
    chain = targets(question, reply)
    key = lower(chain[-1]) if chain else question.key
    # Thousands of records may share one long owner: it is spelled out once.
    owners = {record.owner for record in reply.answer if record.rtype == question.qtype}
    return any(lower(owner) == key for owner in owners)


def is_dangling(question: Question, reply: Reply) -> bool:
    """Whether the answer is nothing but CNAMEs that nobody asked for: the chain ends in nothing."""
    if question.qtype in _NOT_FOLLOWED or not reply.answer:
        return False
    return all(record.rtype == Type.CNAME for record in reply.answer)


def joined(question: Question, first: Reply, end: Name, rest: Reply) -> Reply:
    """The CNAMEs of one reply up to ``end``, and what another says of ``end``.

    The rcode is that of the last name (RFC 6604 2.1), AA that of the first (RFC 1035 4.1.1).
    """
    chain = targets(question, first)
    passed = {question.key, *map(lower, chain[: chain.index(end)])}
    aliases = tuple(
        record
        for record in first.answer
        if record.rtype == Type.CNAME and lower(record.owner) in passed
    )
    return replace(
        rest,
        answer=(*aliases, *rest.answer),
        authoritative=first.authoritative,
        authentic=first.authentic and rest.authentic,
        stale=first.stale or rest.stale,
        why=tuple(dict.fromkeys((*first.why, *rest.why))),
    )
