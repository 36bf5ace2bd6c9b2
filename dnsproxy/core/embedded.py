"""The zone ``consul.`` answered from the embedded catalog, with Consul's record shapes.

TTL 0 everywhere, as Consul's default: a change must be in the next answer. The order of instances
is drawn anew for each answer, which is what spreads the load.
"""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from catalog.model import Node, Service
from dnsproxy.core.grammar import (
    DATACENTER,
    AddressLookup,
    Lookup,
    NodeLookup,
    ServiceLookup,
    parse,
)
from dnsproxy.core.names import Name, from_text
from dnsproxy.core.records import Address, Reply, ResourceRecord, Soa, Srv, address, pointing
from dnsproxy.core.wire import Question, Rcode, Type

DOMAIN: Name = (b"consul",)
TTL = 0
_SRV_PRIORITY = 1
# What Consul answers with the addresses: TXT too, which has surprised people since 2015.
_ADDRESS_TYPES = {Type.A, Type.AAAA, Type.ANY, Type.TXT}

Shuffle = Callable[[list[Service]], None]


class CatalogView(Protocol):
    """What is read of a catalog."""

    node: Node

    def instances(self, name: str) -> tuple[Service, ...]:
        """The instances of the service with that name, in any case."""


def answer(question: Question, catalog: CatalogView, now: float, shuffle: Shuffle) -> Reply:
    """What Consul would say to a question below ``consul.``; ``now`` in seconds since the epoch."""
    return replace(_answer(question, catalog, now, shuffle), authoritative=True)


def _answer(question: Question, catalog: CatalogView, now: float, shuffle: Shuffle) -> Reply:
    node = catalog.node
    if question.qtype == Type.SOA:
        return Reply(answer=(soa(now),), authority=(_ns(node),), additional=_glue(node))
    if question.qtype == Type.NS:
        return Reply(answer=(_ns(node),), additional=_glue(node))
    lookup = parse(question.key[: -len(DOMAIN)], question.qtype)
    found = _look_up(question, lookup, catalog, shuffle)
    if found is None:
        return Reply(Rcode.NXDOMAIN, authority=(soa(now),))
    if isinstance(lookup, ServiceLookup) and not found.answer:
        # Consul's NODATA carries an SOA for a service, and none for a node.
        return Reply(authority=(soa(now),))
    return found


def _look_up(
    question: Question, lookup: Lookup | None, catalog: CatalogView, shuffle: Shuffle
) -> Reply | None:
    """The records for a question, perhaps none; None if the name does not exist."""
    match lookup:
        case ServiceLookup(service, tag):
            instances = _tagged(catalog.instances(service), tag)
            shuffle(instances)
            return _service(question, instances, catalog.node) if instances else None
        case NodeLookup(name):
            return _node(question, name, catalog.node)
        case AddressLookup(ip):
            record = address(question.name, ip, TTL)
            fits = question.qtype in {record.rtype, Type.ANY}
            return Reply(answer=(record,)) if fits else Reply(additional=(record,))
        case None:
            return None


def _service(question: Question, instances: list[Service], node: Node) -> Reply:
    if question.qtype == Type.SRV:
        return _srv(question, instances, node)
    return Reply(answer=tuple(_service_addresses(question, instances, node)))


def _node(question: Question, name: str, node: Node) -> Reply | None:
    if question.qtype not in _ADDRESS_TYPES:
        # Consul says so even for nodes that do not exist.
        return Reply()
    if name != node.name.lower():
        return None
    ip = _ip(node.address)
    return Reply(answer=tuple(_matching(question, ip)) if ip else ())


def _tagged(instances: Iterable[Service], tag: str) -> list[Service]:
    return [s for s in instances if not tag or tag in (t.lower() for t in s.tags)]


def _service_addresses(
    question: Question, instances: list[Service], node: Node
) -> list[ResourceRecord]:
    """One record an address, or the CNAME of the first host name if no address fits."""
    addresses: dict[Address, ResourceRecord] = {}
    aliases: list[ResourceRecord] = []
    for service in instances:
        where = service.address or node.address
        ip = _ip(where)
        if ip is None:
            aliases += _alias(question.name, where)
        else:
            for record in _matching(question, ip):
                addresses[ip] = record
    return list(addresses.values()) or aliases[:1]


def _srv(question: Question, instances: list[Service], node: Node) -> Reply:
    records: dict[Srv, ResourceRecord] = {}
    glue: dict[Name, ResourceRecord] = {}
    for service in instances:
        target = _target(service, node)
        if target is None:
            continue
        srv = Srv(_SRV_PRIORITY, service.weights.passing, service.port, target)
        records[srv] = srv.record(question.name, TTL)
        ip = _ip(service.address or node.address)
        if ip is not None:
            glue[target] = address(target, ip, TTL)
    return Reply(answer=tuple(records.values()), additional=tuple(glue.values()))


def _target(service: Service, node: Node) -> Name | None:
    """Whom an SRV record points to; None for an address that is neither IP nor name."""
    if not service.address:
        return _node_name(node)
    ip = _ip(service.address)
    if ip is not None:
        return (ip.packed.hex().encode(), b"addr", DATACENTER, *DOMAIN)
    return next((record.target for record in _alias((), service.address)), None)


def _alias(owner: Name, host_name: str) -> list[ResourceRecord]:
    try:
        return [pointing(owner, Type.CNAME, from_text(host_name), TTL)]
    except ValueError:
        return []


def _matching(question: Question, ip: Address) -> list[ResourceRecord]:
    """The address as a record, if the question asks for its family."""
    record = address(question.name, ip, TTL)
    return [record] if question.qtype in {record.rtype, Type.ANY, Type.TXT} else []


def _ip(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _node_name(node: Node) -> Name:
    return (*from_text(node.name), b"node", DATACENTER, *DOMAIN)


def _glue(node: Node) -> tuple[ResourceRecord, ...]:
    ip = _ip(node.address)
    return (address(_node_name(node), ip, TTL),) if ip else ()


def _ns(node: Node) -> ResourceRecord:
    return pointing(DOMAIN, Type.NS, _node_name(node), TTL)


def soa(now: float) -> ResourceRecord:
    """Consul's SOA: the serial is the clock, and nothing may be remembered (minimum 0)."""
    start = Soa((b"ns", *DOMAIN), (b"hostmaster", *DOMAIN), int(now), 3600, 600, 86400, 0)
    return start.record(DOMAIN, TTL)
