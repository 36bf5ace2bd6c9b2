"""What a proxy in front of Consul knows of its names: datacenters, domains, kinds, denials.

Pure rewriting of names and replies; who asks whom is :mod:`dnsproxy.consul`'s.
"""

from dataclasses import replace

from catalog.model import AgentFacts
from dnsproxy.core.grammar import KEYWORDS
from dnsproxy.core.names import Name, lies_in, lower
from dnsproxy.core.records import Records, Reply, ResourceRecord
from dnsproxy.core.wire import Rcode, Type
from dnsproxy.core.zones import ZoneTable

# The releases that answered with a rewritten server, taken back for its faults.
_BROKEN = {"1.19.0", "1.19.1"}
# A service's instances differ from one datacenter to the next; what these stand for does not.
_PER_DATACENTER = {b"service", b"node", b"query", b"connect", b"ingress"}
_OF_INSTANCES = {b"service", b"query"}

# Names in Consul's domain that another server forwards to us, each with its canonical spelling.
Delegated = ZoneTable[Name]


def datacenter(labels: Name) -> bytes | None:
    """The datacenter that canonical ``labels``, left of the domain, name; None if they name none.

    The grammar is Consul's: what stands right of the last keyword, one label.
    """
    position = _keyword(labels)
    if position is None or labels[position] not in _PER_DATACENTER:
        return None
    suffix = labels[position + 1 :]
    return suffix[0] if len(suffix) == 1 else None


def in_datacenter(labels: Name, name: bytes) -> Name | None:
    """The same name in a datacenter; None if it names one already, or cannot."""
    position = _keyword(labels)
    if position is None:
        # `_web._tcp.consul`: RFC 2782 without the keyword.
        rfc2782 = len(labels) == 2 and all(label.startswith(b"_") for label in labels)
        return (*labels, name) if rfc2782 else None
    if not position or position != len(labels) - 1 or labels[position] not in _PER_DATACENTER:
        return None
    return (*labels, name)


def has_instances(labels: Name) -> bool:
    """Whether canonical ``labels`` ask for a service or a prepared query, in whatever form.

    Not `_web._tcp.consul`: without the keyword it has SRV records alone.
    """
    position = _keyword(labels)
    return position is not None and position > 0 and labels[position] in _OF_INSTANCES


def is_empty_non_terminal(labels: Name) -> bool:
    """Whether names exist below although this one has no records: NODATA by the book (RFC 8020 2).

    Consul says NXDOMAIN, which those who minimise names (RFC 9156) take for the end (consul#6579).
    """
    position = _keyword(labels)
    return not labels or (position == 0 and len(labels) <= 2)


def faults_of(facts: AgentFacts, domain: str) -> list[str]:
    """What makes an agent's answers wrong, in words behind its name; ``domain`` is what we ask."""
    faults = []
    version = facts.version.partition("+")[0].partition("-")[0]
    if version in _BROKEN:
        faults.append(
            f"is {version}, whose DNS gives wrong targets and tags (consul#21325, #21336); "
            "upgrade it to 1.19.2 or later"
        )
    if facts.domain.strip(".").lower() != domain.strip(".").lower():
        faults.append(
            f"has the domain `{facts.domain}`, and is asked for `{domain}`; "
            "set dns.domain to the one of its configuration"
        )
    return faults


def _keyword(labels: Name) -> int | None:
    """Where the last keyword stands."""
    for position in range(len(labels) - 1, -1, -1):
        if labels[position] in KEYWORDS:
            return position
    return None


def renamed(reply: Reply, old: Name, new: Name) -> Reply:
    """A reply about one name as a reply about another: owners change, data does not."""
    key = lower(old)

    def changed(record: ResourceRecord) -> ResourceRecord:
        return replace(record, owner=new) if lower(record.owner) == key else record

    return replace(reply, answer=tuple(map(changed, reply.answer)))


def moved(reply: Reply, old: Name, new: Name) -> Reply:
    """A reply from one domain as a reply from another: owners and targets move (consul#10224)."""
    old = lower(old)

    def name(part: Name) -> Name:
        return (*part[: -len(old)], *new) if lower(part[-len(old) :]) == old else part

    def section(records: Records) -> Records:
        return tuple(
            replace(
                record,
                owner=name(record.owner),
                rdata=tuple(name(p) if isinstance(p, tuple) else p for p in record.rdata),
            )
            for record in records
        )

    return replace(
        reply,
        answer=section(reply.answer),
        authority=section(reply.authority),
        additional=section(reply.additional),
    )


def nodata(reply: Reply) -> Reply:
    """A denial of the name as a denial of its type; the SOA stays."""
    return replace(reply, rcode=int(Rcode.NOERROR))


def without_empty_names(reply: Reply, labels: Name) -> Reply:
    """A reply about ``labels`` left of the domain, by the book where they are an empty name's."""
    is_denied = reply.rcode == Rcode.NXDOMAIN and is_empty_non_terminal(labels)
    return nodata(reply) if is_denied else reply


def pointed(reply: Reply, qtype: int) -> Reply:
    """What a pointer says to a question of any type: nothing, but to one for it or for all."""
    return reply if qtype in {Type.PTR, Type.ANY} else Reply(authoritative=True)


def as_delegated(reply: Reply, key: Name, delegated: Delegated) -> Reply:
    """A denial of the canonical name ``key`` as the delegated zone around it would tell it.

    The SOA of a zone above becomes its own: to BIND, an SOA from above the zone that it forwards is
    a format error, and its clients get SERVFAIL (consul#3439, #7524).
    """
    zone = delegated.find(key)
    if zone is None or not reply.is_denial:
        return reply

    def told(record: ResourceRecord) -> ResourceRecord:
        above = record.rtype == Type.SOA and lies_in(zone, lower(record.owner))
        return replace(record, owner=zone) if above else record

    return replace(reply, authority=tuple(map(told, reply.authority)))
