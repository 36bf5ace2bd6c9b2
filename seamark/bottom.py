"""The line at the bottom of a terminal that tells how far something is, below the log.

One for the whole process: whoever logs makes room for it. Where stderr is no terminal there is
none, and nothing is ever written.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

_ERASED = "\r\x1b[K"


class Line:
    """What stands there is erased before it ends: nothing of it stays."""

    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self.is_seen = environment.get("TERM") != "dumb" and stream.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        """Put it there, in place of what stands there."""
        if self.is_seen:
            self._shown = text
            # Back at the beginning: what another process writes stands upon it, not behind it.
            self._write(f"{_ERASED}{text[: _columns(self._stream) - 1]}\r")

    def erase(self) -> None:
        """Take it away."""
        if self._shown:
            self._shown = ""
            self._write(_ERASED)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While somebody writes a line of the log: it comes back below that."""
        shown = self._shown
        self.erase()
        yield
        if shown:
            self.show(shown)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _columns(stream: TextIO) -> int:
    try:
        # A terminal that does not know has 0.
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80


BOTTOM = Line(sys.stderr)
