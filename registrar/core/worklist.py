"""Which containers to look at, and when: a coalescing set, not a queue of events.

However many events name a container, it is looked at once; one that is marked while somebody looks
at it is looked at again afterwards, and never by two at a time. Nothing marked is ever lost.
"""


class WorkList:
    """Keys that are due now or later. Pure: the time is an argument, in seconds."""

    def __init__(self) -> None:
        self._ready: dict[str, None] = {}
        self._later: dict[str, float] = {}
        self._busy: set[str] = set()
        self._looked = 0

    def mark(self, key: str) -> None:
        """The key is to be looked at as soon as possible."""
        self._later.pop(key, None)
        self._ready[key] = None

    def mark_at(self, key: str, due: float) -> None:
        """The key is to be looked at at ``due``, or earlier if it is marked again."""
        if key not in self._ready:
            self._later[key] = min(due, self._later.get(key, due))

    def take(self, now: float) -> str | None:
        """A due key that nobody is busy with, oldest mark first. Follow with :meth:`done`."""
        for key in [key for key, due in self._later.items() if due <= now]:
            self.mark(key)
        for key in self._ready:
            if key not in self._busy:
                del self._ready[key]
                self._busy.add(key)
                return key
        return None

    def done(self, key: str) -> None:
        """The look that :meth:`take` began has ended."""
        self._busy.discard(key)
        self._looked = 0 if self.is_idle else self._looked + 1

    def next_due(self) -> float | None:
        """When the next key falls due that is not due already; None if there is none."""
        return min(self._later.values(), default=None)

    @property
    def is_idle(self) -> bool:
        """Whether nobody is busy and nothing is due."""
        return not self._ready and not self._busy

    @property
    def progress(self) -> tuple[int, int]:
        """How many looks have ended since there was nothing to do, and of how many."""
        return self._looked, self._looked + len(self._ready) + len(self._busy)

    def __len__(self) -> int:
        return len(self._ready) + len(self._later) + len(self._busy)
