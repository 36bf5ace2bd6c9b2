"""Settings -> the parts that run beside the DNS half, checked before anything is bound."""

import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalog.embedded import EmbeddedCatalog
from catalog.errors import RegistryUriError
from catalog.model import Node
from catalog.uri import Registry, parse_registry_uri
from dnsproxy.core.names import from_text
from dnsproxy.core.querylog import ReplyClass, Selection
from dnsproxy.edges.observer import Observer
from dnsproxy.edges.querylog import QueryLog
from registrar.errors import EngineUnavailable
from seamark.addresses import default_route_address
from seamark.dns_settings import DnsSettings
from seamark.errors import SettingsError
from seamark.settings import CatalogSettings, Settings
from seamark.statics import StaticServices, read_definitions

# Every node of Consul's has it; one that is in no segment has it empty.
_ALWAYS_META = {"consul-network-segment": ""}
# What Consul takes for a key, and what one TXT string can carry of both.
_META_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_META_MAX = 254


@dataclass(frozen=True, slots=True)
class Embedded:
    """The catalog in this process, and those of its services that a file has."""

    catalog: EmbeddedCatalog
    statics: StaticServices


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
    for name, given, usual in (
        ("dns_config", settings.dns_config, Settings().dns_config),
        ("node_meta", settings.catalog.node_meta, CatalogSettings().node_meta),
    ):
        if given != usual:
            raise SettingsError(
                f"{name}: it is for the embedded catalog, and registry names a Consul",
                f"set `{name}` in the agent's configuration",
            )
    try:
        return parse_registry_uri(settings.catalog.registry, environment)
    except RegistryUriError as error:
        raise SettingsError(f"registry: {error}") from error


def embedded_catalog(settings: Settings, engine_host: Callable[[], str] | None = None) -> Embedded:
    """The catalog in this process with its static services.

    ``engine_host`` is what the container engine calls its host; it raises EngineUnavailable.
    """
    _refuse_consul(settings.dns)
    file = settings.catalog.services
    found = read_definitions(file)
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
    _check_meta(settings.catalog.node_meta)
    meta = _ALWAYS_META | settings.catalog.node_meta
    catalog = EmbeddedCatalog(Node(name=name, address=address, meta=meta))
    return Embedded(catalog, StaticServices(file, catalog, found))


def _check_meta(meta: Mapping[str, str]) -> None:
    for key, value in meta.items():
        if not _META_KEY.fullmatch(key) or key.startswith("consul-"):
            raise SettingsError(
                f"node_meta: `{key}` is no key of a node's",
                "use up to 128 of A-Z, a-z, 0-9, - and _, and leave `consul-` to Consul",
            )
        if "\\" in value or len(f"{key}={value}".encode()) > _META_MAX:
            raise SettingsError(
                f"node_meta: `{key}` has a value that no TXT record can carry",
                f"use no backslash, and {_META_MAX} bytes at most with the key",
            )


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
    if dns.datacenters:
        raise SettingsError(
            f"dns.datacenters: {', '.join(dns.datacenters)}: an embedded catalog is one datacenter",
            "name the registry, `consul://HOST:8500`, or leave --datacenter out",
        )


def observer(settings: Settings) -> Observer:
    """Whom the DNS proxy tells of what it does; it has written nothing yet."""
    dns = settings.dns
    lines = None if dns.query_log == "off" else QueryLog(dns.query_log)
    classes = [ReplyClass(word) for word in dns.query_log_classes]
    return Observer(dns.query_log_ring, Selection(dns.query_log_sample, classes), lines)


def _host_name(engine_host: Callable[[], str] | None) -> str:
    if engine_host is not None:
        with contextlib.suppress(EngineUnavailable):
            return engine_host() or socket.gethostname()
    return socket.gethostname()


def example_service(embedded: Embedded | None) -> str:
    """The name of a service that surely resolves, for the line to try; empty if there is none."""
    services = embedded.catalog.services().values() if embedded else ()
    return next((service.name for service in services), "")
