"""A service and a node, in Consul's own words. Frozen values, no behaviour of any agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """SRV weights by health, Consul's defaults."""

    passing: int = 1
    warning: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One instance of a service on one node.

    An empty ``address`` means the node's own; ``id`` is unique on the agent.
    """

    id: str
    name: str
    port: int = 0
    address: str = ""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    weights: Weights = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The host that services run on, as the catalog names it."""

    name: str
    address: str


class ServiceCatalog(Protocol):
    """Where a registrar keeps the services of one host: a Consul agent, or this process.

    Every method may raise :class:`~catalog.errors.CatalogUnavailable` or
    :class:`~catalog.errors.CatalogRefused`, and returns within the time limit of its edge.
    """

    @property
    def location(self) -> str:
        """Where it is, for people: a URL, or words."""

    def services(self) -> dict[str, Service]:
        """All services of the agent by id, whoever registered them."""

    def register(self, service: Service) -> None:
        """Create the service, or replace the one with its id."""

    def deregister(self, service_id: str) -> None:
        """Remove the service; one that is not there is no error."""
