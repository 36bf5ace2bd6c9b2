"""What a DNS soak saw, in a table for people, and whether it is good."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.load.stream import Came, Outcome, Sending
from tests.soak.dns.questions import DOUBTFUL
from tests.soak.dns.watch import Point

_MORE = 0.05
# What the last quarter may have besides: Python keeps what a peak has needed; a handful of
# questions is in flight at any moment.
_BESIDES = {"rss_kib": 4096, "files": 15, "greenlets": 15}
_SHOWN = 20


@dataclass(slots=True)
class Report:
    """All of one soak. ``broken`` has what the process said or did and must not."""

    seed: int
    seconds: float
    # Whether so short a run says anything of leaks.
    judges_growth: bool = True
    counts: Counter[tuple[str, Came]] = field(default_factory=Counter)
    calm: Counter[Came] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    points: list[Point] = field(default_factory=list)
    bad: list[Outcome] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    sending: Sending = field(default_factory=Sending)
    # Of one core: the harness's, the process's.
    cpu: tuple[float, float] = (0.0, 0.0)

    def keep(self, outcome: Outcome) -> None:
        """One more answer, or none. Called from several threads; each step is one operation."""
        self.counts[outcome.kind, outcome.came] += 1
        if outcome.phase == "calm":
            self.calm[outcome.came] += 1
        if self._is_bad(outcome):
            self.bad.append(outcome)

    @staticmethod
    def _is_bad(outcome: Outcome) -> bool:
        if outcome.came is Came.WRONG:
            # A Consul that is just starting denies what nobody knows yet to be there.
            return not (outcome.kind in DOUBTFUL and "consul" in outcome.phase)
        return outcome.came is Came.LOST

    @property
    def faulty(self) -> list[str]:
        """What is not as it must be; empty for a good run."""
        found = [
            f"{one.came}: {one.kind} at {one.at:.2f}, {one.phase}: {one.words}"
            for one in self.bad[:_SHOWN]
        ]
        if len(self.bad) > _SHOWN:
            found.append(f"and {len(self.bad) - _SHOWN} more")
        found += [f"the process: {line}" for line in self.broken]
        if self.judges_growth:
            found += [
                f"not flat: {what}" for what in _BESIDES if not flat(self._values(what), what)
            ]
        return found

    def lines(self) -> list[str]:
        """The tables and the verdict."""
        kinds = sorted({kind for kind, _ in self.counts})
        sending = self.sending
        return [
            f"soak: seed {self.seed}, {self.seconds:.0f} s, {self.counts.total()} questions",
            f"  sent late by more than 10 ms: {sending.late}, not sent: {sending.unsent}",
            f"  processor: harness {self.cpu[0]:.2f}, process {self.cpu[1]:.2f} of a core",
            f"  {'kind':14}" + "".join(f"{came:>10}" for came in Came),
            *(self._row(kind, [self.counts[kind, came] for came in Came]) for kind in kinds),
            self._row("while calm", [self.calm[came] for came in Came]),
            f"faults: {self.faults.total()}",
            *(f"  {count:5} {what}" for what, count in self.faults.most_common()),
            f"  {'holds':14}{'first':>10}{'2nd quarter':>14}{'last quarter':>14}{'largest':>10}",
            *(self._held(what) for what in (*_BESIDES, "objects")),
            f"  sockets at the end: {self.points[-1].sockets if self.points else {}}",
            *(self.faulty or ["good"]),
        ]

    @staticmethod
    def _row(title: str, numbers: Sequence[int]) -> str:
        return f"  {title:14}" + "".join(f"{number:>10}" for number in numbers)

    def _held(self, what: str) -> str:
        values = self._values(what)
        if not values:
            return f"  {what:14}         -"
        second, last = quarters(values)
        return f"  {what:14}{values[0]:>10}{second:>14.0f}{last:>14.0f}{max(values):>10}"

    def _values(self, what: str) -> list[int]:
        return [getattr(point, what) for point in self.points]


def quarters(values: Sequence[int]) -> tuple[float, float]:
    """The medians of the second and of the last quarter."""
    quarter = max(len(values) // 4, 1)
    return (
        statistics.median(values[quarter : 2 * quarter] or values),
        statistics.median(values[-quarter:]),
    )


def flat(values: Sequence[int], what: str) -> bool:
    """Whether the last quarter has no more than the second one, give or take."""
    if not values:
        return True
    second, last = quarters(values)
    return last <= second * (1 + _MORE) + _BESIDES[what]
