"""What a soak saw, in a table for people, and whether it is good."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.soak.process import Figures, growth

# Python keeps what it has once asked for; a peak (forty containers to look at after a restart of
# everything) may fall into the last third alone. A leak of 2 KB a look would exceed this in 5 min.
RSS_BOUND_KIB = 4096
# Kept connections: up to ten to Consul, one a looker (four) to the engine, the event stream. How
# many of them are open depends on what the last fault closed; one leaked a fault would be dozens.
FILES_BOUND = 15


@dataclass(frozen=True, slots=True)
class Quiet:
    """One quiet point: how long the catalog took to be true, and what the process then held."""

    at_s: float
    healed_s: float
    life: int
    figures: Figures


@dataclass(slots=True)
class Report:
    """All of one soak."""

    seed: int
    seconds: float
    places: int
    operations: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    quiet: list[Quiet] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    # What happened before it went wrong, and what the registrar said.
    trace: list[str] = field(default_factory=list)

    @property
    def longest_life(self) -> list[Quiet]:
        """The quiet points of the registrar that lived longest."""
        lives = Counter(point.life for point in self.quiet)
        longest = lives.most_common(1)[0][0] if lives else 0
        return [point for point in self.quiet if point.life == longest]

    @property
    def faulty(self) -> list[str]:
        """What is not as it must be; empty for a good run."""
        found = [f"wrong: {line}" for line in self.wrong]
        found += [f"touched: {line}" for line in self.touched]
        found += [f"the registrar: {line}" for line in self.broken]
        held = [point.figures for point in self.longest_life]
        for what, values, bound in (
            ("memory (KiB)", [figures.rss_kib for figures in held], RSS_BOUND_KIB),
            ("open files", [figures.files for figures in held], FILES_BOUND),
            ("sockets", [figures.sockets for figures in held], FILES_BOUND),
            # One a loop, and one that is just being made or collected.
            ("greenlets", [figures.greenlets for figures in held], 1),
        ):
            if held and growth(values) > bound:
                found.append(f"{what} grew by {growth(values):.0f} (bound {bound}): {values}")
        return found

    def lines(self) -> list[str]:
        """The table."""
        healed = [point.healed_s for point in self.quiet]
        held = [point.figures for point in self.longest_life]
        return [
            f"soak: seed {self.seed}, {self.seconds:.0f} s, {self.places} containers",
            *_counted("operations", self.operations),
            *_counted("faults", self.faults),
            f"quiet points: {len(healed)}",
            f"  healed within: median {_of(statistics.median, healed)} s",
            f"                 longest {_of(max, healed)} s",
            f"  services wrong: {len(self.wrong)}, foreign services touched: {len(self.touched)}",
            f"longest life of a registrar: {len(held)} quiet points",
            f"  memory (KiB): {[figures.rss_kib for figures in held]}",
            f"  open files: {[figures.files for figures in held]}",
            f"  sockets: {[figures.sockets for figures in held]}",
            f"  greenlets: {[figures.greenlets for figures in held]}",
            *(self.trace if self.wrong else ()),
            *(self.faulty or ["good"]),
        ]


def _counted(title: str, counts: Counter[str]) -> list[str]:
    return [f"{title}: {counts.total()}", *(f"  {n:5} {what}" for what, n in counts.most_common())]


def _of(what: Callable[[Sequence[float]], float], values: Sequence[float]) -> str:
    return f"{what(values):.2f}" if values else "-"
