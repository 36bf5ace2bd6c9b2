"""The catalog of a single host, in this process. No agent, no disk, no delay."""

import dataclasses
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakSet

from catalog.model import Node, Service


class Listener(Protocol):
    """Who wants to know of changes."""

    def changed(self) -> None:
        """What was read before may be wrong."""


class EmbeddedCatalog:
    """Services by id, and by lower-cased name for the DNS side.

    A change is in the next answer: both indexes change in the same step of the one loop.
    ``listeners`` are told in that step too, as long as somebody else holds them.
    """

    def __init__(self, node: Node, services: Iterable[Service] = ()) -> None:
        self.node = node
        self.listeners: WeakSet[Listener] = WeakSet()
        self._by_id: dict[str, Service] = {}
        self._by_name: dict[str, tuple[Service, ...]] = {}
        for service in services:
            self.register(service)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return "the embedded catalog"

    def services(self) -> dict[str, Service]:
        """All services by id."""
        return dict(self._by_id)

    def register(self, service: Service) -> None:
        """Create the service, or replace the one with its id."""
        service = self.kept(service)
        self.deregister(service.id)
        self._by_id[service.id] = service
        key = service.name.lower()
        self._by_name[key] = (*self._by_name.get(key, ()), service)
        self._tell()

    def kept(self, service: Service) -> Service:
        """The service without what an embedded catalog has no use for: checks and token."""
        return dataclasses.replace(service, checks=(), token="")

    def deregister(self, service_id: str, token: str = "") -> None:
        """Remove the service; one that is not there is no error."""
        gone = self._by_id.pop(service_id, None)
        if gone is None:
            return
        key = gone.name.lower()
        left = tuple(s for s in self._by_name[key] if s.id != service_id)
        if left:
            self._by_name[key] = left
        else:
            del self._by_name[key]
        self._tell()

    def instances(self, name: str) -> tuple[Service, ...]:
        """The instances of the service called ``name``, in any case (as Consul's DNS looks up)."""
        return self._by_name.get(name.lower(), ())

    def _tell(self) -> None:
        for listener in self.listeners:
            listener.changed()
