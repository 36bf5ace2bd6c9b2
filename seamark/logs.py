"""Words for people, on stderr, one line each."""

import logging
import sys
from typing import TextIO

from seamark.bottom import BOTTOM
from seamark.colours import Colour, paint, wanted

log = logging.getLogger("seamark")

_COLOURS = {
    logging.WARNING: Colour.YELLOW,
    logging.ERROR: Colour.RED,
    logging.CRITICAL: Colour.RED,
}
# Where the level stands, behind the time.
_LEVEL_AT = len("00:00:00 ")


class _OneLine(logging.Formatter):
    """A fault of ours shows its traceback to those who asked for it only."""

    def __init__(self, *, debug: bool, colour: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)-9s %(message)s", "%H:%M:%S")
        self._debug = debug
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info and not self._debug:
            error = record.exc_info[1]
            record.msg = f"{record.getMessage()}: {type(error).__name__}: {error} (see --debug)"
            record.args, record.exc_info, record.exc_text = None, None, None
        text = "\n".join(map(printable, super().format(record).splitlines()))
        colour = _COLOURS.get(record.levelno) if self._colour else None
        if colour is None:
            return text
        end = _LEVEL_AT + len(record.levelname)
        return text[:_LEVEL_AT] + paint(text[_LEVEL_AT:end], colour) + text[end:]


def printable(text: str) -> str:
    """The text with what steers a terminal escaped: names and labels come from strangers."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes above the line that tells how far something is."""

    def emit(self, record: logging.LogRecord) -> None:
        with BOTTOM.aside():
            super().emit(record)


def set_up(level: str) -> None:
    """Log to stderr at ``level`` (debug, info, warning, error)."""
    handler = _Handler(sys.stderr)
    handler.setFormatter(_OneLine(debug=level == "debug", colour=wanted(sys.stderr)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # urllib3 tells of every connection it drops from its pool; our own lines say what matters.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for name in ("seamark", "registrar", "dnsproxy"):
        logging.getLogger(name).setLevel(level.upper())
