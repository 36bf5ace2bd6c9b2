"""Who is told of every exchange: the ring of the newest, the counters, and the query log."""

import ipaddress
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from time import monotonic, time

import gevent

from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.hot import Note
from dnsproxy.core.lookback import Lookback
from dnsproxy.core.querylog import ReplyClass, Selection, classify
from dnsproxy.core.tally import Cell, Tally
from dnsproxy.edges.querylog import QueryLog
from dnsproxy.edges.turns import give_way

RING = 2000
# How often answers that went well are looked at for those that are kept for an hour.
LOOK_S = 1.0
# Of so many at most; to look at one takes some microseconds.
_LOOK_AT = 100
# To look for so many takes less than a millisecond; then DNS has its turn.
_PORTION = 20
# Where answers come from that are given without a word to us.
HOT_SOURCES = (Source.MEMORY, Source.EMBEDDED)


class Gauge(StrEnum):
    """What has a size at a moment, read when somebody asks; by fixed kinds, or by upstream."""

    MEMORY_BYTES = "memory_bytes"
    MEMORY_LIMIT_BYTES = "memory_limit_bytes"
    MEMORY_ENTRIES = "memory_entries"
    UPSTREAM_SICK = "upstream_sick"
    UPSTREAM_LOOPED = "upstream_looped"
    WATCHES = "watches"


# Kind (`answers`, `denials`) or upstream -> size.
Reading = Callable[[], Mapping[str, float]]
# Whether an exchange is looked for.
Wanted = Callable[[Exchange], bool]


class Observer:
    """Remembers, counts and logs. ``record`` and ``upstream`` never wait and never fail.

    ``ring`` is how many exchanges are remembered; ``selection`` says which are, and which are
    written to ``lines``. All are counted.
    """

    def __init__(
        self,
        ring: int = RING,
        selection: Selection | None = None,
        lines: QueryLog | None = None,
    ) -> None:
        self.tally = Tally()
        self.lines = lines
        self.gauges: dict[Gauge, Reading] = {}
        self._ring: deque[Exchange | Note] = deque(maxlen=ring)
        self._lookback = Lookback() if ring else None
        self._looker: gevent.Greenlet[[], None] | None = None
        self._looked_until = 0.0
        self._selection = None if selection is None or selection.takes_all else selection
        self.note: Callable[[Note], object] = self._ring.append
        if self._selection is not None or lines is not None:
            self.note = self._note

    def start(self) -> None:
        """Begin to write lines, if any are wanted, and to keep some for an hour."""
        if self.lines is not None:
            self.lines.start()
        if self._lookback is not None:
            self._looker = gevent.spawn(self._look_regularly)

    def stop(self) -> None:
        """Write what waits."""
        if self._looker is not None:
            self._looker.kill()
        if self.lines is not None:
            self.lines.stop()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        vitals = {} if self.lines is None else self.lines.vitals()
        if self._looker is not None:
            vitals["look back"] = not self._looker.ready()
        return vitals

    def record(self, exchange: Exchange) -> None:
        """A query was answered, or left unanswered. Called for each: about a microsecond."""
        reply_class = classify(exchange)
        self.tally.exchange(exchange, reply_class)
        self._remember(exchange, reply_class)

    def hot(self, exchange: Exchange) -> Cell:
        """Where answers like this one are counted that are given without a word to us."""
        return self.tally.cell(exchange, classify(exchange))

    def given(self, counts: list[int], took: float) -> None:
        """So many of these were given of each of HOT_SOURCES, each in so many seconds."""
        for source, count in zip(HOT_SOURCES, counts, strict=True):
            if count:
                self.tally.answer_times[source].add(took, count)

    def _note(self, note: Note) -> None:
        """One was given, and is to be looked at for more than the ring."""
        exchange = _exchange(note)
        self._remember(exchange, classify(exchange))

    def _remember(self, exchange: Exchange, reply_class: ReplyClass) -> None:
        if self._selection is not None and not self._selection.takes(reply_class):
            return
        self._ring.append(exchange)
        if self._lookback is not None and reply_class is not ReplyClass.OK:
            # What went well comes by the thousand: of that some are taken from the ring.
            self._lookback.add(exchange, reply_class)
        if self.lines is not None:
            self.lines.put(exchange)

    def upstream(self, server: str, outcome: str, took: float) -> None:
        """An upstream was asked: an rcode's name, `timeout` or `unreachable`; in seconds."""
        self.tally.upstream(server, outcome, took)

    def mismatched(self, server: str) -> None:
        """A packet came from an upstream that was not the reply to what it was asked."""
        self.tally.mismatched(server)

    def newest(self) -> list[Exchange]:
        """What the ring holds, the newest first."""
        return [_exchange(each) for each in reversed(self._ring)]

    def find(self, wanted: Wanted, limit: int) -> Iterator[Exchange]:
        """The newest that are wanted: all of the ring, and of the hour before it what was kept.

        DNS has its turn in between.
        """
        kept = self._ring_and_before()
        while limit > 0:
            portion = list(itertools.islice(kept, _PORTION))
            if not portion:
                return
            found = [each for each in portion if wanted(each)][:limit]
            limit -= len(found)
            yield from found
            give_way()

    def _ring_and_before(self) -> Iterator[Exchange]:
        oldest = time()
        for said in reversed(list(self._ring)):
            exchange = _exchange(said)
            oldest = exchange.at
            yield exchange
        if self._lookback is not None:
            yield from self._lookback.before(oldest)

    def _look_regularly(self) -> None:
        while True:
            gevent.sleep(LOOK_S)
            self._look()

    def _look(self) -> None:
        """Keep some of what was given since the last look and is not kept yet."""
        assert self._lookback is not None
        until = self._looked_until
        for said in reversed(list(itertools.islice(reversed(self._ring), _LOOK_AT))):
            exchange = _exchange(said)
            reply_class = classify(exchange)
            is_kept = said is exchange and reply_class is not ReplyClass.OK
            if exchange.at > self._looked_until and not is_kept:
                self._lookback.add(exchange, reply_class)
            until = max(until, exchange.at)
        self._looked_until = until

    @property
    def held(self) -> int:
        """How many exchanges the ring holds."""
        return len(self._ring)


def _exchange(said: Exchange | Note) -> Exchange:
    if isinstance(said, Exchange):
        return said
    answer, client, (at, took) = said
    about: Exchange = answer.about
    at += time() - monotonic()
    return replace(about, at=at, took=took, client=str(ipaddress.ip_address(client)))
