"""Questions that are out: one a key, and all who wait for it.

A question in a greenlet of its own goes on to its own deadline whoever gives up, and its answer is
remembered for the next. One that is asked by the first who wants to know costs a fifth less, and
ends with its client: then the next one asks.
"""

import contextlib
import logging
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Generic, TypeVar

import gevent
from gevent.event import AsyncResult

from dnsproxy.errors import NoRoom, UpstreamFailed

log = logging.getLogger("dnsproxy")

T = TypeVar("T")
# The outcome of a question whose client has gone.
_LEFT: Any = object()


class Fetches(Generic[T]):
    """At most ``limit`` questions are out, and as many clients wait for them."""

    def __init__(self, limit: int) -> None:
        self._out: dict[Hashable, AsyncResult[T]] = {}
        self._limit = limit
        self._waiting = 0

    def is_out(self, key: Hashable) -> bool:
        """Whether somebody has asked it and waits."""
        return key in self._out

    def start(self, key: Hashable, fetch: Callable[[], T]) -> "AsyncResult[T]":
        """The question that is out, or else this one, sent out now. Raises :class:`NoRoom`."""
        result = self._out.get(key)
        if result is None:
            result = self._sent(key)
            gevent.spawn(self._run, key, fetch, result)
        return result

    def ask(self, key: Hashable, fetch: Callable[[], T], until: float) -> T | None:
        """What comes of the question that is out; of this one, asked here and now, if none is.

        As :meth:`wait`, but for the time: ``fetch`` has its own. Whoever waits for one that is
        ended with its client asks again. Raises :class:`NoRoom`.
        """
        while True:
            result = self._out.get(key)
            if result is None:
                return self._fetched(key, fetch, self._sent(key))
            outcome = self.wait(result, until)
            if outcome is not _LEFT:
                return outcome

    def wait(self, result: "AsyncResult[T]", until: float) -> T | None:
        """What came of it; None if nothing has by then (monotonic). Raises :class:`NoRoom`."""
        if self._waiting >= self._limit:
            raise NoRoom("too many clients wait")
        self._waiting += 1
        try:
            result.wait(max(until - monotonic(), 0))
            return result.get() if result.ready() else None
        finally:
            self._waiting -= 1

    def _sent(self, key: Hashable) -> "AsyncResult[T]":
        if len(self._out) >= self._limit:
            raise NoRoom("too many questions wait")
        result = self._out[key] = AsyncResult()
        return result

    def _run(self, key: Hashable, fetch: Callable[[], T], result: "AsyncResult[T]") -> None:
        with contextlib.suppress(UpstreamFailed):
            # Whoever waits has it from the result.
            self._fetched(key, fetch, result)

    def _fetched(self, key: Hashable, fetch: Callable[[], T], result: "AsyncResult[T]") -> T:
        try:
            outcome = fetch()
        except Exception as error:
            # A fault of ours costs this answer, and is told once, however many wait.
            log.exception("a question to upstreams failed")
            fault = UpstreamFailed("a fault of ours")
            result.set_exception(fault)
            raise fault from error
        else:
            result.set(outcome)
            return outcome
        finally:
            del self._out[key]
            if not result.ready():
                result.set(_LEFT)
