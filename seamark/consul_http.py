"""Settings -> how Consul's HTTP API is reached, by whoever asks it."""

import functools
from collections.abc import Callable, Mapping
from typing import TypeVar

from catalog.changes import Changes
from catalog.errors import CatalogError, RegistryUriError
from catalog.facts import FactsReader
from catalog.uri import (
    DEFAULT_DNS_PORT,
    DEFAULT_HTTP_PORT,
    AgentAddress,
    Registry,
    parse_http_address,
)
from dnsproxy.core.endpoint import Endpoint
from seamark.errors import SettingsError
from seamark.settings import Settings

T = TypeVar("T")


def consul_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """CONSUL_* as they stand, with the files that the settings name."""
    files = {
        "CONSUL_HTTP_TOKEN_FILE": settings.catalog.token_file,
        "CONSUL_CACERT": settings.catalog.ca_file,
        "CONSUL_CLIENT_CERT": settings.catalog.cert_file,
        "CONSUL_CLIENT_KEY": settings.catalog.key_file,
    }
    return {**environment, **{key: value for key, value in files.items() if value}}


def facts_reader(
    settings: Settings,
    registry: Registry | None,
    servers: list[Endpoint],
    environment: Mapping[str, str],
) -> FactsReader | None:
    """Who tells about the Consul that the proxy asks; None if nobody is to be asked over HTTP.

    Without a setting that is the registry's agent, else CONSUL_HTTP_ADDR, else port 8500 beside the
    first of its DNS ``servers``. Raises SettingsError.
    """
    return _reached(FactsReader, settings, registry, servers, environment)


def changes_at(
    settings: Settings,
    registry: Registry | None,
    servers: list[Endpoint],
    environment: Mapping[str, str],
    most: int,
) -> Changes | None:
    """Who tells when something changes there, up to ``most`` things; as above."""
    reader = functools.partial(Changes, most=most)
    return _reached(reader, settings, registry, servers, environment)


def _reached(
    reader: Callable[[AgentAddress, Mapping[str, str]], T],
    settings: Settings,
    registry: Registry | None,
    servers: list[Endpoint],
    environment: Mapping[str, str],
) -> T | None:
    if settings.dns.consul_http == "off":
        return None
    try:
        address = _address(settings.dns.consul_http, registry, servers, environment)
        if address is None:
            return None
        return reader(address, consul_environment(settings, environment))
    except RegistryUriError as error:
        raise SettingsError(str(error)) from error
    except CatalogError as error:
        raise SettingsError(f"dns.consul_http: {error}") from error


def _address(
    given: str, registry: Registry | None, servers: list[Endpoint], environment: Mapping[str, str]
) -> AgentAddress | None:
    if given:
        return parse_http_address(given, "dns.consul_http", environment)
    if registry is not None:
        return registry.address
    if variable := environment.get("CONSUL_HTTP_ADDR", "").strip():
        return parse_http_address(variable, "CONSUL_HTTP_ADDR", environment)
    if servers[0].port != DEFAULT_DNS_PORT:
        # Who has moved the one port may have moved the other, and on 8500 be another agent, of
        # other datacenters: whoever is not sure must not deny names.
        return None
    return AgentAddress(servers[0].host, DEFAULT_HTTP_PORT)
