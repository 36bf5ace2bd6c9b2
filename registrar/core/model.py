"""A container as the registrar sees it: our own record, no engine type in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Binding:
    """One host address and port that a container port is published on."""

    host_ip: str
    host_port: int


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the container: ``number`` inside, ``bindings`` outside (empty: only exposed).

    ``direct``: the container has an address of its own on the network (macvlan, overlay, another
    container's), where the port is open under its own number.
    """

    number: int
    protocol: str
    bindings: tuple[Binding, ...] = ()
    direct: bool = False

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class Network:
    """A network that the container is attached to, with its addresses there, empty if none."""

    name: str
    ipv4: str = ""
    ipv6: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What decides the services of one container.

    ``health`` is the engine's word (``starting``, ``healthy``, ``unhealthy``), empty for a
    container without a HEALTHCHECK. ``document`` is the whole inspect output, for templates.
    """

    id: str
    name: str
    image: str
    running: bool
    network_mode: str = "bridge"
    env: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    stop_signal: str = "SIGTERM"
    networks: tuple[Network, ...] = ()
    health: str = ""
    exit_code: int = 0
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """Something left out or odd, and why: shown in the log once, and by ``seamark plan``.

    ``subject`` is a port (``80/tcp``), a metadata key, or empty for the whole container.
    """

    container: str
    subject: str
    reason: str
    left_out: bool = True

    def __str__(self) -> str:
        where = f"{self.container} {self.subject}" if self.subject else self.container
        return f"{'left out' if self.left_out else 'note'}: {where}: {self.reason}"
