"""One address of a service, chosen by the weights of its instances.

An A or AAAA answer has no weights (consul#1088, #10963), and a client sorts its addresses (RFC 6724
6, consul#1481): all clients of a network end up on one instance. SRV records have the weights, and
addresses beside them.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from dnsproxy.core.names import Name, lies_in, lower
from dnsproxy.core.records import Records, Reply, ResourceRecord, Srv
from dnsproxy.core.wire import Question, Rcode, Type

# A number from 0 up to, but not including, the one given; each as likely as any other.
Draw = Callable[[int], int]


class _Instance(NamedTuple):
    weight: int
    ttl: int
    addresses: Sequence[ResourceRecord]


class Instances(NamedTuple):
    """Those of a service: ``shown`` with an address of one family, of the others the weights.

    The others may have one all the same: Consul shows one address of an instance that has both
    (its tagged addresses `lan_ipv4` and `lan_ipv6`), on 1.8 and on 1.22 that of IPv6.
    """

    shown: tuple[_Instance, ...]
    others: tuple[int, ...]
    reply: Reply

    @property
    def is_whole(self) -> bool:
        """Whether the addresses of all instances are known."""
        return bool(self.shown) and not self.others


def instances(reply: Reply, family: int, zone: Name) -> Instances:
    """What a reply for SRV says of a service; ``family`` is the type A or AAAA.

    Targets outside the canonical ``zone`` are left out: their addresses are not Consul's to tell.
    """
    known = _addresses(reply.additional, family)
    shown: list[_Instance] = []
    others: list[int] = []
    for record in reply.answer if reply.rcode == Rcode.NOERROR else ():
        if record.rtype != Type.SRV:
            continue
        srv = Srv.of(record)
        target = lower(srv.target)
        if not lies_in(target, zone):
            continue
        addresses = known.get(target)
        if addresses:
            shown.append(_Instance(srv.weight, record.ttl, addresses))
        else:
            others.append(srv.weight)
    return Instances(tuple(shown), tuple(others), reply)


def weighted(found: Instances, question: Question, draw: Draw, plain: Reply | None = None) -> Reply:
    """The answer to a question for A or AAAA: the address of one instance, drawn by weight.

    There must be one that is shown. ``plain`` is the answer without weights if it had to be asked
    for: an address that is there alone has the average weight of the instances that are not shown.
    The priority does not count: Consul gives all instances the same.
    """
    candidates = _candidates(found, question, plain)
    instance = candidates[_index([one.weight for one in candidates], draw)]
    address = instance.addresses[draw(len(instance.addresses))]
    record = replace(address, owner=question.name, ttl=min(instance.ttl, address.ttl))
    return Reply(
        answer=(record,),
        authoritative=found.reply.authoritative,
        stale=found.reply.stale,
        why=found.reply.why,
    )


def uniform(reply: Reply, family: int, draw: Draw) -> Reply:
    """An answer without weights with one of its addresses, each as likely; CNAMEs stay."""
    addresses = [record for record in reply.answer if record.rtype == family]
    if len(addresses) < 2:
        return reply
    kept = addresses[draw(len(addresses))]
    answer = tuple(record for record in reply.answer if record.rtype != family or record is kept)
    return replace(reply, answer=answer)


def _candidates(found: Instances, question: Question, plain: Reply | None) -> Sequence[_Instance]:
    if plain is None or not found.others:
        return found.shown
    known = {address.rdata for instance in found.shown for address in instance.addresses}
    hidden = [
        record
        for record in plain.answer
        if record.rtype == question.qtype
        and lower(record.owner) == question.key
        and record.rdata not in known
    ]
    # The average without fractions: all are multiplied by how many it is taken of.
    count, total = len(found.others), sum(found.others)
    return (
        *(one._replace(weight=one.weight * count) for one in found.shown),
        *(_Instance(total, record.ttl, (record,)) for record in hidden),
    )


def _addresses(additional: Records, family: int) -> dict[Name, list[ResourceRecord]]:
    """The addresses of each target. Consul repeats all of them for each of its ports."""
    found: dict[Name, list[ResourceRecord]] = {}
    for record in additional:
        if record.rtype == family:
            found.setdefault(lower(record.owner), []).append(record)
    return found


def _index(weights: list[int], draw: Draw) -> int:
    """Which one is drawn. Weight 0 beside others is never: so an operator says `not this one`."""
    if not any(weights):
        weights = [1] * len(weights)
    ends = list(accumulate(weights))
    return bisect_right(ends, draw(ends[-1]))
