"""Bounded waits: a test states what must come true and how soon, never how long to sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

# What we promise of one container that starts or ends, and of a network that comes.
LIMIT_S = 2.0
# For what has no time of its own: only who hangs takes that long, on a busy machine too.
PATIENCE_S = 30.0
_PAUSE_S = 0.01


class Waits:
    """Waits of one test, with the time that each took."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def until(
        self, what: str, look: Callable[[], T], limit_s: float = LIMIT_S, since: float | None = None
    ) -> T:
        """The first true value of ``look``; the test fails if there is none in ``limit_s``.

        ``since`` (monotonic) counts the time from an earlier moment, such as before a command.
        """
        start = time.monotonic() if since is None else since
        value = look()
        while not value and time.monotonic() - start < limit_s:
            pause(_PAUSE_S)
            value = look()
        took = time.monotonic() - start
        if not value:
            pytest.fail(f"{what}: not within {limit_s:.0f} s; last seen: {value!r}")
        self.taken.append(f"{what}: {took * 1000:.0f} ms")
        print(self.taken[-1])
        return value


def pause(seconds: float) -> None:
    """Let time go by: for the absence of something, which has no moment to wait for."""
    time.sleep(seconds)  # noqa: TID251  (the tests run without gevent)
