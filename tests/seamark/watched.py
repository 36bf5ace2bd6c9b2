"""A registrar's view of a host, put together by hand: what the status side tells of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.model import Service
from registrar.core.counts import Counts
from registrar.core.desired import Desired
from registrar.core.model import Note
from registrar.core.ownership import mark
from registrar.core.state import State
from registrar.core.view import View

HOST = "n1"


def service(container_id: str, number: int = 80) -> Service:
    """A service of ours."""
    return mark(Service(id=f"{container_id}:{number}", name="web", port=number), HOST, container_id)


@dataclass
class Host:
    """Looks like a registrar; each service of a container that runs is registered."""

    away: dict[str, str] = field(default_factory=lambda: {"engine": "", "catalog": ""})
    counts: Counts = field(default_factory=Counts)
    unready: str = ""

    def __post_init__(self) -> None:
        self.state = State(lambda service: service)

    def runs(self, container_id: str, notes: Iterable[Note] = ()) -> None:
        """One more container, with one service."""
        one = service(container_id)
        self.state.want(container_id, Desired({one.id: one}, tuple(notes)))
        self.state.registered(one)

    @property
    def view(self) -> View:
        """As the status side sees it."""
        return View(HOST, "10.0.0.1", self.state, self.counts, {}, None, self.away, 10.0)
