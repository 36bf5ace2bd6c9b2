"""The registrar's bench as a whole: `make bench`."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Section
from bench.measuring import say
from bench.registrar import standing, starts, sync
from bench.registrar.products import SEAMARK, Product, products
from tests.lab.consul import WHICH, consul_version, find_consul
from tests.lab.registrator_build import VERSION, find_registrator
from tests.lab.shell import LabError
from tests.scale.engine import FakeEngine
from tests.scale.recorded import made_of


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    starts: int = 40
    containers: int = 1000
    rounds: int = 6
    comparisons: int = 10
    idle_s: int = 20
    drifts: int = 10
    many: int = 10_000


QUICK = Extent(starts=8, rounds=1, comparisons=4, idle_s=10, drifts=1, many=2000)


def run(extent: Extent, which_consul: str) -> tuple[list[Section], list[str], dict[str, str]]:
    """Sections, the columns of their table, and words about the run.

    Raises LabError when a part is not to be had or a product does not do its work.
    """
    if which_consul not in WHICH:
        raise LabError(f"SEAMARK_LAB_CONSUL={which_consul}: use one of {', '.join(WHICH)}")
    consul = find_consul(which_consul)
    registrator, words = _registrator()
    both = products(registrator)
    sections = list(_measure(both, consul, extent))
    about = {
        "Consul": consul_version(consul),
        "registrator": words,
        "Python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }
    return sections, [product.name for product in both], about


def _measure(both: list[Product], consul: Path, extent: Extent) -> Sequence[Section]:
    sections = [starts.measure(both, consul, extent.starts)]
    with FakeEngine() as engine:
        engine.start(made_of(extent.containers), quiet=True)
        sections.append(sync.measure_rate(both, engine, consul, extent.rounds))
        sections.append(sync.measure_comparison(both, engine, consul, extent.comparisons))
        sections += standing.measure(both, engine, consul, extent.idle_s, extent.drifts)
    sections.append(standing.measure_memory(both, extent.many))
    return sections


def _registrator() -> tuple[Path | None, str]:
    """Where it is, and which one it is; None and the reason where there is none."""
    try:
        found = find_registrator()
    except LabError as error:
        say(f"registrator cannot be built: {error}")
        return None, "not to be had"
    if found is None:
        say(f"no Go here to build registrator with; {SEAMARK} runs alone")
        return None, "none: no Go"
    kept = VERSION in found.parts
    return found, f"gliderlabs/registrator {VERSION}" if kept else str(found)
