"""Whether everything goes on that must as long as the process does."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import gevent

from seamark.sd_notify import Notifier

log = logging.getLogger("seamark")

LOOK_S = 1.0

# What must go on (`tcp 127.0.0.1:53`, `agent check`) -> whether it does.
Vitals = Callable[[], Mapping[str, bool]]


class Pulse:
    """Looks in the hub's own callback: a loop that has ended cannot tell of itself.

    What ended though nobody ended it is told once, and the service manager gets no sign of life any
    more.
    """

    def __init__(self, vitals: Vitals, notifier: Notifier) -> None:
        self._vitals = vitals
        self._notifier = notifier
        self._told: set[str] = set()
        self._timer: Any = None

    def dead(self) -> list[str]:
        """What does not go on, by name."""
        return sorted(name for name, goes_on in self._vitals().items() if not goes_on)

    def start(self) -> None:
        """Begin to look."""
        watchdog_s = self._notifier.watchdog_s
        every_s = min(LOOK_S, watchdog_s / 2) if watchdog_s else LOOK_S
        self._timer = gevent.get_hub().loop.timer(0, every_s)
        self._timer.start(self._look)

    def stop(self) -> None:
        """Look no more: from here on things end because they shall."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _look(self) -> None:
        dead = self.dead()
        new = [name for name in dead if name not in self._told]
        for name in new:
            log.error("%s has ended though nobody ended it; restart the process", name)
        self._told = set(dead)
        if new:
            self._notifier.failing(f"failing: {', '.join(dead)}")
        if not dead and self._notifier.watchdog_s:
            self._notifier.alive()
