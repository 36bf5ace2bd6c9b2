"""How far the registrar's first look at all containers is, told while it goes on.

At a terminal it is a bar below the log, which is gone afterwards. Where the log goes elsewhere it
is a line every two seconds: a journal keeps what it gets, and must not fill with bars.
"""

import logging
import time

import gevent

from seamark.bottom import BOTTOM
from seamark.progress import AFTER_S, Counted
from seamark.watched import Watched

log = logging.getLogger("registrar")

_LOOK_EVERY_S = 0.1
_TELL_EVERY_S = 2.0


class FirstSync:
    """Tells of a registrar, from the first list of containers to the end of the looks at them.

    Of none there is nothing to tell.
    """

    def __init__(self, registrar: Watched | None) -> None:
        self._registrar = registrar
        self._loop: gevent.Greenlet[..., None] | None = None

    def start(self) -> None:
        """Begin."""
        if self._registrar is not None:
            self._loop = gevent.spawn(self._follow, self._registrar)

    def stop(self) -> None:
        """End."""
        if self._loop is not None:
            self._loop.kill()
        BOTTOM.erase()

    def _follow(self, registrar: Watched) -> None:
        while (found := registrar.view.looked) is None:
            # The engine or the catalog is away; that is told by who asks them.
            gevent.sleep(_LOOK_EVERY_S)
        begun = time.monotonic()
        self._tell_until(registrar, goal := found[1])
        BOTTOM.erase()
        took = time.monotonic() - begun
        if took >= AFTER_S and not registrar.unready:
            log.info("looked at %d containers in %.0f s", goal, took)

    def _tell_until(self, registrar: Watched, goal: int) -> None:
        """Until as many were looked at, or there is nothing more to look at."""
        counted = Counted("looking at containers", BOTTOM)
        due = time.monotonic() + _TELL_EVERY_S
        while (found := registrar.view.looked) and any(found) and found[0] < goal:
            counted.tell(found[0], goal)
            if not BOTTOM.is_seen and time.monotonic() >= due:
                due += _TELL_EVERY_S
                log.info("looked at %d of %d containers", found[0], goal)
            gevent.sleep(_LOOK_EVERY_S)
