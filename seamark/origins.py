"""Every setting with its effective value and where that comes from, for `seamark config show`."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from catalog.errors import CatalogError
from catalog.uri import parse_registry_uri
from seamark.dns_settings import ZoneSettings
from seamark.masking import MASK, masked
from seamark.settings import Settings
from seamark.sources import Laid, Source
from seamark.toml_lines import first_lines
from seamark.variables import flat

DEFAULT = "default"
# Settings that are URLs, or addresses in which somebody could have put a password.
_URLS = frozenset(
    {
        "catalog.registry",
        "registrar.docker",
        "dns.upstream",
        "dns.consul_dns",
        "dns.consul_http",
        "dns.zone",
        "CONSUL_HTTP_ADDR",
    }
)
_SECRET = frozenset({"CONSUL_HTTP_TOKEN", "CONSUL_HTTP_AUTH"})
# What Consul's own tools read beside what is a setting here, and Docker's.
_CONSULS = (
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_AUTH",
    "CONSUL_HTTP_SSL",
    "CONSUL_HTTP_SSL_VERIFY",
    "CONSUL_CAPATH",
    "CONSUL_TLS_SERVER_NAME",
)
_DOCKERS = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


class Shown(NamedTuple):
    """A setting, or a variable beside them all: its name, its value (masked), where it is from."""

    setting: str
    value: Any
    origin: str
    is_default: bool


def effective(source: Source) -> list[Shown]:
    """Every setting in force, section by section, without secrets."""
    laid = source.lay()
    lines = first_lines(laid.text) if laid.text else {}
    now, usual = _values(laid.settings), _values(Settings())
    return [
        Shown(
            name,
            _shown(name, value),
            _origin(name, source, laid, lines),
            value == usual[name],
        )
        for name, value in now.items()
    ]


def beside(settings: Settings, environment: Mapping[str, str]) -> list[Shown]:
    """The variables of Consul's and Docker's own that count, and are no settings of ours."""
    counting = [name for name in _counting(settings, environment) if environment.get(name)]
    return [
        Shown(name, MASK if name in _SECRET else _shown(name, environment[name]), name, False)  # noqa: FBT003
        for name in counting
    ]


def _counting(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    if settings.catalog.registry or settings.dns.consul_dns:
        if _address_counts(settings, environment):
            yield "CONSUL_HTTP_ADDR"
        for name in _CONSULS:
            # A file with the token beats the token.
            if name != "CONSUL_HTTP_TOKEN" or not settings.catalog.token_file:
                yield name
    if settings.registrar.docker.startswith("tcp://") and environment.get("DOCKER_TLS_VERIFY"):
        yield from _DOCKERS


def _address_counts(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether it would be another agent without CONSUL_HTTP_ADDR."""
    if not settings.catalog.registry:
        return not settings.dns.consul_http
    without = {key: text for key, text in environment.items() if key != "CONSUL_HTTP_ADDR"}
    with contextlib.suppress(CatalogError):
        here = parse_registry_uri(settings.catalog.registry, environment)
        return here != parse_registry_uri(settings.catalog.registry, without)
    return True


def _values(settings: Settings) -> dict[str, Any]:
    found = flat(settings)
    # A zone says only what it has of its own: TOML knows no `none`.
    usual = msgspec.to_builtins(ZoneSettings())
    found["dns.zone"] = [
        {key: item for key, item in zone.items() if item != usual[key]}
        for zone in found["dns.zone"]
    ]
    return found


def _origin(name: str, source: Source, laid: Laid, lines: Mapping[str, int]) -> str:
    if name in source.given:
        return source.given[name]
    if name in laid.variables:
        return laid.variables[name]
    if name in lines:
        return f"{laid.path}:{lines[name]}"
    return "host name of the container" if name == "node" and laid.settings.node else DEFAULT


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return masked(value) if name in _URLS or "://" in value else value
    if isinstance(value, list):
        return [_shown(name, item) for item in value]
    if isinstance(value, dict):
        return {key: _shown(name, item) for key, item in value.items()}
    return value
