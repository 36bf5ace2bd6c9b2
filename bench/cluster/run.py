"""Each fault of a cluster once, while a container on each host asks 200 questions a second."""

from collections.abc import Iterator, Sequence

from tests.cluster.cluster import cluster
from tests.cluster.faults import (
    SHORT,
    Extent,
    Seen,
    agent_killed,
    host_cut_off,
    leader_lost,
    play,
    server_killed,
)
from tests.cluster.verdict import Outcome, Tally
from tests.lab.consul import find_consul

QUICK = SHORT
_HEAD = (
    "fault",
    "asked on",
    "asked",
    "right",
    "of them marked",
    "stale",
    "denied",
    "failed",
    "slowest",
    "all right after",
)


def run(extent: Extent, which: str) -> Iterator[Seen]:
    """Three faults with one server, one with three. Raises LabError."""
    faults = {1: (host_cut_off, server_killed, agent_killed), 3: (leader_lost,)}
    for servers, kinds in faults.items():
        with cluster(find_consul(which), servers) as made:
            made.start_services()
            for kind in kinds:
                yield play(made, kind(made), extent)


def table(seen: Sequence[Seen]) -> str:
    """As Markdown, a line a fault and host; then how long each fault took."""
    rows = [_row(one, node) for one in seen for node in one.tallies]
    head = [f"| {' | '.join(_HEAD)} |", f"| --- | --- |{' ---: |' * (len(_HEAD) - 2)}"]
    times = [
        f"* {one.title}: noticed after {one.noticed_s:.1f} s, mended after {one.mended_s:.1f} s, "
        f"all members alive and all names right after {one.well_s:.1f} s."
        for one in seen
    ]
    return "\n".join([*head, *rows, "", *times])


def _row(seen: Seen, node: str) -> str:
    tally = seen.tallies[node]
    cells = [
        seen.title,
        node,
        str(tally.asked),
        str(tally.counts[Outcome.RIGHT]),
        str(tally.marked),
        _with_names(tally.counts[Outcome.STALE], tally.stale),
        _with_names(tally.counts[Outcome.DENIED], tally.denied),
        str(tally.counts[Outcome.FAILED] + tally.counts[Outcome.WRONG]),
        f"{tally.slowest_s * 1000:.0f} ms",
        f"{_last_not_right(tally):.1f} s",
    ]
    return f"| {' | '.join(cells)} |"


def _with_names(count: int, names: frozenset[str]) -> str:
    words = ", ".join(sorted(name.partition(".")[0] for name in names))
    return f"{count} ({words})" if names else str(count)


def _last_not_right(tally: Tally) -> float:
    wrong = [at for outcome, at in tally.last_s.items() if outcome is not Outcome.RIGHT]
    return max(wrong, default=0.0)
