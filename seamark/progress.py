"""Who waits for more than a second at a terminal sees how far it is, in a line that goes again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent

from seamark.bottom import BOTTOM, Line

AFTER_S = 1.0
_EVERY_S = 0.1
_BAR = 30


class Counted:
    """How much of something is done, as a bar, once it has taken a second."""

    def __init__(self, words: str, line: Line, clock: Callable[[], float] = time.monotonic) -> None:
        self._words = words
        self._line = line
        self._clock = clock
        self._due = clock() + AFTER_S

    def tell(self, done: int, total: int) -> None:
        """That many are done, of so many."""
        now = self._clock()
        if now >= self._due:
            self._due = now + _EVERY_S
            self._line.show(f"{self._words}: {done} of {total} {bar(done, total)}")


def bar(done: int, total: int) -> str:
    """As many signs as there is done."""
    filled = _BAR * min(done, total) // max(total, 1)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}]"


@contextmanager
def counting(words: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how many are done, and of how many; nothing of it stays."""
    try:
        yield Counted(words, BOTTOM).tell
    finally:
        BOTTOM.erase()


@contextmanager
def waiting(words: str) -> Iterator[None]:
    """Say what is waited for, after a second, while something goes on that tells nothing."""
    showing = gevent.spawn_later(AFTER_S, BOTTOM.show, words)
    try:
        yield
    finally:
        showing.kill()
        BOTTOM.erase()
