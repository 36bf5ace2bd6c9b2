"""Where a name is asked: the longest zone that it lies in, by wire labels."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from dnsproxy.core.names import Name, lower

T = TypeVar("T")


class ZoneTable(Generic[T]):
    """Zone name -> where it is asked. A lookup costs one dict access per label of the name."""

    def __init__(self, zones: Iterable[tuple[Name, T]]) -> None:
        self._targets = {lower(name): target for name, target in zones}
        self._depth = max(map(len, self._targets), default=0)

    def find(self, key: Name) -> T | None:
        """The target of the longest zone around a canonical name; None if it lies in none."""
        for start in range(max(len(key) - self._depth, 0), len(key) + 1):
            target = self._targets.get(key[start:])
            if target is not None:
                return target
        return None
