"""Settings -> where each name is asked. Everything that contradicts itself is found here."""

import functools
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import replace

from catalog.embedded import EmbeddedCatalog
from catalog.uri import DEFAULT_DNS_PORT, Registry
from dnsproxy.consul import ConsulOptions, ConsulZone, ReverseZone
from dnsproxy.core import special
from dnsproxy.core.embedded import DOMAIN
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.exchange import Source
from dnsproxy.core.memory import Memory, TtlPolicy
from dnsproxy.core.names import ROOT, Name, from_text, lower, to_text
from dnsproxy.core.reverse import zones_of
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.upstreams import GroupOptions, Observe, UpstreamGroup
from dnsproxy.forwarding import ForwardZone, ZonePolicy
from dnsproxy.resolver import LocalZone, OptionalZone, Routes, Zone, embedded_zone
from seamark.addresses import is_ourselves, parse_endpoint, system_upstreams
from seamark.errors import SettingsError
from seamark.localnames import hosts
from seamark.settings import Settings, ZoneSettings

# Room for some 300 instances in one datagram; beyond that TCP is asked.
_CONSUL_EDNS_SIZE = 16384
# One that asks Consul through us must have its answer before resolved calls us broken (2 s,
# systemd#13432), and before an agent without a leader gives up (7 s).
_CONSUL_DEADLINE_S = 1.9
_CONSUL_NEGATIVE_TTL = 5
_CONSUL_KEEP_STALE_S = 86400
# An entry of memory takes 1 to 4 KiB.
_ENTRIES_PER_MIB = 1024


