"""All workloads, all products, in rounds: `make bench SUBJECT=speed`."""

import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Row, Section
from bench.measuring import say, step
from bench.speed import tally
from bench.speed.loading import Native
from bench.speed.measure import Figures, measure
from bench.speed.products import CONSUL, NAMES, SEAMARK, Product, find_products, seamark
from bench.speed.workloads import GROWTH, KEYS, Extent, Parts, Workload, growth, workloads
from tests.lab.consul import consul_version, find_consul
from tests.lab.shell import LabError

GROWTH_COLUMNS = ["q/s", "CPU us/query", "MiB"]
# For the largest number of names with room to spare; the default's 64 MiB hold fewer.
_GROWTH_MIB = 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """Which workloads and which products; all without a word."""

    only: tuple[str, ...] = KEYS
    products: tuple[str, ...] = NAMES

    def __post_init__(self) -> None:
        for given, known in ((self.only, KEYS), (self.products, NAMES)):
            for word in given:
                if word not in known:
                    raise LabError(f"{word}: unknown; use some of {','.join(known)}")

    @property
    def needs_consul(self) -> bool:
        """Whether there is anything to be asked of one."""
        of_consul = {one.key for one in workloads() if one.catalog is not None}
        return bool({*of_consul, GROWTH} & {*self.only})


@dataclass(slots=True)
class Report:
    """What was measured: sections of products, sections of ours alone, words about the run."""

    sections: list[Section]
    growth: list[Section]
    columns: list[str]
    about: dict[str, str]


def run(extent: Extent, which_consul: str, choice: Choice) -> Report:
    """Measure everything that is chosen. Raises LabError when there is nothing to measure with."""
    with tempfile.TemporaryDirectory(prefix="seamark-bench-") as folder:
        native = Native.compiled(Path(folder))
        products, missing = find_products(native, choice.products)
        parts = Parts(native, _consul(which_consul, missing) if choice.needs_consul else None)
        with native.others_elsewhere():
            sections = list(_workloads(parts, products, extent, choice))
            grown = list(_growth(parts, extent)) if GROWTH in choice.only else []
        columns = [product.name for product in products]
        return Report(sections, grown, columns, _about(parts, products, missing))


def _consul(which: str, missing: dict[str, str]) -> Path | None:
    """Where it is; what stands in front of it is not measured where there is none."""
    try:
        return find_consul(which)
    except LabError as error:
        missing[CONSUL] = str(error).splitlines()[0]
        return None


def _about(parts: Parts, products: Sequence[Product], missing: dict[str, str]) -> dict[str, str]:
    cores = len(os.sched_getaffinity(0))
    load = "the load generator among them" if parts.native.core is None else "one for the load"
    words = {product.name: product.version for product in products}
    if parts.consul is not None:
        words[CONSUL] = consul_version(parts.consul)
    return {
        **words,
        **{name: f"NOT TO BE HAD: {reason}" for name, reason in missing.items()},
        "machine": f"{platform.machine()}, {cores} cores, {load}",
    }


def _workloads(
    parts: Parts, products: Sequence[Product], extent: Extent, choice: Choice
) -> Iterator[Section]:
    for workload in workloads():
        if workload.key not in choice.only:
            continue
        if workload.catalog is not None and parts.consul is None:
            yield Section(workload.title, remarks=["not measured: no Consul"])
            continue
        with step(workload.title):
            yield _workload(parts, products, extent, workload)


def _workload(
    parts: Parts, products: Sequence[Product], extent: Extent, workload: Workload
) -> Section:
    """The products one after the other, and that again: what the machine does else meets all."""
    of_consul = workload.catalog is not None
    taking_part = [one for one in products if of_consul or one.name != CONSUL]
    rounds: dict[str, list[Figures]] = {product.name: [] for product in taking_part}
    remarks = []
    with workload.behind(parts) as behind:
        for number in range(extent.rounds):
            for product in taking_part:
                try:
                    figures = measure(parts.native, product, workload, extent, behind)
                except LabError as error:
                    remarks.append(f"{product.name}, round {number + 1}: {error}")
                    say(remarks[-1])
                else:
                    rounds[product.name].append(figures)
                    say(f"  {product.name}: {figures.rate:,.0f} q/s, {figures.cpu_us:.1f} us")
    if workload.remark and any(one.lost for many in rounds.values() for one in many):
        remarks.append(workload.remark)
    return tally.section(workload.title, rounds, one_by_one=not workload.known, remarks=remarks)


def _growth(parts: Parts, extent: Extent) -> Iterator[Section]:
    """Ours alone: what more names cost, and more instances a name."""
    titles = {
        "names": "names of the upstream, TTL 300 s, all asked before",
        "instances": "instances of each of 10 Consul services, TTL 0",
    }
    sections = {
        key: Section(f"({GROWTH}) {SEAMARK} alone: {title}") for key, title in titles.items()
    }
    for words, workload in growth(extent):
        if workload.catalog is not None and parts.consul is None:
            sections[workload.title].remarks = ["not measured: no Consul"]
            continue
        with step(f"{workload.title}: {words}"), workload.behind(parts) as behind:
            product = Product(SEAMARK, "", lambda server: seamark(server, _GROWTH_MIB))
            found = [
                measure(parts.native, product, workload, extent, behind)
                for _ in range(extent.rounds)
            ]
        sections[workload.title].rows.append(_turned(words, found))
    yield from sections.values()


def _turned(words: str, found: Sequence[Figures]) -> Row:
    """A measurement as a row of its own, its figures as columns."""
    rows = tally.section("", {SEAMARK: found}, one_by_one=False, remarks=[]).rows
    of = {row.figure: row for row in rows}
    return Row(
        words,
        {column: of[column].values[SEAMARK] for column in GROWTH_COLUMNS},
        {column: of[column].raw[SEAMARK] for column in GROWTH_COLUMNS},
    )
