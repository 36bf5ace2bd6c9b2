"""Addresses of this network in answers about names outside it.

A page from outside whose name leads to an address inside makes a browser its hands in there (DNS
rebinding): to the browser both are one site.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from dnsproxy.core.access import PRIVATE_NETWORKS
from dnsproxy.core.edns import ExtendedError, InfoCode
from dnsproxy.core.names import Name, lies_in
from dnsproxy.core.records import Records, Reply, ResourceRecord
from dnsproxy.core.wire import Type

BLOCKED = ExtendedError(InfoCode.BLOCKED, "an address of this network for a name outside it")
_NETWORKS = tuple(
    ipaddress.ip_network(text)
    # "This host": the loopback to many a stack (RFC 1122 3.2.1.3).
    for text in (*PRIVATE_NETWORKS, "0.0.0.0/8", "::/128")
)
# IPv4 inside IPv6: mapped (RFC 4291 2.5.5.2), compatible (2.5.5.1), translated (RFC 6052 2.1).
_HOLDS_IPV4 = tuple(map(ipaddress.ip_network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96")))


def is_inside(record: ResourceRecord) -> bool:
    """Whether it is the address of a host in private, link-local or loopback networks."""
    if record.rtype not in {Type.A, Type.AAAA}:
        return False
    data = record.rdata[0]
    assert isinstance(data, bytes)
    ip = ipaddress.ip_address(data)
    if any(ip in network for network in _NETWORKS):
        return True
    if ip.version == 4 or not any(ip in network for network in _HOLDS_IPV4):
        return False
    return any(ipaddress.IPv4Address(data[-4:]) in network for network in _NETWORKS)


def guarded(key: Name, reply: Reply, allowed: Sequence[Name]) -> Reply:
    """The reply to the canonical name ``key`` without addresses inside: the name has none.

    ``allowed`` are canonical names which, with those below them, may have them.
    """
    if not any(map(is_inside, reply.records)) or any(lies_in(key, name) for name in allowed):
        return reply

    def outside(records: Records) -> Records:
        return tuple(record for record in records if not is_inside(record))

    return replace(
        reply,
        answer=outside(reply.answer),
        additional=outside(reply.additional),
        authority=outside(reply.authority),
        why=(*reply.why, BLOCKED),
    )
