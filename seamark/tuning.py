"""What is set of Python itself once everything is loaded, and how long work on many makes way."""

import contextlib
import gc
from collections.abc import Iterable, Iterator
from typing import TypeVar

from dnsproxy.edges.turns import give_way

T = TypeVar("T")

# So many new objects; Python's default is 700.
_COLLECTED_AT = 20_000


def settle_collector() -> None:
    """What was loaded stays: the collector need not look at it, nor after each few queries.

    By its own defaults a question that has to be asked for takes a tenth longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AT, 20, 20)


def unhurried(items: Iterable[T], portion: int) -> Iterator[T]:
    """The items as they are when the first is taken; DNS has its turn after each ``portion``."""
    for number, item in enumerate(list(items), 1):
        yield item
        if number % portion == 0:
            give_way()


@contextlib.contextmanager
def much_to_read() -> Iterator[None]:
    """For who makes very many objects, which then stay.

    The collector never looks at all of them at once, which holds up everything for half a second.
    What is garbage by then is collected before.
    """
    gc.collect(1)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
