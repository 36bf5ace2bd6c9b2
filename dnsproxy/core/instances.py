"""The records of a service's instances, as Consul makes them."""

import functools
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from catalog.model import Node, Service, Status
from dnsproxy.core.grammar import DATACENTER
from dnsproxy.core.names import Name, from_text
from dnsproxy.core.records import Address, ResourceRecord, Srv, address, pointing
from dnsproxy.core.values import value
from dnsproxy.core.wire import Type

_SRV_PRIORITY = 1
# Asked for these, both families are given: for TXT too, which has surprised people since 2015.
_ANY_FAMILY = {Type.SRV, Type.ANY, Type.TXT, Type.NS}
_FAMILIES: dict[int, int] = {Type.A: 4, Type.AAAA: 6}
_FOLLOWED = {Type.CNAME, Type.A, Type.AAAA}
_STRING_MAX = 255
# Of texts that were read before; beyond it they are read again.
_KNOWN = 65536


@value
class Asked:
    """A name, spelled as it was asked for or registered, and the type.

    ``domain`` is the end of the name, spelled likewise; ``depth`` how many aliases may be followed.
    """

    name: Name
    qtype: int
    domain: Name
    depth: int


@value
class _Place:
    """Where an instance is: at an address, the node's own for want of another, or at a host."""

    ip: Address | None = None
    host: Name = ()
    is_node: bool = False


# What a name that an instance stands at leads to; nothing where others have to be asked.
Follow = Callable[[Name], Sequence[ResourceRecord]]


class Instances:
    """Turns the instances of one service into the records of one answer."""

    def __init__(self, asked: Asked, node: Node, ttl: int, follow: Follow) -> None:
        self._asked = asked
        self._node = node
        self._ttl = ttl
        self._follow = follow

    def addresses(self, instances: Iterable[Service], limit: int) -> list[ResourceRecord]:
        """One record an address, ``limit`` of them if that is not 0.

        If no address fits, the first instance's host name as an alias, and where it leads.
        """
        found: dict[ResourceRecord, None] = {}
        alias: list[ResourceRecord] = []
        family = _FAMILIES.get(self._asked.qtype)
        for service in instances:
            place = self._place(lan_address(service, family))
            if place is None:
                continue
            if place.ip is None:
                alias = alias or self._alias(place.host)
            elif self._fits(place.ip):
                found[address(self._asked.name, place.ip, self._ttl)] = None
                if len(found) == limit:
                    break
        return list(found) or alias

    def srv(
        self, instances: Iterable[Service], *, meta: bool
    ) -> tuple[list[ResourceRecord], list[ResourceRecord]]:
        """SRV records, and beside each the address of its target and the node's meta if wanted.

        Two on one port of one address are one; what stands beside them is repeated for each.
        """
        answer: list[ResourceRecord] = []
        beside: list[ResourceRecord] = []
        texts = text_records(node_name(self._node, self._asked.domain), self._node, self._ttl)
        seen: set[tuple[str, int]] = set()
        for service in instances:
            key = lan_address(service, None), service.port
            found = None if key in seen else self._one_srv(service, key[0])
            if found is None:
                continue
            seen.add(key)
            answer.append(found[0])
            beside += found[1]
            beside += texts if meta else []
        return answer, beside

    def _one_srv(
        self, service: Service, where: str
    ) -> tuple[ResourceRecord, Sequence[ResourceRecord]] | None:
        place = self._place(where)
        if place is None:
            return None
        if place.ip is None:
            target, beside = place.host, self._led_to(place.host)
        else:
            domain = self._asked.domain
            target = node_name(self._node, domain) if place.is_node else _spelled(place.ip, domain)
            beside = [address(target, place.ip, self._ttl)]
        weight = service.weights.passing if _is_well(service) else service.weights.warning
        record = Srv(_SRV_PRIORITY, weight, service.port, target)
        return record.record(self._asked.name, self._ttl), beside

    def _place(self, text: str) -> _Place | None:
        """Where an address leads; nowhere for a text that is neither an IP nor a host's name."""
        ip = ip_of(text)
        if ip is not None:
            return _Place(ip)
        host = host_of(text)
        # One without an address is where the node is, and so is one that stands at the very name
        # that was asked for, spelled like that.
        if not text or host == self._asked.name:
            node_ip = ip_of(self._node.address)
            return _Place(node_ip, is_node=True) if node_ip is not None else None
        return _Place(host=host) if host is not None else None

    def _fits(self, ip: Address) -> bool:
        return self._asked.qtype in _ANY_FAMILY or _FAMILIES.get(self._asked.qtype) == ip.version

    def _alias(self, host: Name) -> list[ResourceRecord]:
        return [pointing(self._asked.name, Type.CNAME, host, self._ttl), *self._led_to(host)]

    def _led_to(self, host: Name) -> list[ResourceRecord]:
        """What a host's name leads to within the catalog, with the TTL of who leads there."""
        records = self._follow(host)
        return [replace(one, ttl=self._ttl) for one in records if one.rtype in _FOLLOWED]


def lan_address(service: Service, family: int | None) -> str:
    """The address for a family, else for both: tagged for the LAN, else the service's own.

    For both it is IPv6 before IPv4: so Consul, which takes an address for tagged with its family.
    """
    tagged = service.tagged_addresses
    if not tagged:
        return service.address
    own = ip_of(service.address)
    for wanted in (6, 4):
        given = tagged.get(f"lan_ipv{wanted}")
        text = given.address if given is not None else ""
        if given is None and own is not None and own.version == wanted:
            text = service.address
        if text and family in {None, wanted}:
            return text
    return service.address


def node_name(node: Node, domain: Name) -> Name:
    """The node's own name below a domain; none for a name that DNS cannot have."""
    return (*(host_of(node.name) or ()), b"node", DATACENTER, *domain)


def text_records(owner: Name, node: Node, ttl: int) -> list[ResourceRecord]:
    """The node's meta as TXT (RFC 1464); what is under ``rfc1035-`` without its key."""
    return [
        ResourceRecord(owner, Type.TXT, ttl, (b"".join(_strings(_text(key, value))),))
        for key, value in node.meta.items()
    ]


@functools.lru_cache(_KNOWN)
def ip_of(text: str) -> Address | None:
    """The address as Consul reads it: no zone, and an IPv4 one in IPv6's clothes is IPv4."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        return None if ip.scope_id is not None else ip.ipv4_mapped or ip
    return ip


@functools.lru_cache(_KNOWN)
def host_of(text: str) -> Name | None:
    """The name of a host; None for what cannot be one."""
    try:
        return from_text(text)
    except ValueError:
        return None


def _spelled(ip: Address, domain: Name) -> Name:
    """The name that spells an address."""
    return (ip.packed.hex().encode(), b"addr", DATACENTER, *domain)


def _is_well(service: Service) -> bool:
    return service.status is Status.PASSING


def _text(key: str, value: str) -> bytes:
    if key.lower().startswith("rfc1035-"):
        return value.encode()
    return f"{_quoted(key).replace('=', '`=')}={_quoted(value)}".encode()


def _quoted(text: str) -> str:
    return text.replace("`", "``")


def _strings(text: bytes) -> Iterator[bytes]:
    """The text in strings of as many bytes as one may have (RFC 1035 3.3.14)."""
    for start in range(0, max(len(text), 1), _STRING_MAX):
        part = text[start : start + _STRING_MAX]
        yield bytes([len(part)]) + part
