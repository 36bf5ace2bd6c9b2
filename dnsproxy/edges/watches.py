"""Blocking queries to Consul for what clients ask about, and what they cover."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any

import gevent

from catalog.errors import CatalogError, CatalogRefused
from dnsproxy.core.coverage import Cover, Topic

log = logging.getLogger("dnsproxy")

# Each is a connection, of which Consul allows 200 to a client (limits.http_max_conns_per_client).
WATCHES_MAX = 100
# One that nobody asks about is ended; one that was just asked about is not given up for another.
IDLE_S = 600.0
BUSY_S = 30.0
RETRY_S, REFUSED_RETRY_S = 1.0, 60.0
_QUIET_S = 600.0

# Waits until a topic's index is past the one given (0: says it at once), and tells it; the same one
# if nothing changed in a while, 0 if all must be read anew. Blocks; raises CatalogError.
Next = Callable[[Topic, int], int]


class Watches:
    """At most ``limit`` topics are watched."""

    def __init__(self, following: Next, limit: int = WATCHES_MAX) -> None:
        self._next = following
        self._limit = limit
        # The least recently asked about in front.
        self._watched: OrderedDict[Topic, _Watched] = OrderedDict()
        self._quiet_until = 0.0

    def cover(self, topic: Topic) -> Cover | None:
        """What is known of a topic, if it is watched."""
        watched = self._watched.get(topic)
        if watched is None:
            return None
        watched.asked = monotonic()
        self._watched.move_to_end(topic)
        return watched.cover

    def want(self, topic: Topic) -> None:
        """Watch it too, if there is room: something was found there."""
        if topic in self._watched or not self._make_room():
            return
        watched = self._watched[topic] = _Watched(Cover(), monotonic())
        watched.greenlet = gevent.spawn(self._follow, topic, watched)

    def stop(self) -> None:
        """Watch nothing more."""
        for topic in list(self._watched):
            self._end(topic)

    def _make_room(self) -> bool:
        now = monotonic()
        while self._watched:
            topic, first = next(iter(self._watched.items()))
            idle = now - first.asked
            if idle < IDLE_S and (len(self._watched) < self._limit or idle < BUSY_S):
                break
            self._end(topic)
        return len(self._watched) < self._limit

    def _end(self, topic: Topic) -> None:
        watched = self._watched.pop(topic)
        watched.cover.lose()
        if watched.greenlet is not None:
            watched.greenlet.kill(block=False)

    def _follow(self, topic: Topic, watched: "_Watched") -> None:
        index = 0
        while True:
            try:
                found = self._next(topic, index)
            except CatalogError as error:
                self._tell(error)
                refused = isinstance(error, CatalogRefused)
                index, pause_s = 0, REFUSED_RETRY_S if refused else RETRY_S
            except Exception:
                # A watch that ended in silence would prove what is long over.
                log.exception("a watch failed")
                index, pause_s = 0, REFUSED_RETRY_S
            else:
                if found and found != index:
                    watched.cover.news(monotonic())
                index, pause_s = found, 0.0
            if not index:
                watched.cover.lose()
            if pause_s:
                gevent.sleep(pause_s)

    def _tell(self, error: CatalogError) -> None:
        """Once for all of them: without a watch Consul is asked each time, and nothing else is."""
        now = monotonic()
        if now >= self._quiet_until:
            log.info("Consul is asked each time, since changes cannot be watched: %s", error)
            self._quiet_until = now + _QUIET_S


class _Watched:
    __slots__ = ("asked", "cover", "greenlet")

    def __init__(self, cover: Cover, asked: float) -> None:
        self.cover = cover
        self.asked = asked
        self.greenlet: gevent.Greenlet[..., Any] | None = None
