"""Settings -> the parts that run, checked before anything is bound."""

import contextlib
import ipaddress
import secrets
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from catalog.definitions import parse_definitions
from catalog.embedded import EmbeddedCatalog
from catalog.errors import RegistryUriError, ShapeError
from catalog.model import Node, Service
from catalog.uri import Registry, parse_registry_uri
from dnsproxy.core.access import AllowList
from dnsproxy.core.clients import ClientLimits, Clients
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.memory import Memory
from dnsproxy.core.names import from_text
from dnsproxy.core.querylog import ReplyClass, Selection
from dnsproxy.edges.agent_check import AgentCheck
from dnsproxy.edges.loops import LoopWatch
from dnsproxy.edges.observer import Gauge, Observer, Reading
from dnsproxy.edges.querylog import QueryLog
from dnsproxy.edges.upstreams import UpstreamGroup
from dnsproxy.proxy import DnsProxy, ProxyOptions
from dnsproxy.resolver import Resolver
from registrar.errors import EngineUnavailable
from seamark.addresses import (
    default_route_address,
    is_local,
    parse_endpoint,
)
from seamark.consul_zones import Asking
from seamark.dns_settings import DnsSettings
from seamark.errors import SettingsError
from seamark.settings import Settings
from seamark.zones import ZoneBuilder

# Nobody guesses it, and nobody else's query is taken for ours.
_MARK_BYTES = 16
_SECRET_BYTES = 16


def registry(settings: Settings, environment: Mapping[str, str]) -> Registry | None:
    """The shared catalog that the registry URI names; None for the embedded one."""
    if not settings.catalog.registry:
        return None
    if settings.catalog.services:
        raise SettingsError(
            f"services: {settings.catalog.services} is for the embedded catalog, and registry "
            "names a Consul",
            "give the file to the agent: consul agent -config-file FILE",
        )
    try:
        return parse_registry_uri(settings.catalog.registry, environment)
    except RegistryUriError as error:
        raise SettingsError(f"registry: {error}") from error


def embedded_catalog(
    settings: Settings, engine_host: Callable[[], str] | None = None
) -> tuple[EmbeddedCatalog, list[str]]:
    """The catalog in this process with its static services, and remarks on their file.

    ``engine_host`` is what the container engine calls its host; it raises EngineUnavailable.
    """
    _refuse_consul(settings.dns)
    services, remarks = _static_services(settings.catalog.services)
    name = settings.node or _host_name(engine_host)
    try:
        from_text(name)
    except ValueError as error:
        raise SettingsError(f"node: {error}", "name the host with --node") from error
    address = settings.catalog.advertise or default_route_address()
    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        message = f"advertise: `{address}` is no IP address"
        raise SettingsError(message, "name the address that others reach this host at") from error
    return EmbeddedCatalog(Node(name=name, address=address), services), remarks


def _refuse_consul(dns: DnsSettings) -> None:
    named = dns.consul_dns
    given = {
        "consul-dns": named if isinstance(named, str) else ", ".join(named),
        "consul-http": "" if dns.consul_http == "off" else dns.consul_http,
    }
    for flag, where in given.items():
        if where:
            raise SettingsError(
                f"{flag}: {where} is a Consul, and the catalog is embedded",
                f"name the registry, `consul://HOST:8500`, or leave --{flag} out",
            )


def observer(settings: Settings) -> Observer:
    """Whom the DNS proxy tells of what it does; it has written nothing yet."""
    dns = settings.dns
    lines = None if dns.query_log == "off" else QueryLog(dns.query_log)
    classes = [ReplyClass(word) for word in dns.query_log_classes]
    return Observer(dns.query_log_ring, Selection(dns.query_log_sample, classes), lines)


class DnsHalf(NamedTuple):
    """The DNS proxy, what it does in words (one line a zone), and who looks at the agent."""

    proxy: DnsProxy
    words: list[str]
    check: AgentCheck | None


