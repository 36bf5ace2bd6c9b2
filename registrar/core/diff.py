"""Desired against actual: the writes that are needed, and none other."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from catalog.model import Service
from registrar.core.ownership import container_of, is_ours, may_replace


@dataclass(frozen=True, slots=True)
class Register:
    """Create or replace one service."""

    service: Service


@dataclass(frozen=True, slots=True)
class Deregister:
    """Remove one service."""

    service_id: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """A wanted id that somebody else holds on the agent; nothing is written."""

    service: Service


Change = Register | Deregister | Foreign


def diff(
    container_id: str,
    desired: Mapping[str, Service],
    actual: Mapping[str, Service],
    host: str,
    claimed: Collection[str] = (),
) -> list[Change]:
    """What to write so that the catalog has just ``desired`` for the container.

    ``actual`` holds what the agent has for the container or under the desired ids, or more: ids
    are unique there, whoever holds them. ``claimed`` are the ids that other containers of this host
    want too: who has one keeps it. Removals come first, so that a renamed service is never there
    twice.
    """
    changes: list[Change] = [
        Deregister(service_id)
        for service_id, service in actual.items()
        if is_ours(service, host)
        and container_of(service) == container_id
        and service_id not in desired
    ]
    for service_id, service in desired.items():
        there = actual.get(service_id)
        if there == service:
            continue
        if there is not None and _is_anothers(there, container_id, host, claimed):
            changes.append(Foreign(service))
        else:
            changes.append(Register(service))
    return changes


def _is_anothers(there: Service, container_id: str, host: str, claimed: Collection[str]) -> bool:
    if not may_replace(there, host):
        return True
    return container_of(there) not in {"", container_id} and there.id in claimed
