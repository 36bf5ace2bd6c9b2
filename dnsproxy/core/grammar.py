r"""Consul's grammar of names: what a name below ``consul.`` asks for.

Consul lower-cases the name and looks from the right for the first keyword; what stands left of it
are the parts of the query, what stands right of it says where. A keyword that is itself a
service's name is therefore read as the keyword: ``web.node.service`` asks for service ``node``.
Labels are compared as text with their odd bytes escaped, as its DNS library prints them: the label
``a.b`` is ``a\.b`` there, and no service is called that.
"""

import binascii
import ipaddress
import re
from dataclasses import dataclass

from dnsproxy.core.names import Name
from dnsproxy.core.wire import Type

DATACENTER = b"dc1"
KEYWORDS = {b"service", b"node", b"addr", b"query", b"connect", b"ingress", b"virtual"}
# What may stand behind a keyword, as `dc1.dc`; an edition with namespaces knows more.
_DC, _PEER, _PORT = b"dc", b"peer", b"port"
_PAIRS_MAX = 3
_ESCAPED = b". '@;()\"\\"
_PLAIN = re.compile(rb"[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class ServiceLookup:
    """Instances of a service, with one tag if ``tag`` is not empty. Both in lower case.

    ``port`` is the name of a port, which no service of an embedded catalog has.
    """

    service: str
    tag: str = ""
    port: bytes = b""


@dataclass(frozen=True, slots=True)
class NodeLookup:
    """The address of a node; ``node`` in lower case. ``here``: in our datacenter."""

    node: str
    here: bool = True


@dataclass(frozen=True, slots=True)
class AddressLookup:
    """An address that the name itself spells in hexadecimal."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class VirtualLookup:
    """The one address of a service in the mesh: the name exists whatever it is, and has none."""


Lookup = ServiceLookup | NodeLookup | AddressLookup | VirtualLookup


@dataclass(frozen=True, slots=True)
class _Place:
    """Where is asked: a datacenter or peer, empty for here, and the name of a port."""

    where: bytes = b""
    port: bytes = b""

    @property
    def is_here(self) -> bool:
        return self.where in {b"", DATACENTER}


def parse(labels: Name, qtype: int) -> Lookup | None:
    """What the canonical ``labels`` left of the domain ask for; None: no such name can exist."""
    for position in range(len(labels) - 1, -1, -1):
        if labels[position] in KEYWORDS:
            return _parse_keyword(labels[:position], labels[position], labels[position + 1 :])
        if qtype == Type.SRV and labels[position].startswith(b"_"):
            # `_web._tcp.consul`: the keyword may be left out, for this type alone.
            return _parse_keyword(labels[: position + 1], b"service", labels[position + 1 :])
    return None


def _parse_keyword(parts: Name, keyword: bytes, suffix: Name) -> Lookup | None:
    if keyword == b"addr":
        # Consul does not look at what stands right of `addr`.
        return _parse_address(parts)
    place = _parse_place(suffix)
    if not parts or place is None:
        return None
    if keyword == b"virtual":
        return VirtualLookup()
    if keyword == b"node":
        return NodeLookup(as_text(parts), here=place.is_here)
    if keyword == b"service" and place.is_here:
        return _parse_service(parts, place.port)
    # Nobody defines prepared queries, mesh and gateways here, and Consul denies those there are not
    return None


def _parse_place(suffix: Name) -> _Place | None:
    """None for what is no place at all. Later pairs win over earlier ones, as Consul reads them."""
    if len(suffix) < 2:
        return _Place(*suffix)
    pairs = dict(zip(suffix[1::2], suffix[::2], strict=False))
    if len(suffix) % 2 or len(suffix) > 2 * _PAIRS_MAX or not pairs.keys() <= {_DC, _PEER, _PORT}:
        return None
    if _DC in pairs and _PEER in pairs:
        return None
    if _PEER in pairs:
        # A peer is another cluster even if it is called as our datacenter is.
        return _Place(b"peer " + pairs[_PEER], pairs.get(_PORT, b""))
    return _Place(pairs.get(_DC, b""), pairs.get(_PORT, b""))


def _parse_service(parts: Name, port: bytes) -> ServiceLookup:
    if len(parts) == 2 and all(part.startswith(b"_") for part in parts):
        # RFC 2782; every protocol but TCP is a tag.
        service, protocol = as_text(parts[:1])[1:], as_text(parts[1:])[1:]
        return ServiceLookup(service, "" if protocol == "tcp" else protocol, port)
    return ServiceLookup(as_text(parts[-1:]), as_text(parts[:-1]), port)


def _parse_address(parts: Name) -> AddressLookup | None:
    if len(parts) != 1 or len(parts[0]) not in {8, 32}:
        return None
    try:
        return AddressLookup(ipaddress.ip_address(binascii.unhexlify(parts[0])))
    except binascii.Error:
        return None


def as_text(parts: Name) -> str:
    """Labels as the text that services, tags and nodes are compared with."""
    if all(map(_PLAIN.fullmatch, parts)):
        return b".".join(parts).decode()
    return ".".join("".join(map(_printed, part)) for part in parts)


def _printed(byte: int) -> str:
    if byte in _ESCAPED:
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte <= 0x7E else f"\\{byte:03d}"
