"""Settings -> the zones that Consul answers: its domains, and the reverse zones it may know."""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog import changes
from catalog.changes import Changes
from catalog.uri import DEFAULT_DNS_PORT, Registry
from dnsproxy.consul import ConsulOptions, ConsulZone, ReverseZone, Unlisted
from dnsproxy.core.consul import Delegated
from dnsproxy.core.coverage import Kind, Topic
from dnsproxy.core.doubt import DOUBT_S
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.memory import Memory, TtlPolicy
from dnsproxy.core.names import Name, lies_in, lower, to_text
from dnsproxy.core.policy import ZonePolicy
from dnsproxy.core.reverse import zones_of
from dnsproxy.coverage import Coverage
from dnsproxy.edges.agent_check import AgentCheck
from dnsproxy.edges.datacenters import Datacenters
from dnsproxy.edges.upstreams import GroupOptions, Mismatched, Observe, UpstreamGroup
from dnsproxy.edges.watches import Watches
from dnsproxy.forwarding import ForwardZone
from dnsproxy.one_address import OneAddressZone
from dnsproxy.resolver import Zone
from seamark.consul_http import changes_at, facts_reader
from seamark.dns_settings import DnsSettings
from seamark.errors import SettingsError
from seamark.reading import (
    listed,
    parse_datacenter,
    parse_endpoints,
    parse_name,
    parse_networks,
    refuse_ourselves,
)
from seamark.routes import Route, RouteKind
from seamark.settings import Settings

# Room for some 300 instances in one datagram; beyond that TCP is asked.
_EDNS_SIZE = 16384
# One that asks Consul through us must have its answer before resolved calls us broken (2 s,
# systemd#13432), and before an agent without a leader gives up (7 s).
_DEADLINE_S = 1.9
_NEGATIVE_TTL = 5
_ADVICE = "start the Consul agent there, or name its DNS with --consul-dns"
# Consul answers within milliseconds; who waits 1 s for an answer shall have the last good one in
# time, and what comes later is for the next.
_PATIENCE_S = 0.9
# It comes back within seconds, and its own word is the best: not held off longer.
_HOLD_MAX_S = 1.0


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is told what came of each question, and the mark that is on those to Consul.

    ``environment`` holds CONSUL_*, for its HTTP API. ``mismatched`` is told of packets that were no
    reply.
    """

    observe: Observe
    mark: bytes
    environment: Mapping[str, str]
    mismatched: Mismatched = lambda server: None


@dataclass(frozen=True, slots=True)
class ConsulSide:
    """What Consul answers.

    ``zones`` come with the setting that names them; ``reverse`` are asked before the zone that a
    reverse name lies in. ``check`` is absent where nobody is asked over HTTP.
    """

    servers: list[Endpoint]
    group: UpstreamGroup
    zones: list[tuple[str, Name, Zone]]
    reverse: list[tuple[Name, ReverseZone]]
    check: AgentCheck | None
    watches: Watches | None

    @property
    def route(self) -> Route:
        """For people."""
        names = tuple(to_text(name) for _, name, _ in self.zones)
        return Route(names, RouteKind.CONSUL, tuple(map(str, self.servers)), policy="sequential")


def consul_side(
    settings: Settings,
    agent: Registry | None,
    listen: list[Endpoint],
    memory: Memory,
    asking: Asking,
) -> ConsulSide:
    """The zones of the Consul that the settings or else the registry names.

    Raises SettingsError.
    """
    dns = settings.dns
    servers = consul_servers(dns, agent, listen)
    facts = facts_reader(settings, agent, servers, asking.environment)
    names = domains(dns)
    domain = names["dns.domain"]
    watches = _watches(settings, agent, servers, asking.environment)
    coverage = Coverage(lower(domain), watches) if watches is not None else None
    asked = _forward_zone(dns, domain, servers, memory, asking, coverage)
    options = ConsulOptions(
        domain=lower(domain),
        datacenters=[parse_datacenter(text, "dns.datacenters") for text in dns.datacenters],
        empty_names=dns.empty_names,
        existing=Datacenters(facts.datacenters) if facts else Unlisted(),
        delegated=delegated(dns, names.values()),
    )
    zones = [
        (path, name, as_wanted(dns, name, ConsulZone(lower(name), asked, options)))
        for path, name in names.items()
    ]
    reverse = [(name, ReverseZone(asked)) for name in reverse_names(dns)]
    check = AgentCheck(facts.location, to_text(domain), facts.agent) if facts else None
    return ConsulSide(servers, asked.group, zones, reverse, check, watches)


def domains(dns: DnsSettings) -> dict[str, Name]:
    """Consul's domains by the setting that names them, its own first. Raises SettingsError."""
    names = {"dns.domain": parse_name(dns.domain, "dns.domain")}
    if dns.alt_domain:
        names["dns.alt_domain"] = parse_name(dns.alt_domain, "dns.alt_domain")
    return names


