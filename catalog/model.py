"""A service and a node, in Consul's own words. Frozen values, no behaviour of any agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class Status(StrEnum):
    """How a service is, Consul's words: the worst of its checks."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


# The worst one counts, and it is the last here.
SEVERITY = (Status.PASSING, Status.WARNING, Status.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """SRV weights by health, Consul's defaults."""

    passing: int = 1
    warning: int = 1


@dataclass(frozen=True, slots=True)
class TaggedAddress:
    """Another way to reach a service, under a key such as ``lan_ipv6`` or ``wan``."""

    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One instance of a service on one node.

    An empty ``address`` means the node's own; ``id`` is unique on the agent. ``checks`` are bodies
    of Consul's check definitions, run by the agent. ``token`` is the ACL token to write this
    service with, empty for the registrar's own. Neither can be read back from an agent.
    ``status`` counts in the embedded catalog alone: an agent finds it out by its checks.
    """

    id: str
    name: str
    port: int = 0
    address: str = ""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    weights: Weights = Weights()
    tagged_addresses: Mapping[str, TaggedAddress] = field(default_factory=dict)
    enable_tag_override: bool = False
    checks: tuple[Mapping[str, Any], ...] = ()
    token: str = field(default="", repr=False)
    status: Status = Status.PASSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The host that services run on, as the catalog names it; ``meta`` is told as TXT records."""

    name: str
    address: str
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """What an agent says of itself.

    ``version`` as ``1.19.1``, an edition behind it or not; ``domain`` as ``consul.``.
    """

    version: str
    domain: str


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
        """Create the service, or replace the one with its id, its checks included."""

    def deregister(self, service_id: str, token: str = "") -> None:
        """Remove the service; one that is not there is no error."""

    def kept(self, service: Service) -> Service:
        """What ``services()`` gives back for the service once it is registered. No I/O."""


@runtime_checkable
class SharedCatalog(ServiceCatalog, Protocol):
    """A catalog outside this process: others write to it too, and it outlives us."""

    def wait_for_change(self, index: int) -> int:
        """Block until the node's services may have changed since ``index`` (0: return at once).

        Returns the index to wait from next; the same one if nothing happened for a while.
        """

    def node_address(self) -> str:
        """The address of the node that an empty service address stands for."""

    def heartbeat(self, service_id: str, token: str = "") -> None:
        """Say that the service is alive, for one whose time to live the registrar keeps."""


@runtime_checkable
class HealthTeller(Protocol):
    """A catalog that runs the checks of its services."""

    def health(self) -> dict[str, Status]:
        """How each service is that has checks, by id: the worst of them; under "" the node's own.

        Raises CatalogError.
        """
