"""The registrar as far as it is looked at: nothing of it is loaded where none runs."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from registrar.core.view import View


class Watched(Protocol):
    """Who keeps the catalog true."""

    @property
    def unready(self) -> str:
        """Why it is not ready; empty if it is."""

    @property
    def view(self) -> "View":
        """What it knows now."""
