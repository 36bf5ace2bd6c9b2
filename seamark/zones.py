"""Settings -> where each name is asked. Everything that contradicts itself is found here."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gevent.ssl import SSLContext

from catalog.embedded import EmbeddedCatalog
from catalog.uri import Registry
from dnsproxy.core import special
from dnsproxy.core.endpoint import Endpoint, TlsEndpoint
from dnsproxy.core.exchange import Source
from dnsproxy.core.health import Policy
from dnsproxy.core.memory import Memory, TtlPolicy
from dnsproxy.core.names import ROOT, Name, lower, to_text
from dnsproxy.core.policy import ZonePolicy
from dnsproxy.core.reverse import zones_of
from dnsproxy.core.views import Views
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.agent_check import AgentCheck
from dnsproxy.edges.upstreams import GroupOptions, UpstreamGroup
from dnsproxy.edges.watches import Watches
from dnsproxy.forwarding import ForwardZone
from dnsproxy.rebinding import RebindGuard
from dnsproxy.resolver import LocalZone, OptionalZone, Routes, Zone
from dnsproxy.stub import StubZone
from seamark.addresses import system_upstreams
from seamark.authorities import tls_authorities
from seamark.consul_zones import Asking, consul_side
from seamark.dns_settings import DnsSettings, ZoneSettings
from seamark.embedded_zones import embedded_side
from seamark.errors import SettingsError
from seamark.localnames import hosts
from seamark.reading import listed, parse_name, parse_networks, parse_servers
from seamark.routes import Route, RouteKind
from seamark.settings import Settings

# An entry of memory takes 1 to 4 KiB.
_ENTRIES_PER_MIB = 1024


def memory_for(settings: Settings) -> Memory:
    """An empty memory of the size that is set."""
    mib = settings.dns.memory_mib
    return Memory(mib * 1024 * 1024, mib * _ENTRIES_PER_MIB)


class ZoneBuilder:
    """Builds the routes of one set of settings. Raises :class:`SettingsError`.

    ``memory`` is one that was filled under other settings.
    """

    def __init__(
        self,
        settings: Settings,
        listen: list[Endpoint],
        asking: Asking,
        memory: Memory | None = None,
    ) -> None:
        self._settings = settings
        self._dns = settings.dns
        self._listen = listen
        self._asking = asking
        self.memory = memory or memory_for(settings)
        self.routes: list[Route] = []
        # Everybody who is asked.
        self.asked: list[Endpoint] = []
        # The same by group, and those of them that are not Consul's.
        self.groups: list[UpstreamGroup] = []
        self.forwarded: list[UpstreamGroup] = []
        self._tls: SSLContext | None = None
        self.check: AgentCheck | None = None
        self.watches: Watches | None = None
        self._zones: dict[Name, Zone] = {}
        self._restricted: list[_Restricted] = []
        self._reverse: list[tuple[Name, OptionalZone]] = []

    def views(self, catalog: EmbeddedCatalog | None, agent: Registry | None) -> Views[Routes]:
        """Where each name is asked, by client, of this catalog or of that registry's agent."""
        if catalog is not None:
            self._add_embedded(catalog)
        else:
            self._add_consul(agent)
        for number, settings in enumerate(self._dns.zone):
            self._add_zone(settings, f"dns.zone[{number}]")
        self._add_root()
        whole = Routes(
            ZoneTable([]),
            hosts=hosts(self._settings).answer,
            reverse=ZoneTable(self._reverse) if self._reverse else None,
            guard=_guard(self._dns),
        )
        networks = [each.clients for each in self._restricted]
        return Views(networks, lambda numbers: replace(whole, zones=self._seen(numbers)))

    def _seen(self, numbers: frozenset[int]) -> ZoneTable[Zone]:
        """The zones of those for whom the restrictions with these numbers are none."""
        zones = dict(self._zones)
        for number in numbers:
            zones |= self._restricted[number].zones
        return ZoneTable((self._special(zones) | zones).items())

    def _add(self, name: Name, zone: Zone, path: str) -> None:
        if lower(name) in self._zones:
            raise SettingsError(
                f"{path}: `{to_text(name)}` is a zone already", "name each zone once"
            )
        self._zones[lower(name)] = zone

    def _add_embedded(self, catalog: EmbeddedCatalog) -> None:
        side = embedded_side(self._settings, catalog)
        for path, name, zone in side.zones:
            self._add(name, zone, path)
        self._reverse += side.reverse
        names = tuple(to_text(name) for _, name, _ in side.zones)
        self.routes.append(Route(names, RouteKind.EMBEDDED, where=catalog.location))

    def _add_consul(self, agent: Registry | None) -> None:
        side = consul_side(self._settings, agent, self._listen, self.memory, self._asking)
        for path, name, zone in side.zones:
            self._add(name, zone, path)
        self._reverse += side.reverse
        self.asked += side.servers
        self.groups.append(side.group)
        self.routes.append(side.route)
        self.check = side.check
        self.watches = side.watches

    def _add_zone(self, settings: ZoneSettings, path: str) -> None:
        names = zone_names(settings, path)
        if not settings.upstream:
            raise SettingsError(
                f"{path}.upstream: nobody to ask for {to_text(names[0])}",
                'write `upstream = ["10.0.0.2"]`',
            )
        servers = parse_servers(settings.upstream, f"{path}.upstream", self._listen)
        label = settings.cidr or to_text(names[0])
        if settings.clients:
            label += f" for {', '.join(settings.clients)}"
        order = Policy(settings.policy or self._dns.policy)
        asked = self._forward_zone(label, names[0], servers, self._policy(settings, path), order)
        zone: Zone = StubZone(asked) if settings.stub else asked
        if settings.clients:
            self._restrict(settings.clients, dict.fromkeys(map(lower, names), zone), path)
        else:
            for name in names:
                self._add(name, zone, path)
        self.routes.append(
            Route(
                (settings.cidr or to_text(names[0]),),
                RouteKind.FORWARD,
                tuple(map(str, servers)),
                clients=tuple(settings.clients),
                policy=order,
            )
        )

    def _restrict(self, clients: list[str], zones: dict[Name, Zone], path: str) -> None:
        networks = parse_networks(clients, f"{path}.clients")
        for other in self._restricted:
            theirs = parse_networks(other.clients, path)
            doubles = [name for name in zones if name in other.zones]
            if doubles and any(
                a.version == b.version and a.overlaps(b) for a in networks for b in theirs
            ):
                raise SettingsError(
                    f"{path}.clients: for some of them `{to_text(doubles[0])}` is a zone already",
                    "name each client in one of the zones",
                )
        self._restricted.append(_Restricted(clients, zones))

    def _special(self, configured: Mapping[Name, Zone]) -> dict[Name, Zone]:
        """Our own, and those with a rule that are left beside what somebody configured."""
        inhabited = bool(self._reverse or self._dns.hosts or self._dns.hosts_files)
        ruled = special.remaining(configured, inhabited=inhabited) if self._dns.special else ()
        return {
            zone.name: LocalZone(
                to_text(zone.name),
                Source.SPECIAL,
                functools.partial(special.answer, zone),
                delegated=zone.name if zone.is_delegated else None,
            )
            for zone in (special.OWN, *ruled)
        }

    def _add_root(self) -> None:
        if ROOT in self._zones:
            return
        if self._dns.upstream:
            servers = parse_servers(self._dns.upstream, "upstream", self._listen)
        else:
            servers = system_upstreams(self._listen)
        if servers:
            policy, order = self._policy(None, "dns"), Policy(self._dns.policy)
            self._add(ROOT, self._forward_zone(".", ROOT, servers, policy, order), "upstream")
        kind = RouteKind.FORWARD if servers else RouteKind.REFUSED
        told = tuple(map(str, servers))
        self.routes.append(Route((".",), kind, told, policy=self._dns.policy if told else ""))

    def _forward_zone(
        self, label: str, name: Name, servers: list[Endpoint], policy: ZonePolicy, order: Policy
    ) -> ForwardZone:
        self.asked += servers
        options = GroupOptions(
            self._dns.edns_size,
            wants_ad=policy.trusts_ad,
            policy=order,
            hedge=self._dns.hedge,
            zone=lower(name),
            tls=self._tls_for(servers),
        )
        asking = self._asking
        group = UpstreamGroup(label, servers, options, asking.observe, asking.mismatched)
        self.groups.append(group)
        self.forwarded.append(group)
        # An answer that was treated otherwise is no answer of this zone.
        partition = f"{label} {listed(servers)} {policy}"
        return ForwardZone(label, group, policy, self.memory, partition)

    def _tls_for(self, servers: list[Endpoint]) -> SSLContext | None:
        """What servers over TLS are checked against; one for all, to load the CAs once."""
        if self._tls is None and any(isinstance(server, TlsEndpoint) for server in servers):
            self._tls = tls_authorities(self._dns.tls_ca_file)
        return self._tls

    def _policy(self, zone: ZoneSettings | None, path: str) -> ZonePolicy:
        """A zone's own settings over those of all."""
        dns = self._dns
        ttls = TtlPolicy(dns.min_ttl_s, dns.max_ttl_s, dns.max_negative_ttl_s, dns.stale_s)
        policy = ZonePolicy(
            ttls,
            remembers=dns.remember,
            prefetches=dns.prefetch,
            in_flight=dns.zone_in_flight,
            trusts_ad=dns.trust_ad,
        )
        if zone is not None:
            own = {
                "min_ttl": zone.min_ttl_s,
                "max_ttl": zone.max_ttl_s,
                "max_negative_ttl": zone.max_negative_ttl_s,
                "keep_stale": zone.stale_s,
            }
            ttls = replace(ttls, **{key: value for key, value in own.items() if value is not None})
            policy = replace(
                policy,
                ttls=ttls,
                remembers=policy.remembers if zone.remember is None else zone.remember,
                trusts_ad=policy.trusts_ad if zone.trust_ad is None else zone.trust_ad,
            )
        if ttls.min_ttl > ttls.max_ttl:
            raise SettingsError(
                f"{path}.min_ttl_s: {ttls.min_ttl} is more than max_ttl_s, {ttls.max_ttl}",
                "lower the one or raise the other",
            )
        if not policy.remembers:
            policy = replace(policy, ttls=replace(ttls, keep_stale=0))
        return policy


@dataclass(frozen=True, slots=True)
class _Restricted:
    """Zones that only clients in these networks see."""

    clients: list[str]
    zones: dict[Name, Zone]


def _guard(dns: DnsSettings) -> RebindGuard | None:
    names = [lower(parse_name(text, "dns.rebind_allowed")) for text in dns.rebind_allowed]
    if names and not dns.stop_rebind:
        raise SettingsError(
            "dns.rebind_allowed: names are given, and nothing is kept from any",
            "set `stop_rebind = true`, or leave it out",
        )
    return RebindGuard(names) if dns.stop_rebind else None


def zone_names(settings: ZoneSettings, path: str) -> tuple[Name, ...]:
    """The names of a zone, of a network's more than one. Raises SettingsError."""
    if bool(settings.name) == bool(settings.cidr):
        raise SettingsError(
            f"{path}: a zone has either a name or a cidr",
            'write `name = "corp.example"` or `cidr = "10.20.0.0/16"`',
        )
    if settings.name:
        return (parse_name(settings.name, f"{path}.name"),)
    (network,) = parse_networks([settings.cidr], f"{path}.cidr")
    try:
        return zones_of(network)
    except ValueError as error:
        raise SettingsError(f"{path}.cidr: {error}", "name a smaller network") from error
