"""`python -m bench SUBJECT [--quick] [--json FILE]`: a table on stdout, progress on stderr."""

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

from bench.figures import table, write_json
from bench.measuring import say
from bench.registrar import run as registrar
from tests.lab.consul import WHICH
from tests.lab.shell import LabError


def main() -> int:
    """Measure a subject; exit code 1 when a part is not to be had."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subject", choices=["registrar"])
    parser.add_argument("--quick", action="store_true", help="less of everything, in 3 minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what was measured, raw")
    arguments = parser.parse_args()
    extent = registrar.QUICK if arguments.quick else registrar.Extent()
    begin = time.monotonic()
    try:
        # The lab tells its progress on stdout, which is the table's here.
        with contextlib.redirect_stdout(sys.stderr):
            sections, columns, about = registrar.run(
                extent, os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0])
            )
    except LabError as error:
        say(f"error: {error}")
        return 1
    print("; ".join(f"{key}: {words}" for key, words in about.items()))
    print()
    print(table(sections, columns))
    if arguments.json:
        write_json(arguments.json, sections, about)
    say(f"{time.monotonic() - begin:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
