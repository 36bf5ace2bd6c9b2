"""What all workers did, as if one had done it: for who looks at the process."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from time import monotonic

from dnsproxy.core.exchange import Exchange
from dnsproxy.core.tally import Tally
from dnsproxy.edges.observer import Gauge, Reading
from seamark.wanted import Search, Wanted
from seamark.worker import Lines, Report

# Whoever asks for one figure asks for the others too.
_SAME_S = 0.5
# What is a state and no quantity: one that is sick for any is sick.
_STATES = {Gauge.UPSTREAM_SICK, Gauge.UPSTREAM_LOOPED}


class CrewObserver:
    """Reads as :class:`~dnsproxy.edges.observer.Observer` does."""

    def __init__(self) -> None:
        self._reports: Callable[[], list[Report]] = list
        self._search: Callable[[Search], list[list[Exchange]]] = lambda search: []
        self._known: list[Report] = []
        self._until = 0.0
        # Of workers that are gone: a counter never goes back.
        self._gone = Tally()
        self._gone_lines = Lines()

    def follow(
        self,
        reports: Callable[[], list[Report]],
        search: Callable[[Search], list[list[Exchange]]],
    ) -> None:
        """Where the reports come from, and who looks for exchanges."""
        self._reports = reports
        self._search = search

    def ended(self, report: Report) -> None:
        """The last report of a worker that is gone."""
        # What is known of all still has it.
        self._until = 0.0
        self._gone.add(report.tally)
        if report.lines is not None:
            self._gone_lines = _sum(self._gone_lines, report.lines)

    def start(self) -> None:
        """The workers write themselves."""

    def stop(self) -> None:
        """The same."""

    def vitals(self) -> dict[str, bool]:
        """Theirs are told by who has started them."""
        return {}

    @property
    def tally(self) -> Tally:
        """Counts of all."""
        total = Tally()
        for tally in (self._gone, *(report.tally for report in self._now())):
            total.add(tally)
        return total

    @property
    def gauges(self) -> dict[Gauge, Reading]:
        """Sums, and states."""
        reports = self._now()
        kinds = {gauge: None for report in reports for gauge in report.gauges}
        found: dict[Gauge, Reading] = {}
        for gauge in kinds:
            values = _together([report.gauges.get(gauge, {}) for report in reports], gauge)
            found[gauge] = lambda values=values: values  # type: ignore[misc]
        return found

    @property
    def held(self) -> int:
        """How many exchanges can be shown."""
        return sum(report.held for report in self._now())

    @property
    def lines(self) -> Lines | None:
        """Of the query log; None if there is none."""
        total, any_lines = self._gone_lines, False
        for report in self._now():
            if report.lines is not None:
                total, any_lines = _sum(total, report.lines), True
        return total if any_lines else None

    def find(self, wanted: Wanted, limit: int) -> Iterator[Exchange]:
        """The newest that are wanted, of all of them."""
        found = heapq.merge(
            *self._search(Search(wanted, limit)), key=lambda exchange: exchange.at, reverse=True
        )
        return itertools.islice(found, limit)

    def _now(self) -> list[Report]:
        if monotonic() >= self._until:
            self._known = self._reports()
            self._until = monotonic() + _SAME_S
        return self._known


def _together(values: list[Mapping[str, float]], gauge: Gauge) -> dict[str, float]:
    total: dict[str, float] = {}
    for each in values:
        for kind, value in each.items():
            before = total.get(kind, 0.0)
            total[kind] = max(before, value) if gauge in _STATES else before + value
    return total


def _sum(one: Lines, other: Lines) -> Lines:
    return Lines(
        one.lines + other.lines,
        one.lost_waiting + other.lost_waiting,
        one.lost_writing + other.lost_writing,
    )
