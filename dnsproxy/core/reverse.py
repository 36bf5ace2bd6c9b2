"""Reverse names: the zones that a network is covered by."""

import ipaddress

from dnsproxy.core.names import Name


def zones_of(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> tuple[Name, ...]:
    """The zones below in-addr.arpa or ip6.arpa that cover a network. Raises ValueError for /0."""
    step = 8 if network.version == 4 else 4
    if not network.prefixlen:
        raise ValueError(f"{network} is everything")
    length = -(-network.prefixlen // step) * step
    return tuple(
        _zone(part.network_address.reverse_pointer, length // step)
        for part in network.subnets(new_prefix=length)
    )


def _zone(pointer: str, labels: int) -> Name:
    name = tuple(pointer.encode().split(b"."))
    return name[len(name) - 2 - labels :]