def reverse_names(dns: DnsSettings) -> list[Name]:
    """The reverse zones that the catalog may know something of. Raises SettingsError."""
    networks = parse_networks(dns.consul_reverse, "dns.consul_reverse")
    return [name for network in networks for name in zones_of(network)]


def as_wanted(dns: DnsSettings, name: Name, zone: Zone) -> Zone:
    """A zone of Consul's names, which answers with one address if that is set."""
    return OneAddressZone(lower(name), zone) if dns.one_address else zone


def delegated(dns: DnsSettings, domains: Iterable[Name]) -> Delegated:
    """The names below Consul's ``domains`` that others forward to us. Raises SettingsError."""
    domains = [lower(domain) for domain in domains]
    names = [lower(parse_name(text, "dns.delegated")) for text in dns.delegated]
    for name in names:
        if name in domains or not any(lies_in(name, domain) for domain in domains):
            raise SettingsError(
                f"dns.delegated: `{to_text(name)}` is not below "
                + " or ".join(map(to_text, domains)),
                "name what the other server forwards, as `service.consul`; "
                "for the whole domain nothing is needed",
            )
    return Delegated((name, name) for name in names)


def consul_servers(
    dns: DnsSettings, agent: Registry | None, listen: list[Endpoint]
) -> list[Endpoint]:
    """Consul's DNS: those that are named, else the registry's host. Raises SettingsError."""
    named = dns.consul_dns
    texts = [named] if isinstance(named, str) else named
    texts = [text for text in texts if text]
    if texts:
        return parse_endpoints(texts, "consul-dns", listen, DEFAULT_DNS_PORT)
    servers = [_resolved(agent.address.host if agent else "127.0.0.1")]
    refuse_ourselves(servers, "consul-dns", listen)
    return servers


def _resolved(host: str) -> Endpoint:
    try:
        return Endpoint(str(socket.getaddrinfo(host, None)[0][4][0]), DEFAULT_DNS_PORT)
    except OSError as error:
        raise SettingsError(
            f"registry: the host `{host}` has no address: {error.strerror or error}",
            "name Consul's DNS by address with --consul-dns",
        ) from error


def _watches(
    settings: Settings,
    agent: Registry | None,
    servers: list[Endpoint],
    environment: Mapping[str, str],
) -> Watches | None:
    dns = settings.dns
    if not (dns.remember and dns.watches):
        return None
    told = changes_at(settings, agent, servers, environment, dns.watches)
    if told is None:
        return None
    return Watches(_Changing(told), dns.watches)


@dataclass(frozen=True, slots=True)
class _Changing:
    """What is told of a topic, over HTTP."""

    changes: Changes

    def next(self, topic: Topic, index: int) -> int:
        """See :class:`~dnsproxy.edges.watches.Changing`."""
        return self.changes.next(_watched(topic), index)

    def wait_for(self, topic: Topic, index: int) -> bool:
        """The same."""
        return self.changes.wait_for(_watched(topic), index)


def _watched(topic: Topic) -> changes.Watched:
    match topic.kind:
        case Kind.SERVICE:
            return changes.service(topic.name, topic.datacenter)
        case Kind.NODES:
            return changes.nodes(topic.datacenter)
        case Kind.SERVICES:
            return changes.services()
        case Kind.CHECKS:
            return changes.checks()


def _forward_zone(
    dns: DnsSettings,
    domain: Name,
    servers: list[Endpoint],
    memory: Memory,
    asking: Asking,
    coverage: Coverage | None,
) -> ForwardZone:
    group = UpstreamGroup(
        "consul",
        servers,
        GroupOptions(
            _EDNS_SIZE,
            cuts_silently=True,
            deadline_s=_DEADLINE_S,
            mark=asking.mark,
            settle_s=DOUBT_S,
            zone=lower(domain),
            advice=_ADVICE,
        ),
        asking.observe,
        asking.mismatched,
    )
    ttls = TtlPolicy(
        max_ttl=dns.max_ttl_s,
        max_negative_ttl=min(dns.max_negative_ttl_s, _NEGATIVE_TTL),
        keep_stale=dns.stale_s,
    )
    policy = ZonePolicy(
        ttls,
        remembers=dns.remember,
        prefetches=dns.prefetch,
        hold_max_s=_HOLD_MAX_S,
        patience_s=_PATIENCE_S,
        in_flight=dns.zone_in_flight,
        is_consuls=True,
    )
    # Not the policy: the last good answers have to outlive a change of it.
    return ForwardZone(
        to_text(domain), group, policy, memory, f"{to_text(domain)} {listed(servers)}", coverage
    )
