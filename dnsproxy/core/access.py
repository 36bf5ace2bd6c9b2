"""Who may ask. Open resolvers are what reflection attacks are made of (RFC 5358)."""

import functools
import ipaddress
from collections.abc import Iterable

# Private, link-local, loopback (RFC 1918, 6598, 3927, 4193, 4291).
PRIVATE_NETWORKS = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
# Those in which an address is the same host for everybody: 127.0.0.1 is localhost (RFC 6761 6.3),
# whatever node says that it is there.
REACHABLE_NETWORKS = tuple(
    network for network in PRIVATE_NETWORKS if not ipaddress.ip_network(network).is_loopback
)
_PRIVATE = tuple(ipaddress.ip_network(network) for network in PRIVATE_NETWORKS)
_REMEMBERED = 4096

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AllowList:
    """Networks whose hosts are answered. Raises ValueError for what is no network."""

    def __init__(self, networks: Iterable[str] = PRIVATE_NETWORKS) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self.allows = functools.lru_cache(_REMEMBERED)(self._allows)

    def _allows(self, host: str) -> bool:
        """Whether the client at ``host`` (an address as the socket gives it) is answered."""
        address = _address(host)
        return any(address in network for network in self._networks)


def is_loopback(client: str) -> bool:
    """Whether a client is on this host, and nobody else can be."""
    return _address(client).is_loopback


@functools.lru_cache(_REMEMBERED)
def host_of(client: str) -> str:
    """Whose limits count for a client: its address, of a public IPv6 one the network.

    Outside, an address of IPv6 costs nothing: everybody has 2^64 of them. In a private network a
    /64 holds as many hosts as a /24 of IPv4 does, such as all containers of a bridge.
    """
    address, private = _known(client)
    if private or address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def network_of(client: str) -> tuple[str, bool]:
    """Whom forged queries of a client would flood, and whether it is in a private network.

    Outside it is the network, /24 or /56: a flood fills the line of all its addresses.
    """
    address, private = _known(client)
    if private:
        return str(address), True
    length = 24 if address.version == 4 else 56
    return str(ipaddress.ip_network((int(address), length), strict=False)), False


def _known(client: str) -> tuple[_Address, bool]:
    address = _address(client)
    return address, any(address in network for network in _PRIVATE)


def _address(client: str) -> _Address:
    address = ipaddress.ip_address(client)
    return getattr(address, "ipv4_mapped", None) or address
