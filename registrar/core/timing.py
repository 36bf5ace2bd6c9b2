"""How often the registrar does what no event tells it to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds between two comparisons of everything, and between two heartbeats (0: none)."""

    resync_s: float = 10.0
    ttl_refresh_s: float = 0.0
