"""Settings -> the zones that the embedded catalog answers."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.durations import nanoseconds
from catalog.embedded import EmbeddedCatalog
from dnsproxy.core.dns_config import DnsConfig, SoaTimes
from dnsproxy.core.embedded import EmbeddedDns
from dnsproxy.core.leases import Leases
from dnsproxy.core.names import Name, lower
from dnsproxy.embedded import EmbeddedReverse, EmbeddedZone
from dnsproxy.resolver import OptionalZone, Zone
from seamark.consul_settings import DnsConfigSettings
from seamark.consul_zones import as_wanted, delegated, domains, reverse_names
from seamark.errors import SettingsError
from seamark.settings import Settings

_SECOND_NS = 10**9
_TTL_MAX_S = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class EmbeddedSide:
    """``zones`` come with the setting that names them; ``reverse`` are asked before others."""

    zones: list[tuple[str, Name, Zone]]
    reverse: list[tuple[Name, OptionalZone]]


def embedded_side(settings: Settings, catalog: EmbeddedCatalog) -> EmbeddedSide:
    """The zones of the catalog in this process. Raises SettingsError."""
    dns = settings.dns
    names = {path: lower(name) for path, name in domains(dns).items()}
    answers = EmbeddedDns(
        catalog, list(names.values()), dns_config(settings.dns_config), random.shuffle
    )
    leases = Leases()
    catalog.listeners.add(leases)
    others = delegated(dns, names.values())
    zones = [
        (
            path,
            name,
            EmbeddedZone(name, answers, leases, delegated=others, empty_names=dns.empty_names),
        )
        for path, name in names.items()
    ]
    reverse = EmbeddedReverse(answers)
    return EmbeddedSide(
        [(path, name, as_wanted(dns, name, zone)) for path, name, zone in zones],
        [(name, reverse) for name in reverse_names(dns)],
    )


def dns_config(given: DnsConfigSettings) -> DnsConfig:
    """What is set, in seconds. Raises SettingsError."""
    return DnsConfig(
        node_ttl=parse_seconds(given.node_ttl, "dns_config.node_ttl"),
        service_ttl=_service_ttls(given.service_ttl),
        only_passing=given.only_passing,
        udp_answer_limit=given.udp_answer_limit,
        a_record_limit=given.a_record_limit,
        node_meta_txt=given.enable_additional_node_meta_txt,
        soa=SoaTimes(given.soa.refresh, given.soa.retry, given.soa.expire, given.soa.min_ttl),
    )


def _service_ttls(given: Mapping[str, str]) -> dict[str, int]:
    for name in given:
        if name != name.lower():
            raise SettingsError(
                f"dns_config.service_ttl: `{name}` never counts: names are asked for in lower case",
                f"write `{name.lower()}`, as for Consul",
            )
    return {
        name: parse_seconds(text, f"dns_config.service_ttl.{name}") for name, text in given.items()
    }


def parse_seconds(text: str, path: str) -> int:
    """A time in Go's form as whole seconds, which a TTL has. Raises SettingsError."""
    found = 0 if text == "0" else nanoseconds(text)
    if found is None:
        raise SettingsError(f"{path}: `{text}` is no time", "write `30s`, `10m` or `1h30m`")
    seconds = found // _SECOND_NS
    if seconds > _TTL_MAX_S:
        raise SettingsError(f"{path}: {text} is longer than a TTL can be (RFC 2181 8)", "say less")
    return seconds
