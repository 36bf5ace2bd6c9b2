"""Questions that are out: one a key, each in a greenlet of its own, and all who wait for it.

Who waits may give up or be ended with its client: the question goes on to its own deadline, and
its answer is remembered for the next.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

import gevent
from gevent.event import AsyncResult

from dnsproxy.core.request import Key
from dnsproxy.errors import NoRoom, UpstreamFailed

log = logging.getLogger("dnsproxy")

T = TypeVar("T")


class Fetches(Generic[T]):
    """At most ``limit`` questions are out, and as many clients wait for them."""

    def __init__(self, limit: int) -> None:
        self._out: dict[Key, AsyncResult[T]] = {}
        self._limit = limit
        self._waiting = 0

    def start(self, key: Key, fetch: Callable[[], T]) -> "AsyncResult[T]":
        """The question that is out, or else this one, sent out now. Raises :class:`NoRoom`."""
        result = self._out.get(key)
        if result is None:
            if len(self._out) >= self._limit:
                raise NoRoom("too many questions wait")
            result = self._out[key] = AsyncResult()
            gevent.spawn(self._run, key, fetch, result)
        return result

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

    def _run(self, key: Key, fetch: Callable[[], T], result: "AsyncResult[T]") -> None:
        try:
            result.set(fetch())
        except Exception:
            # A fault of ours costs this answer, and is told once, however many wait.
            log.exception("a question to upstreams failed")
            result.set_exception(UpstreamFailed("a fault of ours"))
        finally:
            del self._out[key]
