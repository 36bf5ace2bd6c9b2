"""Names that are answered here by rule, because nobody else could answer them rightly.

Special names (RFC 6761 and those after it) and the reverse zones of private addresses (RFC 6303):
asked elsewhere they tell strangers what is in this network, and load the servers of the root.
"""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dnsproxy.core.names import Name, from_text, lower, to_text
from dnsproxy.core.records import Rdata, Reply, ResourceRecord, Soa
from dnsproxy.core.reverse import IN_ADDR, IP6, OCTETS, name_of, zones_of
from dnsproxy.core.wire import Question, Rcode, Type

# Three hours, for answers and denials alike, and the rest of the SOA too (RFC 6303 3).
TTL = 10800
_RNAME: Name = (b"nobody", b"invalid")
_SERIAL, _REFRESH, _RETRY, _EXPIRE = 1, 3600, 1200, 604800

# How long the name of an address is.
_LABELS = {IN_ADDR: 6, IP6: 34}

Contents = tuple[tuple[int, Rdata], ...]
# The labels left of the zone -> type and data of what is there; None if there is no such name.
Rule = Callable[[Name], Contents | None]

_LOCALHOST: Name = (b"localhost",)
_LOOPBACK: Contents = (
    (Type.A, (ipaddress.IPv4Address("127.0.0.1").packed,)),
    (Type.AAAA, (ipaddress.IPv6Address("::1").packed,)),
)
_POINTER: Contents = ((Type.PTR, (_LOCALHOST,)),)


def _empty(below: Name) -> Contents | None:
    return None if below else ()


def _silent(below: Name) -> Contents:
    return ()


def _localhost(below: Name) -> Contents:
    return _LOOPBACK


def _loopback_ipv4(below: Name) -> Contents | None:
    if len(below) > 3 or not all(label in OCTETS for label in below):
        return None
    # What is shorter than an address lies above addresses: it exists, and holds nothing.
    return _POINTER if len(below) == 3 else ()


def _loopback_ipv6(below: Name) -> Contents | None:
    return None if below else _POINTER


# What is asked of us to see whether we answer at all, below a name that nobody else can have.
HEALTH: Name = (b"health", b"seamark", b"invalid")
_WELL: Contents = ((Type.TXT, (b"\x02ok",)),)


def is_well(reply: Reply) -> bool:
    """Whether a reply about HEALTH is one that only a proxy of ours gives."""
    return [(record.rtype, record.rdata) for record in reply.answer] == list(_WELL)


def _own(below: Name) -> Contents | None:
    return _WELL if below == HEALTH[:1] else _empty(below)


_SPECIAL_NAMES: dict[str, Rule] = {
    # RFC 6761 6.3; names below it too.
    "localhost": _localhost,
    # RFC 6761 6.2 and 6.4.
    "test": _empty,
    "invalid": _empty,
    # RFC 6762 22.1: the link's own, asked by multicast.
    "local": _empty,
    # RFC 7686 2: asked in the DNS, an onion's name is given away.
    "onion": _empty,
    # RFC 8375 4: the home network's own; whoever serves it configures a zone.
    "home.arpa": _empty,
    # RFC 9476 3: for names outside the DNS.
    "alt": _empty,
    # RFC 9462 4: NODATA says that there is no encrypted resolver to go to. An upstream's answer
    # would lead clients past us.
    "resolver.arpa": _silent,
}
_EMPTY_NETWORKS = (
    # RFC 6303 4.1 and 4.2.
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "0.0.0.0/8",
    "169.254.0.0/16",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "255.255.255.255/32",
    # RFC 7793.
    "100.64.0.0/10",
    # RFC 6303 4.3 to 4.6.
    "::/128",
    "fd00::/8",
    "fe80::/10",
    "2001:db8::/32",
)
BUILT_IN: dict[Name, Rule] = {
    **{from_text(text): rule for text, rule in _SPECIAL_NAMES.items()},
    **{
        zone: _empty
        for network in _EMPTY_NETWORKS
        for zone in zones_of(ipaddress.ip_network(network))
    },
    **dict.fromkeys(zones_of(ipaddress.IPv4Network("127.0.0.0/8")), _loopback_ipv4),
    name_of(ipaddress.IPv6Address("::1")): _loopback_ipv6,
}


