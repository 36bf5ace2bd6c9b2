"""What the registrar knows of its host, for people who ask why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog.model import Service
from registrar.core.counts import Counts
from registrar.core.desired import Desired
from registrar.core.diff import FOREIGN, Foreign
from registrar.core.model import Note
from registrar.core.state import State


@dataclass(frozen=True, slots=True)
class Seen:
    """A running container: its services by id, as they should be, and what was left out or is odd.

    ``name`` and ``image`` are empty for one that could not be read.
    """

    id: str
    name: str
    image: str
    services: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def left_out(self) -> tuple[Note, ...]:
        """What of it is not registered, each with its reason."""
        return tuple(note for note in self.notes if note.left_out)


@dataclass(frozen=True, slots=True)
class View:
    """Reads as things are at the moment that somebody asks; nothing can be changed through it.

    ``host`` is empty until the engine has told it; ``address`` is what an empty one of a service
    stands for; ``refused``: why the catalog did not take a container's last write, by its id;
    ``looked``: how many containers were looked at since nothing was to be done, and of how many,
    None before all were listed once. ``away``: why the `engine` and the `catalog` cannot be asked,
    empty if they can. Everything is compared every ``resync_s`` seconds.
    """

    host: str
    address: str
    state: State
    counts: Counts
    refused: Mapping[str, str]
    looked: tuple[int, int] | None
    away: Mapping[str, str]
    resync_s: float

    @property
    def services(self) -> Mapping[str, Service]:
        """What is registered, by id, whoever did it, as it was read last."""
        return self.state.actual

    @property
    def changes(self) -> Mapping[str, int]:
        """Services `registered` and `deregistered` since the start."""
        return self.counts.changes

    def container(self, container_id: str) -> str:
        """The name of a running container; empty if there is none."""
        return self.state.known(container_id).name

    def count(self) -> tuple[int, int]:
        """How many containers run, and of how many of them something is left out."""
        desired = self.state.desired
        left_out = sum(any(note.left_out for note in one.notes) for one in desired.values())
        return len(desired), left_out

    def containers(self) -> Iterator[Seen]:
        """Each running container, by name.

        Other work may be done between two of them: one that is gone by then is not told.
        """
        state = self.state
        for container_id in sorted(state.desired, key=lambda key: (self.container(key), key)):
            desired = state.desired.get(container_id)
            if desired is not None:
                yield self._seen(container_id, desired)

    def _seen(self, container_id: str, desired: Desired) -> Seen:
        name = self.container(container_id)
        notes = list(desired.notes)
        refused = self.refused.get(container_id, "")
        for change in self.state.changes(container_id, self.host):
            if isinstance(change, Foreign):
                notes.append(Note(name, change.service.id, FOREIGN))
            elif refused:
                notes.append(Note(name, "", refused))
        image = self.state.known(container_id).image
        services = tuple(sorted(desired.services))
        return Seen(container_id, name, image, services, tuple(dict.fromkeys(notes)))
