"""What the registrar did since its start: plain numbers, read when somebody asks for metrics."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.errors import CatalogRefused, CatalogUnavailable


class Write(StrEnum):
    """What is asked of the catalog."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    HEARTBEAT = "heartbeat"


class Result(StrEnum):
    """What came of it."""

    OK = "ok"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


def _no_writes() -> Counter[tuple[Write, Result]]:
    return Counter({(write, result): 0 for write in Write for result in Result})


@dataclass(slots=True)
class Counts:
    """All of it only grows but ``compared_at``, which is in seconds since the epoch.

    ``writes`` counts each try; ``comparisons`` of everything are `ok` or `failed`, and the last
    that was `ok` ended at ``compared_at`` (0: none yet). ``streams`` of events were opened, the
    first included, and gave ``events`` that named a container.
    """

    writes: Counter[tuple[Write, Result]] = field(default_factory=_no_writes)
    comparisons: Counter[str] = field(default_factory=lambda: Counter(ok=0, failed=0))
    compared_at: float = 0.0
    streams: int = 0
    events: int = 0

    @contextmanager
    def write(self, kind: Write) -> Iterator[None]:
        """Count a try by how it ends; what it raises goes on."""
        try:
            yield
        except CatalogRefused:
            self.writes[kind, Result.REFUSED] += 1
            raise
        except CatalogUnavailable:
            self.writes[kind, Result.UNAVAILABLE] += 1
            raise
        self.writes[kind, Result.OK] += 1

    @contextmanager
    def comparison(self, now: Callable[[], float]) -> Iterator[None]:
        """The same for a comparison of everything."""
        try:
            yield
        except Exception:
            self.comparisons["failed"] += 1
            raise
        self.comparisons["ok"] += 1
        self.compared_at = now()

    @property
    def changes(self) -> Mapping[str, int]:
        """Services `registered` and `deregistered`."""
        return {
            "registered": self.writes[Write.REGISTER, Result.OK],
            "deregistered": self.writes[Write.DEREGISTER, Result.OK],
        }
