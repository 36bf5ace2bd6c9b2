"""Consul's grammar of names: what a name below ``consul.`` asks for.

Consul lower-cases the name and looks from the right for the first keyword; what stands left of it
are the parts of the query, what stands right of it is the datacenter. A keyword that is itself a
service's name is therefore read as the keyword: ``web.node.service`` asks for service ``node``.
"""

import binascii
import ipaddress
from dataclasses import dataclass

from dnsproxy.core.names import Name
from dnsproxy.core.wire import Type

DATACENTER = b"dc1"
KEYWORDS = {b"service", b"node", b"addr", b"query", b"connect", b"ingress", b"virtual"}


@dataclass(frozen=True, slots=True)
class ServiceLookup:
    """Instances of a service, with one tag if ``tag`` is not empty. Both in lower case."""

    service: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class NodeLookup:
    """The address of a node; ``node`` in lower case."""

    node: str


@dataclass(frozen=True, slots=True)
class AddressLookup:
    """An address that the name itself spells in hexadecimal."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address


Lookup = ServiceLookup | NodeLookup | AddressLookup


def parse(labels: Name, qtype: int) -> Lookup | None:
    """What the canonical ``labels`` left of the domain ask for; None: no such name can exist."""
    for position in range(len(labels) - 1, -1, -1):
        if labels[position] in KEYWORDS:
            return _parse_keyword(labels[:position], labels[position], labels[position + 1 :])
    if qtype == Type.SRV:
        # `_web._tcp.consul`: RFC 2782 without the keyword, for this type alone.
        parts = labels[:-1] if labels[-1:] == (DATACENTER,) else labels
        return _parse_rfc2782(parts)
    return None


def _parse_keyword(parts: Name, keyword: bytes, suffix: Name) -> Lookup | None:
    if keyword == b"addr":
        # Consul does not look at what stands right of `addr`.
        return _parse_address(parts)
    if not parts or suffix not in {(), (DATACENTER,)}:
        return None
    if keyword == b"node":
        return NodeLookup(_text(parts))
    if keyword == b"service":
        return _parse_rfc2782(parts) or ServiceLookup(_text(parts[-1:]), _text(parts[:-1]))
    return None


def _parse_rfc2782(parts: Name) -> ServiceLookup | None:
    if len(parts) != 2 or not all(part.startswith(b"_") for part in parts):
        return None
    service, protocol = _text(parts[:1])[1:], _text(parts[1:])[1:]
    return ServiceLookup(service, "" if protocol == "tcp" else protocol)


def _parse_address(parts: Name) -> AddressLookup | None:
    if len(parts) != 1 or len(parts[0]) not in {8, 32}:
        return None
    try:
        return AddressLookup(ipaddress.ip_address(binascii.unhexlify(parts[0])))
    except binascii.Error:
        return None


def _text(parts: Name) -> str:
    """Labels as the text that services, tags and nodes are registered under."""
    return b".".join(parts).decode("utf-8", "surrogateescape")