@dataclass(frozen=True, slots=True)
class SpecialZone:
    """A zone that is answered by rule; ``name`` in canonical spelling.

    ``above`` are names that exist only because a zone that somebody configured lies below them.
    ``inhabited``: others are asked before this zone for the names of addresses in it.
    """

    name: Name
    rule: Rule
    above: frozenset[Name] = frozenset()
    inhabited: bool = False

    @property
    def is_delegated(self) -> bool:
        """Whether its parent says that it is not signed, to those who validate (RFC 6303 7).

        So it is with the reverse zones, home.arpa (RFC 8375 7) and resolver.arpa (RFC 9462):
        DS at their apex is the parent's to answer (RFC 4035 3.1.4.1). Of the names without a
        parent, such as onion, nothing leaves.
        """
        return len(self.name) > 1

    def holds(self, key: Name) -> bool:
        """Whether a name without records exists all the same, for what may lie below it."""
        if key in self.above:
            return True
        family = _LABELS.get(key[-2:], 0)
        return self.inhabited and len(key) < family


# Never switched off.
OWN = SpecialZone(HEALTH[1:], _own)


def remaining(
    configured: Iterable[Name],
    switched_off: Iterable[Name] = (),
    *,
    inhabited: bool = False,
) -> tuple[SpecialZone, ...]:
    """The built-in zones beside those that the administrator configured.

    A configured zone takes the place of the built-in zones that it equals or lies above; the root
    does not, since it only says where all else goes (RFC 6303 3). One that lies below a built-in
    zone wins by its length. ``switched_off`` names built-in zones that are not wanted, or names
    above them; ValueError is raised for one that is neither. ``inhabited``: see
    :class:`SpecialZone`.
    """
    taken = {lower(name) for name in configured if name}
    # Denying a name denies all below it (RFC 8020): a resolver behind us that asks label by label
    # (RFC 9156) would never get down to the configured zone.
    above = frozenset(name[start:] for name in taken for start in range(1, len(name)))
    for unwanted in map(lower, switched_off):
        if not any(unwanted in _suffixes(zone) for zone in BUILT_IN):
            raise ValueError(f"`{to_text(unwanted)}` is no zone that is answered here by rule")
        taken.add(unwanted)
    return tuple(
        SpecialZone(zone, rule, above, inhabited=inhabited)
        for zone, rule in BUILT_IN.items()
        if taken.isdisjoint(_suffixes(zone))
    )


def _suffixes(name: Name) -> list[Name]:
    """The name and all names above it, the root too."""
    return [name[start:] for start in range(len(name) + 1)]


def answer(zone: SpecialZone, question: Question) -> Reply:
    """What a zone says to a question in it; denials carry the SOA so that they are remembered."""
    below = question.key[: len(question.key) - len(zone.name)]
    contents = zone.rule(below)
    soa = _soa(zone.name)
    if contents is None and not zone.holds(question.key):
        return Reply(Rcode.NXDOMAIN, authority=(soa,), authoritative=True)
    here = (*(_apex(zone.name) if not below else ()), *(contents or ()))
    found = tuple(
        ResourceRecord(question.name, rtype, TTL, rdata)
        for rtype, rdata in here
        if question.qtype in {rtype, Type.ANY}
    )
    return Reply(answer=found, authority=() if found else (soa,), authoritative=True)


def _apex(zone: Name) -> Contents:
    return (Type.SOA, _soa(zone).rdata), (Type.NS, (zone,))


def _soa(zone: Name) -> ResourceRecord:
    """RFC 6303 3: the zone is its own server; whoever follows that comes back here."""
    return Soa(zone, _RNAME, _SERIAL, _REFRESH, _RETRY, _EXPIRE, TTL).record(zone, TTL)
