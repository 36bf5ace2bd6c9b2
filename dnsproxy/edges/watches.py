"""Blocking queries to Consul for what clients ask about, and what they cover."""

import logging
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic
from typing import Any, Protocol

import gevent
from gevent.event import Event

from catalog.errors import CatalogError, CatalogRefused
from dnsproxy.core.coverage import Cover, Topic

log = logging.getLogger("dnsproxy")

# Each is a connection, of which Consul allows 200 to a client (limits.http_max_conns_per_client).
WATCHES_MAX = 100
# Of these for what is watched as a whole.
RESERVED = 3
# One that nobody asks about is ended; one that was just asked about is not given up for another.
IDLE_S = 600.0
BUSY_S = 30.0
# After a failure one of them tries again soon, and the others when it has got through.
SOON_S, RETRY_S, REFUSED_RETRY_S = 0.03, 0.5, 60.0
_QUIET_S = 600.0

# A question is held for so long until who is asked has seen a change; measured are 30 to 90 ms.
HELD_S = 0.2


class Changing(Protocol):
    """Where changes are told. Both wait, and raise CatalogError."""

    def next(self, topic: Topic, index: int) -> int:
        """The index of a topic when it is past the one given; 0 is told at once.

        The same one if nothing changed in a while, 0 if all must be read anew.
        """

    def wait_for(self, topic: Topic, index: int) -> bool:
        """Until whoever answers our questions has seen that index, or a second is over.

        Whether it has seen it.
        """


class Watches:
    """At most ``limit`` topics are watched."""

    def __init__(self, changing: Changing, limit: int = WATCHES_MAX) -> None:
        self._changing = changing
        self._limit = limit
        # The least recently asked about in front.
        self._watched: OrderedDict[Topic, _Watched] = OrderedDict()
        self._quiet_until = 0.0
        # Whether one that failed is about to try again, and what wakes the others when it is back.
        self._trying = False
        self._through = Event()

    def cover(self, topic: Topic) -> Cover | None:
        """What is known of a topic, if it is watched."""
        watched = self._watched.get(topic)
        if watched is None:
            return None
        watched.asked = monotonic()
        self._watched.move_to_end(topic)
        return watched.cover

    def hold(self, topics: Iterable[Topic]) -> None:
        """Wait while a change is known that whoever is asked may not have seen; HELD_S at most."""
        until = monotonic() + HELD_S
        for topic in topics:
            watched = self._watched.get(topic)
            if watched is not None and not watched.seen.is_set():
                watched.seen.wait(max(until - monotonic(), 0))

    def counts(self) -> dict[str, float]:
        """How many are live, and how many are not yet or no more."""
        live = sum(watched.cover.live for watched in self._watched.values())
        return {"live": live, "lost": len(self._watched) - live}

    def want(self, topic: Topic, *, reserved: bool = False) -> bool:
        """Watch it too, if there is room; whether it is watched.

        ``reserved``: also in the places that are kept for what is watched as a whole.
        """
        if topic in self._watched:
            return True
        if not self._make_room(self._limit if reserved else self._limit - RESERVED):
            return False
        watched = self._watched[topic] = _Watched(Cover(), monotonic())
        watched.greenlet = gevent.spawn(self._follow, topic, watched)
        return True

    def stop(self) -> None:
        """Watch nothing more."""
        for topic in list(self._watched):
            self._end(topic)

    def _make_room(self, limit: int) -> bool:
        now = monotonic()
        while self._watched:
            topic, first = next(iter(self._watched.items()))
            idle = now - first.asked
            if idle < IDLE_S and (len(self._watched) < limit or idle < BUSY_S):
                break
            self._end(topic)
        return len(self._watched) < limit

    def _end(self, topic: Topic) -> None:
        watched = self._watched.pop(topic)
        watched.cover.lose()
        watched.seen.set()
        if watched.greenlet is not None:
            watched.greenlet.kill(block=False)

    def _follow(self, topic: Topic, watched: "_Watched") -> None:
        index = 0
        while True:
            try:
                index = self._look(topic, index, watched)
            except CatalogError as error:
                self._tell(error)
                index = 0
                watched.cover.lose()
                refused = isinstance(error, CatalogRefused) and not error.passing
                self._pause(refused=refused)
            except Exception:
                # A watch that ended in silence would prove what is long over.
                log.exception("a watch failed")
                index = 0
                watched.cover.lose()
                self._pause(refused=True)
            finally:
                watched.seen.set()

    def _look(self, topic: Topic, index: int, watched: "_Watched") -> int:
        """Wait for the next index."""
        found = self._changing.next(topic, index)
        self._through.set()
        self._through.clear()
        if not found:
            watched.cover.lose()
        elif found != index:
            if index:
                watched.news()
                self._changing.wait_for(topic, found)
            else:
                # What there was before is nothing to go by, so nobody need wait. What who has not
                # seen it says is none either: a server that comes back knows nothing for seconds.
                if not self._changing.wait_for(topic, found):
                    return 0
                watched.news()
        return found

    def _pause(self, *, refused: bool) -> None:
        if refused:
            gevent.sleep(REFUSED_RETRY_S)
        elif self._trying:
            self._through.wait(RETRY_S)
        else:
            self._trying = True
            try:
                gevent.sleep(SOON_S)
            finally:
                self._trying = False

    def _tell(self, error: CatalogError) -> None:
        """Once for all of them: without a watch Consul is asked each time, and nothing else is."""
        now = monotonic()
        if now >= self._quiet_until:
            log.info("Consul is asked each time, since changes cannot be watched: %s", error)
            self._quiet_until = now + _QUIET_S


class _Watched:
    __slots__ = ("asked", "cover", "greenlet", "seen")

    def __init__(self, cover: Cover, asked: float) -> None:
        self.cover = cover
        self.asked = asked
        # Clear from when a change is known until whoever is asked has seen it.
        self.seen = Event()
        self.seen.set()
        self.greenlet: gevent.Greenlet[..., Any] | None = None

    def news(self) -> None:
        """Something has changed."""
        self.seen.clear()
        self.cover.news(monotonic())
