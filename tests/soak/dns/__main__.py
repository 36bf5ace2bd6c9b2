"""`python -m tests.soak.dns [--seconds 3600] [--seed N] [--picture FILE]`."""

import argparse
import os
import random
import sys
from pathlib import Path

from tests.lab.consul_binary import WHICH, find_consul
from tests.lab.shell import LabError, cache_dir
from tests.soak.dns.picture import picture
from tests.soak.dns.report import Report
from tests.soak.dns.soak import soak


def main() -> int:
    """Run, print the table, draw the picture; exit code 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.dns", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--picture", type=Path, default=cache_dir() / "soak-dns.svg")
    given = parser.parse_args()
    report = Report(given.seed, given.seconds)
    print(f"soak: seed {report.seed}", flush=True)
    try:
        consul = find_consul(os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0]))
        soak(consul, report)
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        return 1
    finally:
        given.picture.write_text(picture(report.points))
    print("\n".join(report.lines()))
    print(f"soak: picture in {given.picture}")
    return 1 if report.faulty else 0


if __name__ == "__main__":
    sys.exit(main())
