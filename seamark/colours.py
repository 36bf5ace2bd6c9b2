"""Colour for people at a terminal, and for nobody else: what a pipe carries has none."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

_RESET = "\x1b[0m"


class Colour(StrEnum):
    """What is set apart, by the escape sequence that begins it."""

    RED = "\x1b[31m"
    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    CYAN = "\x1b[36m"


class Stream(Protocol):
    """As much of stdout or stderr as is asked here."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""


def wanted(stream: Stream, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream gets colour.

    NO_COLOR with any value beats all (no-color.org); FORCE_COLOR and CLICOLOR_FORCE, unless they
    are `0`, colour a pipe too; else it is a terminal that is not dumb.
    """
    if environment.get("NO_COLOR"):
        return False
    if any(
        environment.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")
    ):
        return True
    return environment.get("TERM") != "dumb" and stream.isatty()


def paint(text: str, colour: Colour) -> str:
    """The text in a colour, for a stream that wants some."""
    return f"{colour}{text}{_RESET}"
