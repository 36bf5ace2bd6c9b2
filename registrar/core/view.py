"""A running container as the registrar sees it, for people who ask why."""

from dataclasses import dataclass

from registrar.core.model import Note


@dataclass(frozen=True, slots=True)
class Seen:
    """Its services by id, as they should be registered, and what was left out or is odd.

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
