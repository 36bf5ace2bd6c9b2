"""Desired against actual: the writes that are needed, and none other."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from catalog.model import Service
from registrar.core.ownership import container_of, is_ours, may_replace


@dataclass(frozen=True, slots=True)
class Register:
    """Create or replace one service."""

    service: Service


@dataclass(frozen=True, slots=True)
class Deregister:
    """Remove one service. ``token`` is what it was registered with, empty for our own."""

    service_id: str
    token: str = field(default="", repr=False)


FOREIGN = "the id is somebody else's"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A wanted id that somebody else holds on the agent; nothing is written."""

    service: Service


Change = Register | Deregister | Foreign
# What the catalog gives back for a service that it was given.
Kept = Callable[[Service], Service]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks: a container of a host, and those of its ids that other containers want too."""

    container_id: str
    host: str
    contested: Collection[str] = ()


def diff(
    claim: Claim, desired: Mapping[str, Service], actual: Mapping[str, Service], kept: Kept
) -> list[Change]:
    """What to write so that the catalog has just ``desired`` for the container.

    ``actual`` holds what the agent has for the container or under the desired ids, or more: ids
    are unique there, whoever holds them. Of two containers that want one id, who has it keeps it.
    Removals come first, so that a renamed service is never there twice.
    """
    changes: list[Change] = [
        Deregister(service_id)
        for service_id, service in actual.items()
        if is_ours(service, claim.host)
        and container_of(service) == claim.container_id
        and service_id not in desired
    ]
    for service_id, service in desired.items():
        there = actual.get(service_id)
        if there == kept(service):
            continue
        if there is not None and _is_anothers(there, claim):
            changes.append(Foreign(service))
        else:
            changes.append(Register(service))
    return changes


def _is_anothers(there: Service, claim: Claim) -> bool:
    if not may_replace(there, claim.host):
        return True
    return container_of(there) not in {"", claim.container_id} and there.id in claim.contested
