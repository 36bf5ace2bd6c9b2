"""Outcomes of a scenario -> its rows, and the table as it stands in docs/explanation/outages.md."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.figures import quantile
from tests.load.stream import Came, Outcome, Sending

COLUMNS = (
    "scenario",
    "asked",
    "right",
    "stale",
    "servfail",
    "wrong",
    "lost",
    "slowest",
    "slow",
    "recovered after",
)
# Between them, where both upstreams are away, those who asked in the outage have their time to be
# answered before it ends; who asks meanwhile may be answered either way, and is not counted.
COUNTED = ("during", "after")
# The questions of the first second find out; those after it must not pay for it again.
_FINDING_OUT_S = 1.0
_SLOW_TIMES = 3
# Below it, a slow answer is another user of the machine.
_SLOW_AT_LEAST_S = 0.05


@dataclass(frozen=True, slots=True)
class Scenario:
    """``title`` is the first column's. ``kinds``: the questions' kinds, a row each, in words."""

    title: str
    kinds: tuple[tuple[str, str], ...]

    @property
    def rows(self) -> list[str]:
        """The first column."""
        return [f"{self.title}: {words}" for _, words in self.kinds]


@dataclass(slots=True)
class Seen:
    """A scenario that was run; moments are monotonic. ``back_s``: who was away, by itself."""

    scenario: Scenario
    begun: float = 0.0
    broken: float = 0.0
    mended: float = 0.0
    back_s: float | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    sending: Sending = field(default_factory=Sending)

    def of(self, kind: str, *phases: str) -> list[Outcome]:
        """What became of one kind of question, from the break on or in these phases."""
        wanted = phases or COUNTED
        return [one for one in self.outcomes if one.kind == kind and one.phase in wanted]

    def counts(self, kind: str, *phases: str) -> Counter[Came]:
        """How often each came."""
        return Counter(one.came for one in self.of(kind, *phases))

    def slow_share(self, kind: str) -> float:
        """The share of the answers, from 1 s after the break, that took far longer than before."""
        before = [one.took for one in self.outcomes if one.phase == "before"]
        limit = max(_SLOW_TIMES * quantile(before, 0.99), _SLOW_AT_LEAST_S)
        later = [one for one in self.of(kind) if one.at > self.broken + _FINDING_OUT_S]
        return sum(one.took > limit for one in later) / len(later) if later else 0.0

    def recovered_s(self, kind: str) -> float:
        """From the mending on, until the last question that was not answered right."""
        late = [one.at for one in self.of(kind) if one.came is not Came.RIGHT]
        return max([0.0, *(at - self.mended for at in late)])


def cells(seen: Seen, kind: str) -> list[str]:
    """One row without its first column."""
    outcomes, counts = seen.of(kind), seen.counts(kind)
    recovered = f"{seen.recovered_s(kind):.1f} s"
    if seen.back_s is not None:
        recovered += f" (Consul: {seen.back_s:.1f} s)"
    return [
        str(len(outcomes)),
        *(str(counts[came]) for came in Came),
        f"{max((one.took for one in outcomes), default=0) * 1000:.0f} ms",
        f"{seen.slow_share(kind) * 1000:.1f} ‰",
        recovered,
    ]


def table(all_seen: Sequence[Seen]) -> str:
    """As markdown."""
    lines = [_line(COLUMNS), _line(["---"] + ["---:"] * (len(COLUMNS) - 1))]
    for seen in all_seen:
        for (kind, _), title in zip(seen.scenario.kinds, seen.scenario.rows, strict=True):
            lines.append(_line([title, *cells(seen, kind)]))
    return "\n".join(lines)


def raw(all_seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """For other programs. A question: sent (s after the break), phase, kind, what came, seconds."""
    return [
        {
            "scenario": seen.scenario.title,
            "mended": seen.mended - seen.broken,
            "sending": asdict(seen.sending),
            "outcomes": [
                [round(one.at - seen.broken, 4), one.phase, one.kind, one.came, round(one.took, 5)]
                for one in seen.outcomes
            ],
        }
        for seen in all_seen
    ]


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"
