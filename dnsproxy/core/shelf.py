"""Entries within a budget of bytes and of number, whichever is used up first."""

from collections import OrderedDict
from collections.abc import Hashable
from itertools import islice
from typing import Generic, Protocol, TypeVar

# How many of the least recently used are looked at for one whose time is over: to find all of
# those would cost each answer a walk through everything.
_LOOKED_AT = 8


class Entry(Protocol):
    """What is kept: its bytes, and the monotonic second at which its time is over."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def expires(self) -> float:
        """Monotonic seconds."""

    def end(self) -> None:
        """It is kept no more."""


K = TypeVar("K", bound=Hashable)
E = TypeVar("E", bound=Entry)


class Shelf(Generic[K, E]):
    """Entries by key, the least recently used at the front."""

    def __init__(self, max_bytes: int, max_entries: int) -> None:
        self.entries: OrderedDict[K, E] = OrderedDict()
        self.bytes = 0
        self.max_bytes = max_bytes
        self._max_entries = max_entries

    def add(self, key: K, entry: E, now: float) -> None:
        """Keep an entry in place of the one before, and give others up for it if need be."""
        self.drop(key)
        self.entries[key] = entry
        self.bytes += entry.size
        while self.entries and (
            self.bytes > self.max_bytes or len(self.entries) > self._max_entries
        ):
            self.drop(self._least_missed(now))

    def use(self, key: K) -> None:
        """The entry was asked for just now."""
        self.entries.move_to_end(key)

    def drop(self, key: K) -> None:
        """Keep it no more, if it is kept."""
        entry = self.entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size
            entry.end()

    def _least_missed(self, now: float) -> K:
        """What is past its time goes first: it can serve an outage only."""
        oldest = list(islice(self.entries.items(), _LOOKED_AT))
        return next((key for key, entry in oldest if entry.expires <= now), oldest[0][0])
