"""One product, one workload, once."""

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from bench.measuring import say
from bench.speed.behind import Server, wait_for_answer
from bench.speed.loading import Counted, Load, Native, send, write_questions
from bench.speed.processes import Tree
from bench.speed.products import Product
from bench.speed.workloads import Extent, Workload

WINDOW = 64
# Of the names that are never asked twice, as many are kept for the latency.
_ONE_BY_ONE = 1_000
_ALONE_LIMIT_S = 30.0
_OFTEN = 3
_WARM_WINDOW = 16
_WARM_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement gave; ``sent``, ``lost`` and ``bad`` of both loads together.

    ``waited`` is the share of the latency's time in which it could have run and others did.
    """

    rate: float
    cpu_us: float
    p50_us: float
    p99_us: float
    sent: int
    lost: int
    bad: int
    last_bad_rcode: int
    stray: int
    closed: int
    resident_mib: float
    waited: float


@dataclass(frozen=True, slots=True)
class Files:
    """The questions of a workload: those of the load, and those asked one at a time."""

    many: Path
    one_by_one: Path


def write_files(workload: Workload, folder: Path) -> Files:
    """Names that were never asked are in one of the two files only."""
    names = workload.names()
    many = write_questions(folder / "many", names if workload.known else names[_ONE_BY_ONE:])
    few = names if workload.known else names[:_ONE_BY_ONE]
    return Files(many, write_questions(folder / "one-by-one", few))


def measure(
    native: Native, product: Product, workload: Workload, extent: Extent, behind: Server
) -> Figures:
    """Start a product, warm it up where its workload says so, measure, end it. Raises LabError."""
    with tempfile.TemporaryDirectory(prefix="seamark-bench-") as folder:
        files = write_files(workload, Path(folder))
        full = Load(
            files.many,
            extent.seconds,
            WINDOW,
            connections=workload.connections,
            answers=product.answers,
            once=not workload.known,
        )
        with product.start(behind) as server:
            wait_for_answer(server)
            turn = _Turn(native, server.port, Tree(server.pid))
            if workload.known:
                return turn.of_known(full, extent)
            return turn.of_new(full, files.one_by_one)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A product that runs."""

    native: Native
    port: int
    tree: Tree

    def of_known(self, full: Load, extent: Extent) -> Figures:
        """Of names that it was asked before: warmed up, at its full rate, at half of that."""
        self._warm(full, extent.warm_s)
        cpu_us, counted = self._full(full)
        half = replace(full, seconds=extent.latency_s, rate=max(counted.rate / 2, 1.0))
        waited, latency = self._latency(half)
        return self._figures(counted, latency, cpu_us, waited)

    def of_new(self, full: Load, one_by_one: Path) -> Figures:
        """Of names that it was never asked: some of them one at a time, then the others."""
        alone = replace(full, questions=one_by_one, seconds=_ALONE_LIMIT_S, window=1)
        waited, latency = self._latency(alone)
        cpu_us, counted = self._full(full)
        return self._figures(counted, latency, cpu_us, waited)

    def _warm(self, full: Load, seconds: float) -> None:
        """Until each name has had a good answer, often, and then for a while as measured.

        What is asked for all the time is what some begin to remember only then.
        """
        each = replace(full, seconds=_WARM_LIMIT_S, window=_WARM_WINDOW, once=True)
        counted = self._send(each)
        if counted.answered < counted.sent:
            say(f"  warming up: {counted.lost} lost and {counted.bad} bad of {counted.sent}")
            self._send(each)
        for _ in range(_OFTEN):
            self._send(each)
        self._send(replace(full, seconds=seconds))

    def _full(self, load: Load) -> tuple[float, Counted]:
        before = self.tree.cpu_s()
        counted = self._send(load)
        used_us = (self.tree.cpu_s() - before) * 1e6
        return used_us / counted.answered if counted.answered else math.nan, counted

    def _latency(self, load: Load) -> tuple[float, Counted]:
        before = self.tree.waited_s()
        counted = self._send(load)
        # A thread that has ended is in no later sum.
        return max(self.tree.waited_s() - before, 0.0) / counted.seconds, counted

    def _send(self, load: Load) -> Counted:
        return send(self.native, self.port, load)

    def _figures(self, full: Counted, latency: Counted, cpu_us: float, waited: float) -> Figures:
        return Figures(
            rate=full.rate,
            cpu_us=cpu_us,
            p50_us=latency.p50_us,
            p99_us=latency.p99_us,
            sent=full.sent + latency.sent,
            lost=full.lost + latency.lost,
            bad=full.bad + latency.bad,
            last_bad_rcode=full.last_bad_rcode or latency.last_bad_rcode,
            stray=full.stray + latency.stray,
            closed=full.closed + latency.closed,
            resident_mib=self.tree.resident_mib(),
            waited=waited,
        )
