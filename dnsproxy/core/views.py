"""Split horizon: what a client sees depends on the network that it is in."""

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from dnsproxy.core.access import AllowList

T = TypeVar("T")
_REMEMBERED = 4096


class Views(Generic[T]):
    """A view for each set of networks that clients can be in at once.

    ``networks`` are lists of networks, ``build`` makes the view of those who are in the lists with
    these numbers. Few of the possible sets have clients: each is built when the first one asks.
    """

    def __init__(
        self, networks: Sequence[Iterable[str]], build: Callable[[frozenset[int]], T]
    ) -> None:
        self._lists = [AllowList(each) for each in networks]
        self._build = functools.cache(build)
        self.of = functools.lru_cache(_REMEMBERED)(self._of)

    def _of(self, host: str) -> T:
        """What the client at ``host`` (an address as the socket gives it) sees."""
        inside = (number for number, each in enumerate(self._lists) if each.allows(host))
        return self._build(frozenset(inside))