class ZoneBuilder:
    """Builds the routes of one set of settings. Raises :class:`SettingsError`."""

    def __init__(
        self, settings: Settings, listen: list[Endpoint], observe: Observe | None = None
    ) -> None:
        self._settings = settings
        self._dns = settings.dns
        self._listen = listen
        self._observe: Observe = observe or (lambda server, outcome, took: None)
        mib = settings.dns.memory_mib
        self.memory = Memory(mib * 1024 * 1024, mib * _ENTRIES_PER_MIB)
        self.words: list[str] = []
        # Everybody who is asked.
        self.asked: list[Endpoint] = []
        self._zones: dict[Name, Zone] = {}
        self._reverse: list[tuple[Name, OptionalZone]] = []

    def routes(self, catalog: EmbeddedCatalog | None, agent: Registry | None) -> Routes:
        """Where each name is asked, of this catalog or of that registry's agent."""
        if catalog is not None:
            self._add(DOMAIN, embedded_zone("consul.", catalog), "dns.domain")
            self.words.append(f"consul. -> {catalog.location}")
        else:
            self._add_consul(agent)
        for number, zone in enumerate(self._dns.zone):
            self._add_zone(zone, f"dns.zone[{number}]")
        self._add_special()
        self._add_root()
        return Routes(
            ZoneTable(self._zones.items()),
            hosts=hosts(self._settings).answer,
            reverse=ZoneTable(self._reverse) if self._reverse else None,
        )

    def _add(self, name: Name, zone: Zone, path: str) -> None:
        if lower(name) in self._zones:
            raise SettingsError(
                f"{path}: `{to_text(name)}` is a zone already", "name each zone once"
            )
        self._zones[lower(name)] = zone

    def _add_consul(self, agent: Registry | None) -> None:
        servers = self._consul_servers(agent)
        domain = _name(self._dns.domain, "dns.domain")
        zone = self._consul_zone(servers)
        options = ConsulOptions(
            domain=lower(domain),
            datacenters=[_label(text) for text in self._dns.datacenters],
            empty_names=self._dns.empty_names,
        )
        self._add(domain, ConsulZone(lower(domain), zone, options), "dns.domain")
        names = [domain]
        if self._dns.alt_domain:
            names.append(_name(self._dns.alt_domain, "dns.alt_domain"))
            self._add(names[1], ConsulZone(lower(names[1]), zone, options), "dns.alt_domain")
        for network in _networks(self._dns.consul_reverse, "dns.consul_reverse"):
            self._reverse += [(name, ReverseZone(zone)) for name in zones_of(network)]
        self.words.append(f"{', '.join(map(to_text, names))} -> {_listed(servers)}")

    def _consul_zone(self, servers: list[Endpoint]) -> ForwardZone:
        self.asked += servers
        group = UpstreamGroup(
            "consul",
            servers,
            GroupOptions(_CONSUL_EDNS_SIZE, cuts_silently=True, deadline_s=_CONSUL_DEADLINE_S),
            self._observe,
        )
        ttls = TtlPolicy(
            max_ttl=self._dns.max_ttl_s,
            max_negative_ttl=min(self._dns.max_negative_ttl_s, _CONSUL_NEGATIVE_TTL),
            keep_stale=_CONSUL_KEEP_STALE_S,
        )
        policy = ZonePolicy(
            ttls, remembers=self._dns.remember, authoritative=True, doubts_denials=True
        )
        return ForwardZone(
            to_text(_name(self._dns.domain, "dns.domain")), group, policy, self.memory
        )

    def _consul_servers(self, agent: Registry | None) -> list[Endpoint]:
        named = self._dns.consul_dns
        texts = [named] if isinstance(named, str) else named
        servers = [parse_endpoint(text, "consul-dns", DEFAULT_DNS_PORT) for text in texts if text]
        if not servers:
            host = agent.address.host if agent else "127.0.0.1"
            servers = [_resolved(host)]
        self._refuse_loop(servers, "consul-dns")
        return servers

    def _add_zone(self, settings: ZoneSettings, path: str) -> None:
        names = _zone_names(settings, path)
        if not settings.upstream:
            raise SettingsError(
                f"{path}.upstream: nobody to ask for {to_text(names[0])}",
                'write `upstream = ["10.0.0.2"]`',
            )
        servers = [parse_endpoint(text, f"{path}.upstream", 53) for text in settings.upstream]
        self._refuse_loop(servers, f"{path}.upstream")
        label = settings.cidr or to_text(names[0])
        zone = self._forward_zone(label, servers, self._policy(settings, path))
        for name in names:
            self._add(name, zone, path)
        self.words.append(f"{label} -> {_listed(servers)}")

    def _add_special(self) -> None:
        for zone in special.remaining(self._zones) if self._dns.special else ():
            answer = functools.partial(special.answer, zone)
            self._zones[zone.name] = LocalZone(to_text(zone.name), Source.SPECIAL, answer)

    def _add_root(self) -> None:
        if ROOT in self._zones:
            return
        if self._dns.upstream:
            servers = [parse_endpoint(text, "upstream", 53) for text in self._dns.upstream]
            self._refuse_loop(servers, "upstream")
        else:
            servers = system_upstreams(self._listen)
        if servers:
            self._add(ROOT, self._forward_zone(".", servers, self._policy(None, "dns")), "upstream")
        self.words.append(f"all else -> {_listed(servers) or 'refused (no upstream)'}")

    def _forward_zone(self, name: str, servers: list[Endpoint], policy: ZonePolicy) -> ForwardZone:
        self.asked += servers
        group = UpstreamGroup(name, servers, GroupOptions(self._dns.edns_size), self._observe)
        return ForwardZone(name, group, policy, self.memory)

    def _policy(self, zone: ZoneSettings | None, path: str) -> ZonePolicy:
        """A zone's own settings over those of all."""
        dns = self._dns
        ttls = TtlPolicy(dns.min_ttl_s, dns.max_ttl_s, dns.max_negative_ttl_s)
        policy = ZonePolicy(ttls, remembers=dns.remember, trusts_ad=dns.trust_ad)
        if zone is not None:
            own = {
                "min_ttl": zone.min_ttl_s,
                "max_ttl": zone.max_ttl_s,
                "max_negative_ttl": zone.max_negative_ttl_s,
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
        return policy

    def _refuse_loop(self, servers: list[Endpoint], setting: str) -> None:
        for server in servers:
            if is_ourselves(server, self._listen):
                raise SettingsError(
                    f"{setting}: {server} is ourselves; every query would come back",
                    "name another server, or listen elsewhere",
                )


def _zone_names(settings: ZoneSettings, path: str) -> tuple[Name, ...]:
    if bool(settings.name) == bool(settings.cidr):
        raise SettingsError(
            f"{path}: a zone has either a name or a cidr",
            'write `name = "corp.example"` or `cidr = "10.20.0.0/16"`',
        )
    if settings.name:
        return (_name(settings.name, f"{path}.name"),)
    (network,) = _networks([settings.cidr], f"{path}.cidr")
    try:
        return zones_of(network)
    except ValueError as error:
        raise SettingsError(f"{path}.cidr: {error}", "name a smaller network") from error


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(texts: Iterable[str], path: str) -> list[Network]:
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise SettingsError(
                f"{path}: `{text}` is no network: {error}", "write networks as `10.20.0.0/16`"
            ) from error
    return networks


def _name(text: str, path: str) -> Name:
    try:
        return from_text(text)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}", "write it as `corp.example`") from error


def _label(text: str) -> bytes:
    name = _name(text, "dns.datacenters")
    if len(name) != 1:
        raise SettingsError(
            f"dns.datacenters: `{text}` is no datacenter's name", "write it as `dc2`"
        )
    return name[0].lower()


def _resolved(host: str) -> Endpoint:
    try:
        return Endpoint(str(socket.getaddrinfo(host, None)[0][4][0]), DEFAULT_DNS_PORT)
    except OSError as error:
        raise SettingsError(
            f"registry: the host `{host}` has no address: {error.strerror or error}",
            "name Consul's DNS by address with --consul-dns",
        ) from error


def _listed(servers: Iterable[Endpoint]) -> str:
    return ", ".join(map(str, servers))
