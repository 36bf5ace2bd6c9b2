"""Addresses as names below ``in-addr.arpa`` and ``ip6.arpa``, and back (RFC 1035 3.5, 3596 2.5)."""

import ipaddress

from dnsproxy.core.names import Name, lower
from dnsproxy.core.records import Address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IN_ADDR: Name = (b"in-addr", b"arpa")
IP6: Name = (b"ip6", b"arpa")
# The only spellings of a label that count: `010` and `256` are names, but of no address.
OCTETS = {str(octet).encode(): octet for octet in range(256)}
_NIBBLES = {b"%x" % nibble for nibble in range(16)}


def zones_of(network: Network) -> tuple[Name, ...]:
    """The reverse zones that together hold the names of a network's addresses, and no others.

    A network that ends within a label is several zones, 128 at most: 10.20.0.0/15 is
    ``20.10.in-addr.arpa`` and ``21.10.in-addr.arpa``; 10.0.0.0/26 is 64 single names. Raises
    ValueError for a network of all addresses, whose zone would be all of ``in-addr.arpa``.
    """
    if network.prefixlen == 0:
        raise ValueError(f"{network} is every address; name the networks that are meant")
    step = 8 if network.version == 4 else 4
    length = -(-network.prefixlen // step) * step
    labels = length // step
    names = (name_of(part.network_address) for part in network.subnets(new_prefix=length))
    return tuple(name[-labels - 2 :] for name in names)


def name_of(address: Address) -> Name:
    """The name whose PTR records say what is at an address."""
    if address.version == 4:
        return (*(b"%d" % octet for octet in reversed(address.packed)), *IN_ADDR)
    return (*(digit.encode() for digit in reversed(address.packed.hex())), *IP6)


def address_of(name: Name) -> Address | None:
    """The address that a full reverse name spells, in any case; None for every other name."""
    if len(name) == 6 and lower(name[4:]) == IN_ADDR:
        octets = [OCTETS.get(label) for label in reversed(name[:4])]
        found = [octet for octet in octets if octet is not None]
        return ipaddress.IPv4Address(bytes(found)) if len(found) == 4 else None
    if len(name) == 34 and lower(name[32:]) == IP6:
        digits = lower(name[31::-1])
        if all(digit in _NIBBLES for digit in digits):
            return ipaddress.IPv6Address(bytes.fromhex(b"".join(digits).decode()))
    return None
