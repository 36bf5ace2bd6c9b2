"""The catalog of a single host, in this process. No agent, no disk, no delay."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Protocol
from weakref import WeakSet

from catalog.model import Node, Service


class Listener(Protocol):
    """Who wants to know of changes."""

    def changed(self) -> None:
        """What was read before may be wrong."""


class _Index:
    """Services by a text; what each text has is found without looking at any other."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Service]] = {}

    def add(self, key: str, service: Service) -> None:
        self._found.setdefault(key, {})[service.id] = service

    def remove(self, key: str, service: Service) -> None:
        left = self._found[key]
        del left[service.id]
        if not left:
            del self._found[key]

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: str) -> Collection[Service]:
        found = self._found.get(key)
        return found.values() if found is not None else ()


class EmbeddedCatalog:
    """Services by id, and for the DNS side by lower-cased name and by address.

    A change is in the next answer: all indexes change in the same step of the one loop.
    ``listeners`` are told in that step too, as long as somebody else holds them.
    """

    def __init__(self, node: Node, services: Iterable[Service] = ()) -> None:
        self.listeners: WeakSet[Listener] = WeakSet()
        # Since the start: `registered` and `deregistered`.
        self.changes = Counter(registered=0, deregistered=0)
        self._node = node
        self._by_id: dict[str, Service] = {}
        self._by_name = _Index()
        self._by_address = _Index()
        for service in services:
            self.register(service)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return "the embedded catalog"

    @property
    def node(self) -> Node:
        """The host that all services are on."""
        return self._node

    @node.setter
    def node(self, node: Node) -> None:
        self._node = node
        self._tell()

    def services(self) -> dict[str, Service]:
        """All services by id."""
        return dict(self._by_id)

    @property
    def size(self) -> tuple[int, int]:
        """How many services there are by name, and how many instances of them."""
        return len(self._by_name), len(self._by_id)

    def get(self, service_id: str) -> Service | None:
        """The service with that id."""
        return self._by_id.get(service_id)

    def register(self, service: Service) -> None:
        """Create the service, or replace the one with its id."""
        service = self.kept(service)
        self._forget(service.id)
        self._by_id[service.id] = service
        self._by_name.add(service.name.lower(), service)
        self._by_address.add(service.address, service)
        self.changes["registered"] += 1
        self._tell()

    def kept(self, service: Service) -> Service:
        """The service without what an embedded catalog has no use for: checks and token."""
        return dataclasses.replace(service, checks=(), token="")

    def deregister(self, service_id: str, token: str = "") -> None:
        """Remove the service; one that is not there is no error."""
        if self._forget(service_id):
            self.changes["deregistered"] += 1
            self._tell()

    def instances(self, name: str) -> Collection[Service]:
        """The instances of the service called ``name``, in any case (as Consul's DNS looks up)."""
        return self._by_name.get(name.lower())

    def at(self, address: str) -> Service | None:
        """Of the services registered at an address, spelled exactly so, the one with the least id.

        That is the one which Consul points to.
        """
        return min(self._by_address.get(address), key=_id, default=None)

    def _forget(self, service_id: str) -> bool:
        gone = self._by_id.pop(service_id, None)
        if gone is None:
            return False
        self._by_name.remove(gone.name.lower(), gone)
        self._by_address.remove(gone.address, gone)
        return True

    def _tell(self) -> None:
        for listener in self.listeners:
            listener.changed()


def _id(service: Service) -> str:
    return service.id.lower()
