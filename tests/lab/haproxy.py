"""A real HAProxy of the lab's own."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.resolver import Program, Resolver

HAPROXY = Program("haproxy", "haproxy", alone=True)


class Haproxy(Resolver):
    """One HAProxy in the foreground; a context manager. ``config`` is its haproxy.cfg."""

    _READY = "Loading success."

    def __init__(self, binary: Path, config: str) -> None:
        super().__init__(binary)
        self._config = self._folder / "haproxy.cfg"
        self._config.write_text(config)

    def _words(self) -> Sequence[str | Path]:
        # Master and worker: the master says when it has started.
        return ["-W", "-db", "-f", self._config]
