"""Services in a real Consul, and random changes to them of every kind that an answer shows."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from tests.lab.consul import ConsulAgent

INSTANCES = 3
_TTL = "3600s"


class Kind(StrEnum):
    """What is changed."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    CRITICAL = "check critical"
    PASSING = "check passing"
    MAINTENANCE = "maintenance on"
    BACK = "maintenance off"
    ADDRESS = "address"
    NODE_ADDRESS = "node address"


@dataclass(slots=True)
class Instance:
    """One instance; ``state`` is what it waits to be taken back from, "" if it is resolvable."""

    id: str
    address: str
    state: str = ""


@dataclass(slots=True)
class Named:
    """A name, its instances, and when it was last changed."""

    name: str
    service: str
    instances: list[Instance] = field(default_factory=list)
    # Its only instance has the address of a node of its own.
    node: str = ""
    changed: float = 0.0

    @property
    def expected(self) -> set[str]:
        """The addresses that an answer holds."""
        return {each.address for each in self.instances if not each.state}


@dataclass(frozen=True, slots=True)
class Change:
    """One change: of which name, and when the API had replied, in seconds since the epoch."""

    kind: Kind
    named: Named
    replied: float


class World:
    """``services`` registered at the agent ``at``, ``nodes`` of the catalog with one each.

    ``checked``: the services have checks, which an agent that is restarted takes for critical.
    """

    def __init__(
        self,
        at: ConsulAgent,
        services: int,
        nodes: int,
        draw: random.Random | None = None,
        *,
        checked: bool = True,
    ) -> None:
        self.agent = at
        self._checked = checked
        self._draw = draw or random.Random()
        self._addresses = _fresh_addresses()
        self.names = [self._service(f"svc{number}") for number in range(services)]
        self.names += [self._node(f"ext{number}") for number in range(nodes)]

    def change(self, named: Named) -> Change:
        """Change something about a name."""
        if named.node:
            kind, work = Kind.NODE_ADDRESS, lambda: self._move(named)
        else:
            instance = self._draw.choice(named.instances)
            kinds = [
                kind
                for kind in _POSSIBLE[instance.state]
                if self._checked or kind is not Kind.CRITICAL
            ]
            kind = self._draw.choice(kinds)
            work = self._works(named, instance)[kind]
        work()
        named.changed = time.time()
        return Change(kind, named, named.changed)

    def _works(self, named: Named, instance: Instance) -> dict[Kind, Callable[[], None]]:
        return {
            Kind.REGISTER: lambda: self._register(named, instance),
            Kind.ADDRESS: lambda: self._register(named, instance),
            Kind.DEREGISTER: lambda: self._put(
                instance, "gone", f"agent/service/deregister/{instance.id}"
            ),
            Kind.CRITICAL: lambda: self._put(
                instance, "critical", f"agent/check/fail/service:{instance.id}"
            ),
            Kind.PASSING: lambda: self._put(
                instance, "", f"agent/check/pass/service:{instance.id}"
            ),
            Kind.MAINTENANCE: lambda: self._put(
                instance, "maintenance", f"agent/service/maintenance/{instance.id}?enable=true"
            ),
            Kind.BACK: lambda: self._put(
                instance, "", f"agent/service/maintenance/{instance.id}?enable=false"
            ),
        }

    def _put(self, instance: Instance, state: str, path: str) -> None:
        self.agent.put(path)
        instance.state = state

    def _register(self, named: Named, instance: Instance) -> None:
        """Always with an address that nobody had before: who tells of the old one is found out."""
        address = next(self._addresses)
        check = {"Check": {"TTL": _TTL, "Status": "passing"}} if self._checked else {}
        service = {"ID": instance.id, "Name": named.service, "Address": address, "Port": 80}
        self.agent.put("agent/service/register", service | check)
        instance.address, instance.state = address, ""

    def _move(self, named: Named) -> None:
        address = next(self._addresses)
        self.agent.put(
            "catalog/register",
            {
                "Node": named.node,
                "Address": address,
                "Service": {"ID": named.service, "Service": named.service, "Port": 80},
            },
        )
        named.instances[0].address = address

    def _service(self, service: str) -> Named:
        named = Named(f"{service}.service.consul", service)
        for number in range(INSTANCES):
            named.instances.append(Instance(f"{service}-{number}", ""))
            self._register(named, named.instances[-1])
        return named

    def _node(self, service: str) -> Named:
        named = Named(f"{service}.service.consul", service, [Instance(service, "")], f"n-{service}")
        self._move(named)
        return named


# What can be done to an instance in a state.
_POSSIBLE = {
    "": [Kind.DEREGISTER, Kind.CRITICAL, Kind.MAINTENANCE, Kind.ADDRESS],
    "gone": [Kind.REGISTER],
    "critical": [Kind.PASSING],
    "maintenance": [Kind.BACK],
}


def _fresh_addresses() -> Iterator[str]:
    for number in itertools.count(1):
        yield f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
