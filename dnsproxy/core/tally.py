"""Counters of what was asked and answered: plain numbers, read when somebody asks for metrics.

Labels are transports, sources, classes, rcodes, configured zones and configured upstreams. Never
the name of a query nor a client: whoever may ask could then make us count without end (CoreDNS
1.14.3, dnsdist CVE-2026-40011).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator

from dnsproxy.core.exchange import Exchange, Limited, Source
from dnsproxy.core.mnemonics import rcode_text
from dnsproxy.core.querylog import ReplyClass
from dnsproxy.core.wire import Rcode

# Upper ends in seconds: an answer from memory takes tens of microseconds, nobody waits for five.
BOUNDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
)
OTHER = "other"
# Zones and upstreams are configured, and few; beyond this somebody gave us what is not.
LABELS_MAX = 1000
_OUTCOMES = {code.name for code in Rcode} | {"timeout", "unreachable"}
_RCODES = {code.value for code in Rcode}

# Transport (whether TCP), source, class, rcode, whether truncated, zone.
Key = tuple[bool, Source, ReplyClass, int | None, bool, str]
# One number, which whoever counts often may keep and raise.
Cell = list[int]
# Labels -> how many.
Counts = dict[tuple[str, ...], int]


class Histogram:
    """How many took how long; ``counts[i]`` of them at most ``BOUNDS[i]`` seconds, the last more.

    ``total_s`` is the sum of all.
    """

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total_s = 0.0

    def add(self, took: float, count: int = 1) -> None:
        """So many more, of these seconds each."""
        self.counts[bisect_left(BOUNDS, took)] += count
        self.total_s += took * count

    def merge(self, other: "Histogram") -> None:
        """Those of another one too."""
        self.counts = [own + theirs for own, theirs in zip(self.counts, other.counts, strict=True)]
        self.total_s += other.total_s

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Upper end and how many took no longer, as Prometheus wants its buckets."""
        seen = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            seen += count
            yield bound, seen


class Tally:
    """Counts of one process since its start. Only ever grows, and only to a bound.

    ``cells`` are those of queries, by all that is told of them.
    """

    def __init__(self) -> None:
        self.cells: dict[Key, Cell] = {}
        self._zones: set[str] = set()
        self.answer_times = {source: Histogram() for source in Source}
        self.limited = dict.fromkeys(Limited, 0)
        self.outcomes: Counts = {}
        self.mismatches: Counts = {}
        self.upstream_times: dict[str, Histogram] = {}

    def exchange(self, exchange: Exchange, reply_class: ReplyClass) -> None:
        """Count a query. One look-up for all its labels: this runs for each of them."""
        self.cell(exchange, reply_class)[0] += 1
        self.answer_times[exchange.source].add(exchange.took)
        if exchange.limited:
            self.limited[exchange.limited] += 1

    def cell(self, exchange: Exchange, reply_class: ReplyClass) -> Cell:
        """Where queries like this one are counted."""
        key = (
            exchange.tcp,
            exchange.source,
            reply_class,
            exchange.rcode,
            exchange.truncated,
            exchange.zone,
        )
        return self.cells.get(key) or self._first(key)

    @property
    def truncated(self) -> dict[bool, int]:
        """Replies with TC, by whether they went over TCP."""
        sums = self._sum(lambda tcp, source, kind, rcode, cut, zone: (str(tcp), str(cut)))
        return {tcp: sums.get((str(tcp), str(True)), 0) for tcp in (False, True)}

    def upstream(self, server: str, outcome: str, took: float) -> None:
        """Count a question to an upstream: an rcode's name, ``timeout`` or ``unreachable``.

        The time counts only of those that were answered: how long we wait for the others is our
        own choice.
        """
        server = self._known(server)
        outcome = outcome if outcome in _OUTCOMES else OTHER
        self.outcomes[server, outcome] = self.outcomes.get((server, outcome), 0) + 1
        if outcome not in {"timeout", "unreachable"}:
            self.upstream_times[server].add(took)

    def mismatched(self, server: str) -> None:
        """Count a packet that was not the reply to what this upstream had been asked."""
        server = self._known(server)
        self.mismatches[server,] = self.mismatches.get((server,), 0) + 1

    def queries(self) -> Counts:
        """By transport, source and class."""
        return self._sum(
            lambda tcp, source, kind, rcode, cut, zone: (transport(tcp=tcp), source, kind)
        )

    def replies(self) -> Counts:
        """By rcode; ``none`` for what was left unanswered, ``other`` for the unusual."""
        return self._sum(lambda tcp, source, kind, rcode, cut, zone: (_rcode_label(rcode),))

    def zones(self) -> Counts:
        """By zone and class; the zone is empty for what was answered without one."""
        return self._sum(lambda tcp, source, kind, rcode, cut, zone: (zone, kind))

    def add(self, other: "Tally") -> None:
        """Count what another process has counted too."""
        for key, cell in other.cells.items():
            self._first(key)[0] += cell[0]
        for source, times in other.answer_times.items():
            self.answer_times[source].merge(times)
        for action, count in other.limited.items():
            self.limited[action] += count
        for mine, theirs in ((self.outcomes, other.outcomes), (self.mismatches, other.mismatches)):
            for labels, count in theirs.items():
                mine[labels] = mine.get(labels, 0) + count
        for server, times in other.upstream_times.items():
            self.upstream_times.setdefault(server, Histogram()).merge(times)

    def _known(self, server: str) -> str:
        """The label of an upstream."""
        if server not in self.upstream_times:
            server = server if len(self.upstream_times) < LABELS_MAX else OTHER
            self.upstream_times.setdefault(server, Histogram())
        return server

    def _first(self, key: Key) -> Cell:
        if key[-1] not in self._zones and len(self._zones) >= LABELS_MAX:
            key = *key[:-1], OTHER
        self._zones.add(key[-1])
        return self.cells.setdefault(key, [0])

    def _sum(self, labels: Callable[..., tuple[str, ...]]) -> Counts:
        sums: Counts = {}
        for key, cell in self.cells.items():
            found = labels(*key)
            sums[found] = sums.get(found, 0) + cell[0]
        return sums


def transport(*, tcp: bool) -> str:
    """``tcp`` or ``udp``."""
    return "tcp" if tcp else "udp"


def _rcode_label(rcode: int | None) -> str:
    if rcode is None:
        return "none"
    return rcode_text(rcode) if rcode in _RCODES else OTHER
