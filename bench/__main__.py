"""`python -m bench SUBJECT [--quick] [--json FILE]`: a table on stdout, progress on stderr."""

import argparse
import contextlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from bench.figures import table, write_json
from bench.measuring import say
from bench.outages import picture, run as outages, scenarios, tally
from bench.registrar import run as registrar
from tests.lab.consul import WHICH, consul_version, find_consul
from tests.lab.shell import LabError


def main() -> int:
    """Measure a subject; exit code 1 when a part is not to be had."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subject", choices=["registrar", "outages"])
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what was measured, raw")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="outages over time, as SVG")
    arguments = parser.parse_args()
    begin = time.monotonic()
    which = os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0])
    try:
        words = {"registrar": _registrar, "outages": _outages}[arguments.subject](arguments, which)
    except LabError as error:
        say(f"error: {error}")
        return 1
    print(words)
    say(f"{time.monotonic() - begin:.0f} s in all")
    return 0


def _registrar(arguments: argparse.Namespace, which: str) -> str:
    extent = registrar.QUICK if arguments.quick else registrar.Extent()
    # The lab tells its progress on stdout, which is the table's here.
    with contextlib.redirect_stdout(sys.stderr):
        sections, columns, about = registrar.run(extent, which)
    if arguments.json:
        write_json(arguments.json, sections, about)
    head = "; ".join(f"{key}: {words}" for key, words in about.items())
    return f"{head}\n\n{table(sections, columns)}"


def _outages(arguments: argparse.Namespace, which: str) -> str:
    extent = scenarios.QUICK if arguments.quick else scenarios.Extent()
    with contextlib.redirect_stdout(sys.stderr):
        seen = outages.run(extent, which)
        version = consul_version(find_consul(which))
    if arguments.json:
        arguments.json.write_text(json.dumps(tally.raw(seen), indent=1) + "\n")
    if arguments.picture:
        arguments.picture.write_text(picture.picture(seen))
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    return f"Consul: {version}; machine: {machine}\n\n{tally.table(seen)}"


if __name__ == "__main__":
    sys.exit(main())
