"""Settings tried as a start tries them, one by one and all together. Nothing is bound or asked.

A command ends at the first fault that it meets. Here each setting is therefore tried with all
others at their defaults, a list item by item: what is wrong with one hides no other.
"""

import copy
import ipaddress
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.uri import Registry
from seamark import registering, wiring
from seamark.addresses import status_address
from seamark.checks.services import services_faults
from seamark.checks.survey import NAMES, set_value, value_of
from seamark.dns_side import dns_side
from seamark.errors import SettingsError
from seamark.privileges import find_user
from seamark.settings import Settings

# On these depends what others may be; they are looked at first, and kept where they are right.
_GROUND = ("catalog.registry", "dns.listen", "dns.domain", "dns.alt_domain", "dns.stop_rebind")
# What means something only together.
_TOGETHER = (
    ("registrar.ttl_s", "registrar.ttl_refresh_s"),
    ("catalog.ca_file", "catalog.cert_file", "catalog.key_file"),
    ("dns.min_ttl_s", "dns.max_ttl_s"),
)
# Stands for a Consul whose address is not looked up (RFC 5737).
_NOBODY = "192.0.2.1"
_LOGGERS = ("seamark", "registrar", "dnsproxy", "catalog")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a start would end with; ``path`` is the setting, with its place in a list."""

    path: str
    error: SettingsError


def faults_of_each(settings: Settings, environment: Mapping[str, str]) -> Iterator[Fault]:
    """The faults that settings have by themselves."""
    usual = Settings()
    changed = [name for name in NAMES if value_of(settings, name) != value_of(usual, name)]
    ground = Settings()
    for name in (name for name in _GROUND if name in changed):
        trial = _with(ground, {name: value_of(settings, name)})
        error = fault_in(trial, environment)
        if error is None:
            ground = trial
        else:
            yield Fault(name, error)
    single = {*changed} - {*_GROUND} - {name for names in _TOGETHER for name in names}
    groups = [names for names in _TOGETHER if any(name in changed for name in names)]
    for names in (*groups, *((name,) for name in NAMES if name in single)):
        for path, values in _tries(settings, names):
            yield from _faults(path, _with(ground, values), environment)


def all_together(
    settings: Settings, environment: Mapping[str, str]
) -> tuple[list[str], SettingsError | None]:
    """What would be logged as a warning, and the fault that shows only in all settings together."""
    kept = _Kept()
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(kept)
    try:
        error = fault_in(settings, environment)
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(kept)
    return list(dict.fromkeys(kept.words)), error


def fault_in(settings: Settings, environment: Mapping[str, str]) -> SettingsError | None:
    """What a start with these settings would end with before it binds or asks."""
    try:
        _build(settings, environment)
    except SettingsError as error:
        return error
    return None


def _tries(settings: Settings, names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The values to try at a time: those of ``names`` together, of a list one after the other."""
    values = {name: value_of(settings, name) for name in names}
    name, *others = names
    if others or not isinstance(values[name], list):
        yield name, values
        return
    for number, item in enumerate(values[name]):
        yield f"{name}[{number}]", {name: [item]}


def _faults(path: str, trial: Settings, environment: Mapping[str, str]) -> Iterator[Fault]:
    if path == "catalog.services" and not trial.catalog.registry:
        yield from (Fault(path, error) for error in services_faults(trial.catalog.services))
        return
    error = fault_in(trial, environment)
    if error is not None:
        # It was the first of its list.
        first = f"{path.partition('[')[0]}[0]"
        yield Fault(path, SettingsError(str(error).replace(first, path), error.hint))


def _with(settings: Settings, values: Mapping[str, Any]) -> Settings:
    changed = copy.deepcopy(settings)
    for name, value in values.items():
        set_value(changed, name, value)
    return changed


def _build(settings: Settings, environment: Mapping[str, str]) -> None:
    """All that `seamark up` makes of them. Raises SettingsError."""
    find_user(settings.user)
    status_address(settings.http.listen)
    registry = wiring.registry(settings, environment)
    registering.engine(settings, environment)
    embedded = wiring.embedded_catalog(settings) if registry is None else None
    if registry is not None:
        registering.shared_catalog(settings, registry, environment)
    registering.policy(settings, settings.node)
    catalog = embedded.catalog if embedded else None
    dns_side(_asking_nobody(settings, registry), catalog, registry, apart=True)


def _asking_nobody(settings: Settings, registry: Registry | None) -> Settings:
    """The same where the registry's host would have to be looked up."""
    if registry is None or settings.dns.consul_dns or registry.address.host == "localhost":
        return settings
    try:
        ipaddress.ip_address(registry.address.host)
    except ValueError:
        return _with(settings, {"dns.consul_dns": _NOBODY})
    return settings


class _Kept(logging.Handler):
    """Keeps what would be logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.words.append(record.getMessage())
