"""What of an upstream's reply belongs to the question (RFC 2181 5.4.1, RFC 5452 6).

A server of one zone that adds records of another must not be heard on them (CVE-2021-25220).
"""

from collections.abc import Iterable
from dataclasses import replace

from dnsproxy.core.chains import links
from dnsproxy.core.names import Name, lies_in, lower
from dnsproxy.core.records import Reply, ResourceRecord
from dnsproxy.core.wire import Question, Type

# DS, RRSIG, NSEC, NSEC3: what proves a denial stands at names beside the one that is denied
# (RFC 4034 4, RFC 5155 3), and is of no use to who does not validate.
_PROOFS = {Type.DS, 46, 47, 50}
_RRSIG = 46
_ABOVE = {Type.DNAME, _RRSIG}
_APEX = {Type.SOA, Type.NS}


def relevant(question: Question, reply: Reply) -> Reply:
    """The reply without what speaks of other names than the question's and its CNAMEs'.

    Answers stand along that chain, or are the DNAME above that made a CNAME (RFC 6672 3.4). The
    authority's SOA and NS are of a zone that holds a name of the chain; additional records are of
    names that answers and those NS point to.
    """
    chain = [question.key, *map(lower, links(question, reply))]
    names = set(chain)
    answer = tuple(record for record in reply.answer if _is_answer(record, names))
    authority = tuple(record for record in reply.authority if _is_authority(record, names))
    known = {lower(record.target) for record in (*answer, *authority) if record.target is not None}
    additional = tuple(record for record in reply.additional if lower(record.owner) in known)
    if (answer, authority, additional) == (reply.answer, reply.authority, reply.additional):
        return reply
    return replace(reply, answer=answer, authority=authority, additional=additional)


def _is_answer(record: ResourceRecord, names: set[Name]) -> bool:
    owner = lower(record.owner)
    return owner in names or (record.rtype in _ABOVE and _is_above(owner, names))


def _is_authority(record: ResourceRecord, names: set[Name]) -> bool:
    return record.rtype in _PROOFS or (
        record.rtype in _APEX and _is_above(lower(record.owner), names)
    )


def _is_above(owner: Name, names: Iterable[Name]) -> bool:
    """Whether one of the names is this one, or lies below it."""
    return any(lies_in(name, owner) for name in names)
