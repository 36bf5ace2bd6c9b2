"""`python -m tests.soak [--seconds 300] [--containers 40] [--seed N]`: the long soak."""

import argparse
import os
import random
import sys

from tests.lab.consul_binary import WHICH, find_consul
from tests.lab.engine import open_engine
from tests.lab.images import base_image
from tests.lab.shell import LabError
from tests.soak.report import Report
from tests.soak.soak import soak


def main() -> int:
    """Run, print the table; exit code 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--containers", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    report = Report(given.seed, given.seconds, given.containers)
    print(f"soak: seed {report.seed}", flush=True)
    try:
        consul = find_consul(os.environ.get("SEAMARK_LAB_CONSUL", WHICH[0]))
        with open_engine() as engine:
            soak(engine, consul, base_image(engine), report)
    except LabError as error:
        print(f"lab: error: {error}", file=sys.stderr)
        return 1
    print("\n".join(report.lines()))
    return 1 if report.faulty else 0


if __name__ == "__main__":
    sys.exit(main())
