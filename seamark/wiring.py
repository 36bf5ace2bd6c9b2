"""Settings -> the parts that run beside the DNS half, checked before anything is bound."""

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from catalog.definitions import parse_definitions
from catalog.embedded import EmbeddedCatalog
from catalog.errors import RegistryUriError, ShapeError
from catalog.model import Node, Service
from catalog.uri import Registry, parse_registry_uri
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import from_text
from dnsproxy.core.querylog import ReplyClass, Selection
from dnsproxy.edges.observer import Observer
from dnsproxy.edges.querylog import QueryLog
from registrar.errors import EngineUnavailable
from seamark.addresses import default_route_address, parse_endpoint
from seamark.dns_settings import DnsSettings
from seamark.errors import SettingsError
from seamark.settings import Settings


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


def example_service(catalog: EmbeddedCatalog | None) -> str:
    """The name of a service that surely resolves, for the line to try; empty if there is none."""
    services = catalog.services().values() if catalog else ()
    return next((service.name for service in services), "")
