"""The kept corpus as ordinary tests, and a minute of new inputs."""

import pytest

from tests.fuzz.__main__ import fuzz, report
from tests.fuzz.seeds import CORPUS, seeds
from tests.fuzz.targets import TARGETS

SECONDS = 60


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_once_found_stays_found(target):
    """Every kept input, and every packet that the seeds are made of."""
    kept = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    assert kept
    for data in (*kept, *seeds(target)):
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_every_kept_input_is_small(target):
    """They are read by people when they fail, and they are in every clone."""
    sizes = [path.stat().st_size for path in (CORPUS / target).iterdir()]
    assert max(sizes) <= 4096
    assert len(sizes) <= 200


@pytest.mark.timeout(180)
@pytest.mark.parametrize("target", TARGETS)
def test_new_inputs_show_nothing_wrong(target):
    """A minute for all targets; `make fuzz` has ten."""
    outcome = fuzz(target, SECONDS // len(TARGETS))
    print(report(outcome))
    assert outcome.ok, report(outcome)
