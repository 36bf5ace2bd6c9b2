"""The last hour in steps: what was counted in each. Pure; times are seconds since the epoch."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dnsproxy.core.tally import BOUNDS, Histogram, Tally

STEP_S = 10.0
STEPS = 360
# How often is counted: numbers on a page that stand still look like a page that does.
SAMPLE_S = 2.0
# For the numbers of the moment.
_RECENT = 6

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Times:
    """How many took how long; ``counts`` as in :class:`~dnsproxy.core.tally.Histogram`."""

    counts: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """The seconds that this share of them took at most; None if there were none.

        Taken to lie evenly in its bucket, as Prometheus' histogram_quantile does; what is beyond
        the last bound is told as that bound.
        """
        rank = share * self.total
        below, lower = 0, 0.0
        for bound, count in zip(BOUNDS, self.counts, strict=False):
            if count and below + count >= rank:
                return lower + (bound - lower) * max(rank - below, 0.0) / count
            below, lower = below + count, bound
        return BOUNDS[-1] if self.total else None


@dataclass(frozen=True, slots=True)
class Sample:
    """All that was counted until a moment: only ever grows, or begins anew.

    ``classes`` and ``sources`` count queries, ``times`` is of them all, ``upstreams`` is of
    questions to each, ``answered`` is how long those took that were answered. ``changes`` are those
    of the catalog, by kind.
    """

    at: float
    classes: Counts = field(default_factory=dict)
    sources: Counts = field(default_factory=dict)
    times: Times = Times()
    upstreams: Counts = field(default_factory=dict)
    answered: Mapping[str, Times] = field(default_factory=dict)
    changes: Counts = field(default_factory=dict)

    def since(self, before: "Sample") -> "Sample":
        """What was counted after ``before``."""
        return Sample(
            self.at,
            _grown(before.classes, self.classes),
            _grown(before.sources, self.sources),
            _longer(before.times, self.times),
            _grown(before.upstreams, self.upstreams),
            {
                server: _longer(before.answered.get(server, Times()), times)
                for server, times in self.answered.items()
            },
            _grown(before.changes, self.changes),
        )


def sample(at: float, tally: Tally | None, changes: Counts) -> Sample:
    """What has been counted so far; without a tally, the changes alone."""
    if tally is None:
        return Sample(at, changes=dict(changes))
    classes: dict[str, int] = {}
    sources: dict[str, int] = {}
    for (_, source, reply_class), count in tally.queries().items():
        classes[reply_class] = classes.get(reply_class, 0) + count
        sources[source] = sources.get(source, 0) + count
    whole = Histogram()
    for times in tally.answer_times.values():
        whole.merge(times)
    upstreams: dict[str, int] = {}
    for (server, _), count in tally.outcomes.items():
        upstreams[server] = upstreams.get(server, 0) + count
    answered = {
        server: Times(tuple(times.counts)) for server, times in tally.upstream_times.items()
    }
    return Sample(
        at, classes, sources, Times(tuple(whole.counts)), upstreams, answered, dict(changes)
    )


class Steps:
    """Samples as they come, and what they make: steps of an hour, and the last ten seconds."""

    def __init__(self, first: Sample) -> None:
        self._begin = first
        self._recent: deque[Sample] = deque([first], maxlen=_RECENT)
        self._steps: deque[Sample] = deque(maxlen=STEPS)

    def add(self, one: Sample) -> None:
        """Take in the newest."""
        self._recent.append(one)
        if one.at - self._begin.at >= STEP_S:
            self._steps.append(one.since(self._begin))
            self._begin = one

    @property
    def newest(self) -> Sample:
        """All that was counted so far."""
        return self._recent[-1]

    @property
    def recent(self) -> tuple[Sample, float]:
        """What was counted of late, and in how many seconds (0 at first)."""
        first, last = self._recent[0], self._recent[-1]
        return last.since(first), last.at - first.at

    @property
    def open(self) -> Sample:
        """What was counted since the last whole step."""
        return self.newest.since(self._begin)

    @property
    def whole(self) -> Sequence[Sample]:
        """The steps, the oldest first; ``at`` is the end of each."""
        return list(self._steps)


def _grown(before: Counts, after: Counts) -> dict[str, int]:
    return {key: max(count - before.get(key, 0), 0) for key, count in after.items()}


def _longer(before: Times, after: Times) -> Times:
    earlier = before.counts or (0,) * len(after.counts)
    return Times(tuple(max(now - then, 0) for then, now in zip(earlier, after.counts, strict=True)))
