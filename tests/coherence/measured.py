"""Random changes while somebody asks without pause, and for how long each was not seen."""

import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from bench.figures import quantile
from tests.coherence.telling import Telling
from tests.coherence.world import Change, Named, World
from tests.commands import ROOT, environment
from tests.waits import pause

# For so long after its change a name is left alone, to be watched; an answer that is stale after
# a second would be heard in that time.
REST_S = 1.6


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a change: seconds until the last stale answer, 0 if there was none.

    ``stale_s`` is until the last question that was answered so, ``heard_s`` until that was heard:
    what a busy host takes to answer is between them. ``current``: whether who asked last of all was
    told the truth. ``wrong`` is what was heard instead of it last. ``consul_s`` is as ``stale_s``,
    of Consul itself, asked at the same time: the API replies before the servers have agreed.
    ``told_s`` is until it told of the change to a watcher of the test's own.
    """

    change: Change
    stale_s: float
    heard_s: float
    current: bool
    wrong: str = ""
    consul_s: float = 0.0
    told_s: float = 0.0

    @property
    def late_s(self) -> float:
        """For how long it was told although Consul knew better."""
        return max(self.stale_s - self.consul_s, 0.0)

    @property
    def hosts_s(self) -> float:
        """For how long Consul knew and a watcher was not told: both wait for a core."""
        return max(self.told_s - self.consul_s, 0.0)


class Heard(NamedTuple):
    """An answer, when it was asked for last, and when heard."""

    rcode: int
    addresses: set[str]
    asked: float
    heard: float


class Listening:
    """An asker that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.sent = self.received = 0

    def take(self, number: int) -> list[Heard]:
        """See :meth:`tests.coherence.asker.Asker.take`."""
        told = self._said(f"{number}\n")
        return [Heard(rcode, set(addresses), *times) for rcode, addresses, *times in told]

    def end(self) -> None:
        """Ask no more; ``sent`` and ``received`` are known then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self.sent, self.received = json.loads(self._process.stdout.readline())
        self._process.wait(10)

    def _said(self, line: str) -> list[tuple[int, list[str], float, float]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
        told: list[tuple[int, list[str], float, float]] = json.loads(
            self._process.stdout.readline()
        )
        return told


@contextmanager
def asking(host: str, port: int, rate: float, names: Sequence[str]) -> Iterator[Listening]:
    """Somebody who asks a server for these names, so many times a second in all."""
    words = [sys.executable, "-m", "tests.coherence.asker", host, str(port), str(rate), *names]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Listening(process)
        finally:
            process.kill()


@dataclass(slots=True)
class Measurement:
    """Changes to a world while two are asked: ``proxy``, and ``consul`` for comparison.

    ``telling`` waits for them.
    """

    world: World
    proxy: Listening
    consul: Listening
    telling: Telling
    draw: random.Random

    def run(self, count: int, told: Callable[[int], object] = lambda done: None) -> list[Seen]:
        """Make so many changes, each to a name that had its rest, and see what is heard of them."""
        seen = []
        last: dict[int, Change] = {}
        for done in range(count):
            number = _rested(self.world, self.draw)
            if number in last:
                seen.append(self._judged(number, last[number]))
            self.forget(number)
            last[number] = self.world.change(self.world.names[number])
            told(done + 1)
            pause(self.draw.uniform(0, 0.06))
        pause(REST_S)
        return seen + [self._judged(number, change) for number, change in last.items()]

    def forget(self, number: int) -> None:
        """What was heard of a name so far is judged."""
        self.proxy.take(number)
        self.consul.take(number)

    def _judged(self, number: int, change: Change) -> Seen:
        now = time.time()
        seen = judged(change, self.proxy.take(number), now)
        return replace(
            seen,
            consul_s=judged(change, self.consul.take(number), now).stale_s,
            told_s=self.telling.told_s(change.named.service, change.replied),
        )


def judged(change: Change, answers: Sequence[Heard], now: float) -> Seen:
    """What was heard of a name since its change, by those too who have asked after ``now``."""
    expected = change.named.expected
    wrong = [each for each in answers if each.addresses != expected and each.heard > change.replied]
    newest = max(answers, key=lambda each: each.asked, default=None)
    current = newest is not None and newest.asked >= now and newest.addresses == expected
    if not wrong:
        return Seen(change, 0.0, 0.0, current)
    last = max(wrong, key=lambda each: each.asked)
    return Seen(
        change,
        max(last.asked - change.replied, 0.0),
        max(each.heard for each in wrong) - change.replied,
        current,
        f"{last.rcode} {sorted(last.addresses)}",
    )


def _rested(world: World, draw: random.Random) -> int:
    """A name that was left alone long enough; waits for one."""

    def is_rested(named: Named) -> bool:
        return time.time() - named.changed >= REST_S

    while True:
        ready = [number for number, named in enumerate(world.names) if is_rested(named)]
        if ready:
            return draw.choice(ready)
        pause(0.01)


def table(seen: Sequence[Seen]) -> str:
    """Milliseconds until the last stale answer by kind of change, here and of Consul itself."""
    kinds = defaultdict(list)
    for each in seen:
        kinds[str(each.change.kind)].append(each)
    head = "".join(f"{word:>8}" for word in ("p50", "p99", "max"))
    lines = [f"{'':<24}{'Seamark':>24}{'until heard':>24}{'Consul itself':>24}"]
    lines.append(f"{'change':<18}{'count':>6}{head * 3}")
    for kind, those in [*sorted(kinds.items()), ("all", list(seen))]:
        columns = (
            [each.stale_s for each in those],
            [each.heard_s for each in those],
            [each.consul_s for each in those],
        )
        figures = [1000 * quantile(each, share) for each in columns for share in (0.5, 0.99, 1)]
        lines.append(f"{kind:<18}{len(those):>6}" + "".join(f"{ms:>8.1f}" for ms in figures))
    return "\n".join(lines)
