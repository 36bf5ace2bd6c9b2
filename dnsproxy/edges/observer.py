"""Who is told of every exchange: the ring of the newest, the counters, and the query log."""

import ipaddress
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from time import monotonic, time

from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.hot import Note
from dnsproxy.core.querylog import Selection, classify
from dnsproxy.core.tally import Cell, Tally
from dnsproxy.edges.querylog import QueryLog

RING = 2000
# Where answers come from that are given without a word to us.
HOT_SOURCES = (Source.MEMORY, Source.EMBEDDED)


class Gauge(StrEnum):
    """What has a size at a moment, read when somebody asks; by fixed kinds, or by upstream."""

    MEMORY_BYTES = "memory_bytes"
    MEMORY_ENTRIES = "memory_entries"
    UPSTREAM_SICK = "upstream_sick"
    UPSTREAM_LOOPED = "upstream_looped"
    WATCHES = "watches"


# Kind (`answers`, `denials`) or upstream -> size.
Reading = Callable[[], Mapping[str, float]]


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
        self._selection = None if selection is None or selection.takes_all else selection
        self.note: Callable[[Note], object] = self._ring.append
        if self._selection is not None or lines is not None:
            self.note = self._note

    def start(self) -> None:
        """Begin to write lines, if any are wanted."""
        if self.lines is not None:
            self.lines.start()

    def stop(self) -> None:
        """Write what waits."""
        if self.lines is not None:
            self.lines.stop()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {} if self.lines is None else self.lines.vitals()

    def record(self, exchange: Exchange) -> None:
        """A query was answered, or left unanswered. Called for each: about a microsecond."""
        reply_class = classify(exchange)
        self.tally.exchange(exchange, reply_class)
        if self._selection is not None and not self._selection.takes(reply_class):
            return
        self._ring.append(exchange)
        if self.lines is not None:
            self.lines.put(exchange)

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
        if self._selection is not None and not self._selection.takes(classify(exchange)):
            return
        self._ring.append(exchange)
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
