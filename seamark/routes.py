"""Where the names of zones are asked, for people."""

from dataclasses import dataclass
from enum import StrEnum


class RouteKind(StrEnum):
    """Who answers a zone."""

    EMBEDDED = "embedded"
    CONSUL = "consul"
    FORWARD = "forward"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Route:
    """Zones that are asked together.

    ``where`` is for a catalog in this process; ``clients`` are the networks that see the zones,
    none: all; ``policy`` is in which order the servers are asked.
    """

    zones: tuple[str, ...]
    kind: RouteKind
    servers: tuple[str, ...] = ()
    where: str = ""
    clients: tuple[str, ...] = ()
    policy: str = ""

    def __str__(self) -> str:
        """One line of the log at the start."""
        names = "all else" if self.zones == (".",) else ", ".join(self.zones)
        seen = f" for {', '.join(self.clients)}" if self.clients else ""
        asked = self.where or ", ".join(self.servers) or "refused (no upstream)"
        return f"{names}{seen} -> {asked}"
