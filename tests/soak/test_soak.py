"""A minute of the soak; `make soak` runs the long one."""

import random
from pathlib import Path

import pytest

from tests.lab.engine import Engine
from tests.soak.process import growth
from tests.soak.report import Report
from tests.soak.soak import soak


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_a_minute_of_everything_at_random(
    engine: Engine, consul_binary: Path, base_image: str
) -> None:
    """With the seed that is printed, `python -m tests.soak --seed N` walks the same way."""
    report = Report(seed=random.SystemRandom().randrange(2**32), seconds=60, places=20)
    print(f"seed {report.seed}")
    soak(engine, consul_binary, base_image, report, quiet_every_s=8)
    print("\n".join(report.lines()))
    assert [] == report.faulty
    assert report.operations.total() > 60
    assert report.faults.total() > 10


def test_growth_is_what_the_last_third_has_more_than_the_first():
    """A single peak is no growth."""
    assert 0 == growth([10, 11, 12, 90, 12, 10, 11, 12, 10])
    assert 20 == growth([10, 11, 12, 20, 20, 20, 30, 31, 32])
    assert 5 == growth([10, 15])
