"""Settings -> the parts that run, checked before anything is bound."""

import contextlib
import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path

from catalog.definitions import parse_definitions
from catalog.embedded import EmbeddedCatalog
from catalog.errors import RegistryUriError, ShapeError
from catalog.model import Node, Service
from catalog.uri import DEFAULT_DNS_PORT, Registry, parse_registry_uri
from dnsproxy.core.access import AllowList
from dnsproxy.core.embedded import DOMAIN
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import ROOT, Name, from_text
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.upstreams import UpstreamGroup
from dnsproxy.proxy import DnsProxy
from dnsproxy.resolver import EmbeddedZone, Resolver, Target
from registrar.edges.engine import DockerEngine
from registrar.errors import EngineUnavailable
from seamark.addresses import (
    default_route_address,
    is_local,
    is_ourselves,
    parse_endpoint,
    system_upstreams,
)
from seamark.errors import SettingsError
from seamark.settings import DnsSettings, Settings

# Room for some 300 instances in one datagram; beyond that TCP is asked.
CONSUL_EDNS_SIZE = 16384


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
    settings: Settings, container_engine: DockerEngine | None
) -> tuple[EmbeddedCatalog, list[str]]:
    """The catalog in this process with its static services, and remarks on their file."""
    if settings.dns.consul_dns:
        raise SettingsError(
            f"consul-dns: {settings.dns.consul_dns} is a Consul, and the catalog is embedded",
            "name the registry, `consul://HOST:8500`, or leave --consul-dns out",
        )
    services, remarks = _static_services(settings.catalog.services)
    name = settings.node or _host_name(container_engine)
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


def dns_proxy(
    settings: Settings, catalog: EmbeddedCatalog | None, agent: Registry | None
) -> tuple[DnsProxy, list[str]]:
    """The DNS proxy, and what it does in words: one line a zone."""
    listen = _listen(settings)
    zones: list[tuple[Name, Target]] = []
    words = []
    if catalog is not None:
        zones.append((DOMAIN, EmbeddedZone(catalog)))
        words.append(f"consul. -> {catalog.location}")
    else:
        server = _consul_dns(settings, agent)
        _refuse_loop([server], listen, "consul-dns")
        group = UpstreamGroup(
            "consul", (server,), CONSUL_EDNS_SIZE, cuts_silently=True, authoritative=True
        )
        zones.append((DOMAIN, group))
        words.append(f"consul. -> {server}")
    upstreams = _upstreams(settings, listen)
    if upstreams:
        zones.append((ROOT, UpstreamGroup("upstream", tuple(upstreams))))
    words.append(f"all else -> {', '.join(map(str, upstreams)) or 'refused (no upstream)'}")
    return DnsProxy(listen, Resolver(ZoneTable(zones)), _allow(settings)), words


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


def _host_name(container_engine: DockerEngine | None) -> str:
    if container_engine is not None:
        with contextlib.suppress(EngineUnavailable):
            return container_engine.host_name() or socket.gethostname()
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


def _consul_dns(settings: Settings, agent: Registry | None) -> Endpoint:
    if settings.dns.consul_dns:
        return parse_endpoint(settings.dns.consul_dns, "consul-dns", DEFAULT_DNS_PORT)
    host = agent.address.host if agent else "127.0.0.1"
    try:
        return Endpoint(str(socket.getaddrinfo(host, None)[0][4][0]), DEFAULT_DNS_PORT)
    except OSError as error:
        raise SettingsError(
            f"registry: the host `{host}` has no address: {error.strerror or error}",
            "name Consul's DNS by address with --consul-dns",
        ) from error


def _upstreams(settings: Settings, listen: list[Endpoint]) -> list[Endpoint]:
    if not settings.dns.upstream:
        return system_upstreams(listen)
    upstreams = [parse_endpoint(text, "upstream", 53) for text in settings.dns.upstream]
    _refuse_loop(upstreams, listen, "upstream")
    return upstreams


def _refuse_loop(servers: list[Endpoint], listen: list[Endpoint], setting: str) -> None:
    for server in servers:
        if is_ourselves(server, listen):
            raise SettingsError(
                f"{setting}: {server} is ourselves; every query would come back",
                "name another server, or listen elsewhere",
            )


def _allow(settings: Settings) -> AllowList:
    try:
        return AllowList(settings.dns.allow)
    except ValueError as error:
        raise SettingsError(f"allow: {error}", "write networks as `10.0.0.0/8`") from error


def example_service(catalog: EmbeddedCatalog | None) -> str:
    """The name of a service that surely resolves, for the line to try; empty if there is none."""
    services = catalog.services().values() if catalog else ()
    return next((service.name for service in services), "")