def dns_proxy(
    settings: Settings,
    catalog: EmbeddedCatalog | None,
    agent: Registry | None,
    watcher: Observer,
    environment: Mapping[str, str],
) -> DnsHalf:
    """The DNS proxy; nothing is bound or asked yet."""
    listen = _listen(settings)
    mark = secrets.token_bytes(_MARK_BYTES)
    asking = Asking(watcher.upstream, mark, environment, watcher.mismatched)
    builder = ZoneBuilder(settings, listen, asking)
    resolver = Resolver(builder.views(catalog, agent).of)
    # Consul's agents are not looked at: they ask us where we are their recursor, and their
    # questions carry our mark.
    loops = LoopWatch(builder.forwarded)
    watcher.gauges |= _memory_gauges(builder.memory) | _upstream_gauges(builder.groups, loops)
    options = ProxyOptions(
        _allow(settings), builder.asked, settings.dns.edns_size, mark, loops, builder.groups
    )
    clients = Clients(secrets.token_bytes(_SECRET_BYTES), client_limits(settings.dns))
    proxy = DnsProxy(listen, resolver, options, watcher.record, clients)
    return DnsHalf(proxy, builder.words, builder.check)


def client_limits(dns: DnsSettings) -> ClientLimits:
    """How much one client gets."""
    return ClientLimits(
        dns.rate_limit, dns.rate_limit_private, dns.client_in_flight, dns.client_connections
    )


def _memory_gauges(memory: Memory) -> dict[Gauge, Reading]:
    shelves = {"answers": memory.answers, "denials": memory.denials}
    return {
        Gauge.MEMORY_BYTES: lambda: {kind: shelf.bytes for kind, shelf in shelves.items()},
        Gauge.MEMORY_ENTRIES: lambda: {
            **{kind: len(shelf.entries) for kind, shelf in shelves.items()},
            "failures": len(memory.failures.shelf.entries),
        },
    }


def _upstream_gauges(groups: list[UpstreamGroup], loops: LoopWatch) -> dict[Gauge, Reading]:
    def sick() -> dict[str, float]:
        found: dict[str, float] = {}
        for group in groups:
            for server in group.servers:
                one = float(group.health.is_sick(server))
                found[str(server)] = max(one, found.get(str(server), 0.0))
        return found

    return {Gauge.UPSTREAM_SICK: sick, Gauge.UPSTREAM_LOOPED: loops.looped}


def status_address(settings: Settings) -> Endpoint | None:
    """Where the status side listens; None if it is off."""
    if settings.http.listen == "off":
        return None
    return parse_endpoint(settings.http.listen, "http")


def _static_services(file: str) -> tuple[list[Service], list[str]]:
    if not file:
        return [], []
    try:
        services, remarks = parse_definitions(Path(file).read_text())
    except ShapeError as error:
        raise SettingsError(f"{file}: {error}", error.hint) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"services: {file} cannot be read: {reason}") from error
    return services, [f"{file}: {remark}" for remark in remarks]


def _host_name(engine_host: Callable[[], str] | None) -> str:
    if engine_host is not None:
        with contextlib.suppress(EngineUnavailable):
            return engine_host() or socket.gethostname()
    return socket.gethostname()


def _listen(settings: Settings) -> list[Endpoint]:
    listen = [parse_endpoint(text, "listen") for text in settings.dns.listen]
    if not listen:
        raise SettingsError("listen: no address to answer on", "name one with --listen ADDR:PORT")
    if len(set(listen)) < len(listen):
        raise SettingsError("listen: an address stands twice", "name each once")
    if settings.dns.listen == DnsSettings().listen and not is_local("::"):
        # A host without IPv6: the default's second half means nothing here.
        listen = [address for address in listen if address.host != "::"]
    return listen


def _allow(settings: Settings) -> AllowList:
    try:
        return AllowList(settings.dns.allow)
    except ValueError as error:
        raise SettingsError(f"allow: {error}", "write networks as `10.0.0.0/8`") from error


def example_service(catalog: EmbeddedCatalog | None) -> str:
    """The name of a service that surely resolves, for the line to try; empty if there is none."""
    services = catalog.services().values() if catalog else ()
    return next((service.name for service in services), "")
