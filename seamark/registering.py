"""Settings -> the registrar's parts, checked before anything is touched."""

import dataclasses
import ipaddress
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import docker
import gevent
from docker.errors import TLSParameterError

from catalog.agent import ConsulAgent
from catalog.embedded import EmbeddedCatalog
from catalog.errors import CatalogError, CatalogUnavailable
from catalog.kv import ConsulKv
from catalog.model import ServiceCatalog
from catalog.uri import Registry
from registrar.core.policy import Policy
from registrar.core.selector import parse_selector
from registrar.core.template import Template, parse_template
from registrar.core.timing import Timing
from registrar.edges.engine import DockerEngine
from registrar.edges.fetch import fetch
from registrar.planner import node_address
from registrar.reconciler import Registrar
from seamark.addresses import default_route_address, own_ipv6
from seamark.consul_http import consul_environment
from seamark.errors import SettingsError, StartError
from seamark.settings import RegistrarSettings, Settings

log = logging.getLogger("seamark")

T = TypeVar("T")
_SOCKETS = (
    Path("/var/run/docker.sock"),
    Path("/tmp/docker.sock"),  # noqa: S108  (where registrator's users mount it)
    Path("/run/podman/podman.sock"),
)
_ENGINES = ("unix://", "tcp://", "http://", "https://", "npipe://", "ssh://")


def engine(settings: Settings, environment: Mapping[str, str]) -> DockerEngine:
    """The container engine; nothing is connected yet."""
    url = settings.registrar.docker
    if not url:
        path = next((path for path in _SOCKETS if path.exists()), _SOCKETS[0])
        url = f"unix://{path}"
    if not url.startswith(_ENGINES):
        raise SettingsError(
            f"docker: `{url}` is no URL of an engine", "write `unix:///var/run/docker.sock`"
        )
    return DockerEngine(url, _engine_tls(environment) if url.startswith("tcp://") else None)


def _engine_tls(environment: Mapping[str, str]) -> docker.tls.TLSConfig | None:
    """DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as Docker's own client uses them."""
    if not environment.get("DOCKER_TLS_VERIFY"):
        return None
    folder = Path(environment.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    try:
        return docker.tls.TLSConfig(
            client_cert=(str(folder / "cert.pem"), str(folder / "key.pem")),
            ca_cert=str(folder / "ca.pem"),
            verify=True,
        )
    except TLSParameterError as error:
        raise SettingsError(
            f"DOCKER_TLS_VERIFY is set, and the certificates in {folder} cannot be used: "
            f"{str(error).splitlines()[0]}",
            "put cert.pem, key.pem and ca.pem there, or name their folder with DOCKER_CERT_PATH",
        ) from error


def shared_catalog(
    settings: Settings, registry: Registry, environment: Mapping[str, str]
) -> ConsulAgent | ConsulKv:
    """The catalog that a registry URI names; nothing is connected yet."""
    known = consul_environment(settings, environment)
    try:
        if registry.kv_prefix:
            if settings.registrar.ttl_s:
                log.warning("ttl: keys of a KV store do not expire here; it has no effect")
            return ConsulKv(registry.address, registry.kv_prefix, known)
        return ConsulAgent(registry.address, known)
    except CatalogError as error:
        raise SettingsError(f"registry: {error}") from error


def registrar(
    settings: Settings, container_engine: DockerEngine, where: ServiceCatalog
) -> Registrar:
    """The registrar for an engine and a catalog."""
    host = where.node.name if isinstance(where, EmbeddedCatalog) else settings.node
    chosen = settings.registrar
    return Registrar(
        container_engine,
        where,
        dataclasses.replace(policy(settings, host), no_checks=_no_checks(where)),
        Timing(resync_s=chosen.resync_s or Timing().resync_s, ttl_refresh_s=chosen.ttl_refresh_s),
        withdraw=chosen.purge,
    )


def _no_checks(where: ServiceCatalog | None) -> str:
    """Why a catalog runs no health checks; empty if it does."""
    if isinstance(where, EmbeddedCatalog):
        return "health checks are Consul's job; the embedded catalog goes by HEALTHCHECK alone"
    return "keys in a store have no health checks" if isinstance(where, ConsulKv) else ""


def policy(settings: Settings, host: str, where: ServiceCatalog | None = None) -> Policy:
    """What the operator chose, checked. Raises SettingsError; if ``where`` is asked, CatalogError.

    ``where`` tells the node's address; the registrar asks for it later, when it is there.
    """
    chosen = settings.registrar
    _check_times(chosen)
    _check_address(chosen.ip)
    return Policy(
        host=host,
        ip=chosen.ip,
        internal=chosen.internal,
        explicit=chosen.explicit,
        use_ip_from_label=chosen.use_ip_from_label,
        networks=tuple(chosen.network),
        family=chosen.family,
        name=_template("name", chosen.name),
        suffix=chosen.suffix,
        tags=_template("tags", chosen.tags),
        select=tuple(_parse("select", text, parse_selector) for text in chosen.select),
        ttl_s=chosen.ttl_s,
        keep_failed=chosen.deregister == "on-success",
        cleanup=chosen.cleanup,
        node_address=node_address(where, default_route_address()),
        node_ipv6=own_ipv6(),
        no_checks=_no_checks(where),
        fetch=fetch,
    )


def _template(flag: str, text: str) -> Template | None:
    return _parse(flag, text, parse_template) if text else None


def _parse(flag: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{flag}: {error}") from error


def _check_times(chosen: RegistrarSettings) -> None:
    if bool(chosen.ttl_s) != bool(chosen.ttl_refresh_s):
        raise SettingsError("ttl: -ttl and -ttl-refresh go together", "give both, or none")
    if chosen.ttl_s and chosen.ttl_s <= chosen.ttl_refresh_s:
        raise SettingsError(
            f"ttl: {chosen.ttl_s} s is not longer than -ttl-refresh, {chosen.ttl_refresh_s} s",
            "a service must be refreshed before it expires",
        )


def _check_address(ip: str) -> None:
    try:
        address = ipaddress.ip_address(ip) if ip else None
    except ValueError:
        return
    if address is not None and address.is_unspecified:
        raise SettingsError(f"ip: {ip} is every address and none", "name the one others reach")
    if address is not None and address.is_loopback:
        log.warning("ip: %s is this host for everybody who asks; other hosts cannot reach it", ip)


def wait_for(where: ServiceCatalog, chosen: RegistrarSettings) -> None:
    """Registrator's ping at the start, for those who asked for it with -retry-attempts.

    Raises StartError when the catalog does not answer in as many tries.
    """
    for attempt in range(chosen.retry_attempts + 1):
        try:
            where.services()
        except CatalogUnavailable as error:
            if attempt == chosen.retry_attempts:
                raise StartError(str(error)) from error
            log.warning("%s; try %d of %d", error, attempt + 1, chosen.retry_attempts + 1)
            gevent.sleep(chosen.retry_interval_ms / 1000)
        except CatalogError as error:
            # It answers: what it refuses is told and tried again while we run.
            log.warning("%s", error)
            return
        else:
            return
