"""Whose a service is. The mark is in the service's Meta, where every agent keeps it.

Registrator told its own services by their id alone, so two of them on one agent deleted each
other's; an id is therefore only enough to adopt what registrator left behind for this host.
"""

import dataclasses
import re

from catalog.model import Service

OWNER = "seamark-owner"
CONTAINER = "seamark-container"
_REGISTRATOR_ID = re.compile(
    r"(?P<host>.+?):(?P<container>[a-zA-Z0-9][a-zA-Z0-9_.-]+):[0-9]+(?::udp)?"
)


def mark(service: Service, host: str, container_id: str) -> Service:
    """The service with our mark: who registered it, for which container."""
    meta = dict(service.meta) | {OWNER: host, CONTAINER: container_id}
    return dataclasses.replace(service, meta=meta)


def is_ours(service: Service, host: str) -> bool:
    """Whether this host's registrar made it."""
    return service.meta.get(OWNER) == host


def container_of(service: Service) -> str:
    """The id of the container that the service was registered for."""
    return service.meta.get(CONTAINER, "")


def left_behind_by(service: Service, host: str) -> str:
    """The container of this host that registrator made the service for; empty if it did not."""
    if OWNER in service.meta:
        return ""
    found = _REGISTRATOR_ID.fullmatch(service.id)
    return found["container"] if found is not None and found["host"] == host else ""


def may_replace(service: Service, host: str) -> bool:
    """Whether we may write over it. Anything else is somebody's, and is never touched."""
    return is_ours(service, host) or bool(left_behind_by(service, host))
