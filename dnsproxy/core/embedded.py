"""Consul's domain answered from the embedded catalog, with Consul's record shapes.

The order of instances is drawn anew for each answer, which is what spreads the load.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

from catalog.model import Node, Service, Status
from dnsproxy.core.dns_config import DnsConfig, SoaTimes, ttl_of
from dnsproxy.core.grammar import (
    DATACENTER,
    AddressLookup,
    NodeLookup,
    ServiceLookup,
    VirtualLookup,
    parse,
)
from dnsproxy.core.instances import Asked, Instances, host_of, ip_of, node_name, text_records
from dnsproxy.core.names import Name, lies_in, lower, to_text
from dnsproxy.core.records import Address, Reply, ResourceRecord, Soa, address, pointing
from dnsproxy.core.wire import Question, Rcode, Type

DOMAIN: Name = (b"consul",)
# So many aliases that lead from one service to another are followed.
_DEPTH = 3
_NODE_TYPES = {Type.A, Type.AAAA, Type.ANY, Type.TXT}
# Names of nodes with anything else are in no NS record of Consul's.
_NAMESERVER = re.compile(r"[A-Za-z0-9\\-]+")

Shuffle = Callable[[list[Service]], None]
_SOA = SoaTimes()
# What has an SOA beside it; of a node that lacks the type Consul says nothing more.
_DENIED, _NO_DATA = Reply(Rcode.NXDOMAIN), Reply()


class CatalogView(Protocol):
    """What is read of a catalog."""

    @property
    def node(self) -> Node:
        """The host that all services are on."""

    def instances(self, name: str) -> Collection[Service]:
        """The instances of the service with that name, in any case."""

    def at(self, address: str) -> Service | None:
        """The service that an address points to."""


class EmbeddedDns:
    """What Consul would say of a catalog; ``domains`` in canonical spelling, its own first."""

    def __init__(
        self,
        catalog: CatalogView,
        domains: Sequence[Name],
        config: DnsConfig,
        shuffle: Shuffle,
    ) -> None:
        self._catalog = catalog
        self._domains = domains
        self._config = config
        self._shuffle = shuffle

    @property
    def name(self) -> str:
        """Its own domain, as text."""
        return to_text(self._domains[0])

    def is_a_choice(self, reply: Reply) -> bool:
        """Whether a reply may hold some of the addresses only, others each time."""
        limit = self._config.a_record_limit
        return bool(limit) and len(reply.answer) >= limit

    def answer(self, question: Question, now: float) -> Reply:
        """The answer to a question in one of the domains; ``now`` in seconds since the epoch."""
        domain = self._domain(question.key)
        asked = Asked(question.name, question.qtype, _end(question.name, domain), _DEPTH)
        reply = self._answer(asked, domain, now)
        if reply is _DENIED or reply is _NO_DATA:
            reply = replace(reply, authority=(self._soa(domain, now),))
        return replace(reply, authoritative=True, udp_answers=self._config.udp_answers)

    def pointer(self, question: Question, ip: Address) -> Reply | None:
        """Whose address it is, to a question for its reverse name; None if nobody's here.

        The node comes before its services, and these count whatever their health.
        """
        target = self._pointed(ip)
        if target is None:
            return None
        record = pointing(question.name, Type.PTR, target, 0)
        return Reply(answer=(record,), authoritative=True)

    def _pointed(self, ip: Address) -> Name | None:
        node, domain = self._catalog.node, self._domains[0]
        if ip == ip_of(node.address):
            return node_name(node, domain)
        service = self._catalog.at(str(ip))
        name = host_of(service.name) if service is not None else None
        return (*name, b"service", DATACENTER, *domain) if name else None

    def _domain(self, key: Name) -> Name:
        """The longest of the domains around a canonical name."""
        return max((one for one in self._domains if lies_in(key, one)), key=len)

    def _answer(self, asked: Asked, domain: Name, now: float) -> Reply:
        if asked.qtype == Type.SOA:
            servers, glue = self._servers(asked)
            return Reply(answer=(self._soa(domain, now),), authority=servers, additional=glue)
        if asked.qtype == Type.NS:
            servers, glue = self._servers(asked)
            return Reply(answer=servers, additional=glue)
        return self._look_up(asked)

    def _look_up(self, asked: Asked) -> Reply:
        labels = lower(asked.name[: len(asked.name) - len(asked.domain)])
        match parse(labels, asked.qtype):
            case ServiceLookup() as lookup:
                return self._service(asked, lookup)
            case NodeLookup() as lookup:
                return self._node(asked, lookup)
            case AddressLookup(ip):
                record = address(asked.name, ip, self._config.node_ttl)
                fits = asked.qtype in {record.rtype, Type.ANY}
                return Reply(answer=(record,)) if fits else Reply(additional=(record,))
            case VirtualLookup():
                return Reply()
            case _:
                return _DENIED

    def _service(self, asked: Asked, lookup: ServiceLookup) -> Reply:
        instances = self._healthy(lookup)
        if not instances or (lookup.port and asked.qtype == Type.SRV):
            return _DENIED
        self._shuffle(instances)
        ttl = ttl_of(lookup.service, self._config.service_ttl)
        records = Instances(asked, self._catalog.node, ttl, lambda host: self._follow(host, asked))
        if asked.qtype == Type.SRV:
            answer, beside = records.srv(instances, meta=self._config.node_meta_txt)
        else:
            answer = records.addresses(instances, self._config.a_record_limit)
            beside = []
        if not answer:
            return _NO_DATA
        return Reply(answer=tuple(answer), additional=tuple(beside))

    def _healthy(self, lookup: ServiceLookup) -> list[Service]:
        worst = (
            {Status.WARNING, Status.CRITICAL} if self._config.only_passing else {Status.CRITICAL}
        )
        tag = lookup.tag
        return [
            service
            for service in self._catalog.instances(lookup.service)
            if service.status not in worst
            and (not tag or tag in (known.lower() for known in service.tags))
        ]

    def _node(self, asked: Asked, lookup: NodeLookup) -> Reply:
        node, ttl = self._catalog.node, self._config.node_ttl
        if asked.qtype not in _NODE_TYPES:
            # Consul says so even of nodes that do not exist.
            return Reply()
        if not lookup.here or lookup.node != node.name.lower():
            return _DENIED
        ip = ip_of(node.address)
        texts = tuple(text_records(asked.name, node, ttl))
        if ip is None or asked.qtype == Type.TXT:
            return Reply(answer=texts)
        record = address(asked.name, ip, ttl)
        if asked.qtype == Type.ANY:
            return Reply(answer=(record, *texts))
        answer = (record,) if asked.qtype == record.rtype else ()
        return Reply(answer=answer, additional=texts if self._config.node_meta_txt else ())

    def _follow(self, host: Name, asked: Asked) -> Sequence[ResourceRecord]:
        """What a name in our domains leads to; others are the resolver's to ask for.

        The addresses of both families unless one of them was asked for.
        """
        key = lower(host)
        if asked.depth < 1 or not any(lies_in(key, one) for one in self._domains):
            return ()
        domain = _end(host, self._domain(key))
        qtype = asked.qtype if asked.qtype in {Type.A, Type.AAAA} else Type.ANY
        return self._look_up(Asked(host, qtype, domain, asked.depth - 1)).answer

    def _servers(
        self, asked: Asked
    ) -> tuple[tuple[ResourceRecord, ...], tuple[ResourceRecord, ...]]:
        """The NS records and their glue; none if the node's name cannot stand in one."""
        node, ttl = self._catalog.node, self._config.node_ttl
        ip = ip_of(node.address)
        if ip is None or not _NAMESERVER.fullmatch(node.name):
            return (), ()
        name = lower(node_name(node, asked.domain))
        return (pointing(asked.domain, Type.NS, name, ttl),), (address(name, ip, ttl),)

    def _soa(self, domain: Name, now: float) -> ResourceRecord:
        return soa(now, domain, self._config.soa)


def _end(name: Name, domain: Name) -> Name:
    """The domain as it is spelled at the end of a name; of the root nothing."""
    return name[len(name) - len(domain) :]


def soa(now: float, domain: Name = DOMAIN, times: SoaTimes = _SOA) -> ResourceRecord:
    """Consul's SOA: the serial is the clock, and its TTL what a denial may be remembered for."""
    start = Soa(
        (b"ns", *domain),
        (b"hostmaster", *domain),
        int(now),
        times.refresh,
        times.retry,
        times.expire,
        times.min_ttl,
    )
    return start.record(domain, times.min_ttl)
