"""From what was measured to rows: medians of the rounds, ratios within each round."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from bench.figures import Row, Section
from bench.speed.measure import Figures
from bench.speed.products import CONSUL, FLOOR, OTHERS, SEAMARK

# Product -> its rounds; one that failed in a round has fewer.
Rounds = Mapping[str, Sequence[Figures]]
NOTHING = "-"


def section(title: str, rounds: Rounds, *, one_by_one: bool, remarks: Sequence[str]) -> Section:
    """A workload's rows, its ratios under them."""
    when = "one at a time" if one_by_one else "at half of that"
    rows = [
        _row("q/s", rounds, lambda one: one.rate, "{:,.0f}"),
        _row("CPU us/query", rounds, lambda one: one.cpu_us, "{:.1f}"),
        _row(f"p50 us, {when}", rounds, lambda one: one.p50_us, "{:,.0f}"),
        _row(f"p99 us, {when}", rounds, lambda one: one.p99_us, "{:,.0f}"),
        _row("waits for a core meanwhile", rounds, lambda one: one.waited, "{:.0%}"),
        _counts("lost", rounds, lambda one: one.lost),
        _row("MiB", rounds, lambda one: one.resident_mib, "{:.0f}"),
    ]
    # Rows that matter only when something is wrong.
    if any(one.bad for many in rounds.values() for one in many):
        rows.append(_counts("bad replies", rounds, lambda one: one.bad))
    if any(one.stray for many in rounds.values() for one in many):
        rows.append(_counts("stray replies", rounds, lambda one: one.stray))
    if any(one.closed for many in rounds.values() for one in many):
        rows.append(_closed(rounds))
    return Section(title, rows, [*ratios(rounds), *_rcodes(rounds), *remarks])


def ratios(rounds: Rounds) -> list[str]:
    """Ours beside the best of the others, Consul and the floor, in words; none without ours."""
    if not rounds.get(SEAMARK):
        return []
    rivals = [name for name in OTHERS if rounds.get(name)]
    best = max(rivals, key=lambda name: _median(rounds[name], lambda one: one.rate), default=None)
    words = []
    for name, what in ((best, "q/s of the best other, "), (CONSUL, "q/s of ")):
        if name is not None and rounds.get(name):
            words.append(f"{_ratio(rounds, name, lambda one: one.rate)} x the {what}{name}")
    if rounds.get(FLOOR):
        words.append(f"{_ratio(rounds, FLOOR, lambda one: one.cpu_us)} x the CPU of the {FLOOR}")
    return [f"{SEAMARK}: {'; '.join(words)}"] if words else []


def _ratio(rounds: Rounds, other: str, value: Callable[[Figures], float]) -> str:
    """The median of the rounds' own ratios: what the machine does else is in both halves."""
    pairs = zip(rounds[SEAMARK], rounds[other], strict=False)
    found = [value(ours) / value(theirs) for ours, theirs in pairs if value(theirs) > 0]
    return f"{median(found):.2f}" if found else NOTHING


def _median(figures: Sequence[Figures], value: Callable[[Figures], float]) -> float:
    found = [value(one) for one in figures if not math.isnan(value(one))]
    return median(found) if found else math.nan


def _row(figure: str, rounds: Rounds, value: Callable[[Figures], float], form: str) -> Row:
    words = {}
    for name, figures in rounds.items():
        middle = _median(figures, value)
        words[name] = NOTHING if math.isnan(middle) else form.format(middle)
    raw = {name: [value(one) for one in figures] for name, figures in rounds.items()}
    return Row(figure, words, raw)


def _counts(figure: str, rounds: Rounds, value: Callable[[Figures], int]) -> Row:
    """How many of all, over all rounds."""
    words, raw = {}, {}
    for name, figures in rounds.items():
        count, of = sum(map(value, figures)), sum(one.sent for one in figures)
        words[name] = f"{count:,} of {short(of)}" if figures else NOTHING
        raw[name] = [float(value(one)) for one in figures]
    return Row(figure, words, raw)


def _closed(rounds: Rounds) -> Row:
    """After how many questions a server closes a connection of its own accord."""
    words, raw = {}, {}
    for name, figures in rounds.items():
        closed, sent = sum(one.closed for one in figures), sum(one.sent for one in figures)
        words[name] = f"after {sent / closed:,.0f}" if closed else "never"
        raw[name] = [float(one.closed) for one in figures]
    return Row("closes a connection", words, raw)


def _rcodes(rounds: Rounds) -> list[str]:
    return [
        f"{name}: the last bad reply had rcode {bad[-1].last_bad_rcode}"
        for name, figures in rounds.items()
        if (bad := [one for one in figures if one.bad])
    ]


def short(count: int) -> str:
    """A count in about four signs."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if count >= 10 * size or (count >= size and sign == "M"):
            return f"{count / size:.1f} {sign}"
    return f"{count:,}"
