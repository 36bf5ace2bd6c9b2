"""Whose a service is. The mark is in the service's Meta, where every agent keeps it.

Registrator told its own services by their id alone, so two of them on one agent deleted each
other's; an id is therefore only enough to adopt what registrator left behind for this host.
"""

import dataclasses
import re

from catalog.model import Service

OWNER = "seamark-owner"
CONTAINER = "seamark-container"
_REGISTRATOR_ID = re.compile(r"(.+?):[a-zA-Z0-9][a-zA-Z0-9_.-]+:[0-9]+(?::udp)?")


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


def is_left_behind(service: Service, host: str) -> bool:
    """Whether registrator made it, for a container of this host."""
    if OWNER in service.meta:
        return False
    found = _REGISTRATOR_ID.fullmatch(service.id)
    return found is not None and found[1] == host


def may_replace(service: Service, host: str) -> bool:
    """Whether we may write over it. Anything else is somebody's, and is never touched."""
    return is_ours(service, host) or is_left_behind(service, host)
