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
_WARM_WINDOW = 16
_WARM_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement gave; ``sent``, ``lost`` and ``bad`` of both loads together."""

    rate: float
    cpu_us: float
    p50_us: float
    p99_us: float
    sent: int
    lost: int
    bad: int
    last_bad_rcode: int
    closed: int
    resident_mib: float


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
        with product.start(behind) as server:
            wait_for_answer(server)
            return _measure(native, product, workload, extent, (server, files))


def _measure(
    native: Native,
    product: Product,
    workload: Workload,
    extent: Extent,
    running: tuple[Server, Files],
) -> Figures:
    server, files = running
    tree = Tree(server.pid)
    full = Load(files.many, extent.seconds, WINDOW, connections=workload.connections)
    full = replace(full, answers=product.answers, once=not workload.known)
    if workload.known:
        _warm(native, server.port, full, extent.warm_s)
        counted, cpu_s = _with_cpu(native, server.port, full, tree)
        half = replace(full, seconds=extent.latency_s, rate=max(counted.rate / 2, 1.0))
        latency = send(native, server.port, half)
    else:
        alone = replace(full, questions=files.one_by_one, seconds=_ALONE_LIMIT_S, window=1)
        latency = send(native, server.port, alone)
        counted, cpu_s = _with_cpu(native, server.port, full, tree)
    return _figures(counted, latency, cpu_s, tree)


def _with_cpu(native: Native, port: int, load: Load, tree: Tree) -> tuple[Counted, float]:
    before = tree.cpu_s()
    counted = send(native, port, load)
    return counted, tree.cpu_s() - before


def _warm(native: Native, port: int, load: Load, seconds: float) -> None:
    """Until each name has had a good answer, and then for a while as in the measurement.

    What is asked for all the time is what some begin to remember only then.
    """
    each = replace(load, seconds=_WARM_LIMIT_S, window=_WARM_WINDOW, once=True)
    counted = send(native, port, each)
    if counted.answered < counted.sent:
        say(f"  warming up: {counted.lost} lost and {counted.bad} bad of {counted.sent}")
        send(native, port, each)
    send(native, port, replace(load, seconds=seconds))


def _figures(full: Counted, latency: Counted, cpu_s: float, tree: Tree) -> Figures:
    return Figures(
        rate=full.rate,
        cpu_us=cpu_s * 1e6 / full.answered if full.answered else math.nan,
        p50_us=latency.p50_us,
        p99_us=latency.p99_us,
        sent=full.sent + latency.sent,
        lost=full.lost + latency.lost,
        bad=full.bad + latency.bad,
        last_bad_rcode=full.last_bad_rcode or latency.last_bad_rcode,
        closed=full.closed + latency.closed,
        resident_mib=tree.resident_mib(),
    )
