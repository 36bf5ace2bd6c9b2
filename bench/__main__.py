"""`python -m bench SUBJECT [--quick] [--json FILE]`: a table on stdout, progress on stderr."""

import argparse
import contextlib
import json
import os
import platform
import sys
import time
from dataclasses import replace
from pathlib import Path

from bench.catalog import run as catalog
from bench.cluster import run as cluster
from bench.coherence import run as coherence
from bench.figures import table, write_json
from bench.isolation import run as isolation
from bench.measuring import say, ticking
from bench.outages import picture, run as outages, scenarios, tally
from bench.page import run as page
from bench.registrar import run as registrar
from bench.speed import picture as speed_picture, run as speed, workloads as speed_workloads
from tests.cluster import faults as cluster_faults
from tests.coherence import measured
from tests.lab.consul import WHICH, consul_version, find_consul
from tests.lab.shell import LabError


def main() -> int:
    """Measure a subject; exit code 1 when a part is not to be had."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subject", choices=list(_SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what was measured, raw")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="outages, speed: as SVG")
    parser.add_argument("--rounds", type=int, metavar="N", help="speed: in place of three")
    parser.add_argument("--only", metavar="KEYS", help="speed: some of the workloads (a,c)")
    parser.add_argument("--products", metavar="NAMES", help="speed: some of them (seamark,floor)")
    arguments = parser.parse_args()
    begin = time.monotonic()
    which = os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0])
    say(arguments.subject)
    try:
        # The lab tells its progress on stdout, which is the table's here.
        with ticking(), contextlib.redirect_stdout(sys.stderr):
            words = _SUBJECTS[arguments.subject](arguments, which)
    except LabError as error:
        say(f"error: {error}")
        return 1
    print(words)
    say(f"{time.monotonic() - begin:.0f} s in all")
    return 0


def _registrar(arguments: argparse.Namespace, which: str) -> str:
    extent = registrar.QUICK if arguments.quick else registrar.Extent()
    sections, columns, about = registrar.run(extent, which)
    if arguments.json:
        write_json(arguments.json, sections, about)
    head = "; ".join(f"{key}: {words}" for key, words in about.items())
    return f"{head}\n\n{table(sections, columns)}"


def _outages(arguments: argparse.Namespace, which: str) -> str:
    extent = scenarios.QUICK if arguments.quick else scenarios.Extent()
    seen = outages.run(extent, which)
    version = consul_version(find_consul(which))
    if arguments.json:
        arguments.json.write_text(json.dumps(tally.raw(seen), indent=1) + "\n")
    if arguments.picture:
        arguments.picture.write_text(picture.picture(seen))
    return f"Consul: {version}; {_machine()}\n\n{tally.table(seen)}"


def _speed(arguments: argparse.Namespace, which: str) -> str:
    extent = speed_workloads.QUICK if arguments.quick else speed_workloads.Extent()
    if arguments.rounds:
        extent = replace(extent, rounds=arguments.rounds)
    given = {"only": arguments.only, "products": arguments.products}
    choice = {key: tuple(words.split(",")) for key, words in given.items() if words}
    report = speed.run(extent, which, speed.Choice(**choice))
    if arguments.json:
        write_json(arguments.json, [*report.sections, *report.growth], report.about)
    if arguments.picture:
        arguments.picture.write_text(speed_picture.picture(report.sections))
    lines = [f"{key}: {words}" for key, words in report.about.items()]
    if report.sections:
        lines += ["", table(report.sections, report.columns)]
    if report.growth:
        lines += ["", table(report.growth, speed.GROWTH_COLUMNS)]
    return "\n".join(lines)


def _coherence(arguments: argparse.Namespace, which: str) -> str:
    extent = coherence.QUICK if arguments.quick else coherence.Extent()
    scenes = list(coherence.run(extent, which))
    version = consul_version(find_consul(which))
    if arguments.json:
        arguments.json.write_text(json.dumps(coherence.raw(scenes), indent=1) + "\n")
    tables = [f"{scene.title}\n{measured.table(scene.seen)}" for scene in scenes]
    return "\n\n".join([f"Consul: {version}; {_machine()}", *tables])


def _cluster(arguments: argparse.Namespace, which: str) -> str:
    extent = cluster.QUICK if arguments.quick else cluster_faults.Extent()
    seen = list(cluster.run(extent, which))
    version = consul_version(find_consul(which))
    return f"Consul: {version}; {_machine()}\n\n{cluster.table(seen)}"


def _isolation(arguments: argparse.Namespace, which: str) -> str:
    extent = isolation.QUICK if arguments.quick else isolation.Extent()
    return isolation.table(isolation.run(extent, which))


def _catalog(arguments: argparse.Namespace, which: str) -> str:
    extent = catalog.QUICK if arguments.quick else catalog.Extent()
    sizes = catalog.run(extent)
    if arguments.json:
        arguments.json.write_text(json.dumps(catalog.raw(sizes), indent=1) + "\n")
    return f"{_machine()}\n\n{catalog.table(sizes)}"


def _page(arguments: argparse.Namespace, which: str) -> str:
    extent = page.QUICK if arguments.quick else page.Extent()
    states = page.run(extent)
    if arguments.json:
        arguments.json.write_text(json.dumps(page.raw(states), indent=1) + "\n")
    return f"{_machine()}\n\n{page.table(states)}"


def _machine() -> str:
    return f"machine: {platform.machine()}, {os.cpu_count()} cores"


_SUBJECTS = {
    "catalog": _catalog,
    "cluster": _cluster,
    "registrar": _registrar,
    "outages": _outages,
    "speed": _speed,
    "coherence": _coherence,
    "isolation": _isolation,
    "page": _page,
}

if __name__ == "__main__":
    sys.exit(main())
