"""Greenlets that stay for the next piece of work."""

import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import gevent
from gevent.event import Event
from greenlet import GreenletExit, getcurrent, greenlet

log = logging.getLogger("dnsproxy")

T = TypeVar("T")

# So many that have nothing to do are kept: what a busy moment needed would only take memory.
_IDLE_MAX = 64


class Tasks(Generic[T]):
    """Pieces of work that may wait, begun at once from the hub's own callback.

    To make a greenlet and to have the loop start it takes as long as to read a query and to write
    its reply; this takes a switch.
    """

    def __init__(self, work: Callable[[T], object]) -> None:
        self._work = work
        self._idle: list[greenlet] = []
        self._busy: set[greenlet] = set()
        self._done = Event()

    def begin(self, task: T) -> None:
        """Work on it until that has to wait for the first time; to be called from the hub."""
        worker = self._idle.pop() if self._idle else greenlet(self._run, gevent.get_hub())
        self._busy.add(worker)
        worker.switch(task)

    def stop(self, drain_s: float) -> None:
        """Give what is under way so many seconds, then end it."""
        if self._busy:
            self._done.clear()
            self._done.wait(drain_s)
        loop = gevent.get_hub().loop
        for worker in [*self._busy, *self._idle]:
            loop.run_callback(worker.throw, GreenletExit)
        self._idle.clear()
        gevent.sleep(0)

    def _run(self, task: T) -> None:
        worker: Any = getcurrent()
        while True:
            try:
                self._work(task)
            except Exception:
                # It costs this one piece of work, never the hub that we are called from.
                log.exception("a query failed")
            finally:
                self._busy.discard(worker)
                if not self._busy:
                    self._done.set()
            if len(self._idle) >= _IDLE_MAX:
                return
            self._idle.append(worker)
            task = gevent.get_hub().switch()
