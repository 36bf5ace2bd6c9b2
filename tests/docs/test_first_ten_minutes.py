"""The tutorial, played line by line on a laptop with an engine; what it prints is on the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.docs.laptop import Laptop, laptop
from tests.lab.fixtures import or_fail
from tests.pages import lines, transcript
from tests.waits import LIMIT_S, PATIENCE_S, Waits

# An engine that has no image yet starts with it.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
PAGE = (ROOT / "docs/tutorial/first-ten-minutes.md").read_text()
SETUP, BUILD, CLEAN_UP = lines(PAGE, "sh")
(_, UP, UP_SAYS), *STEPS = transcript(PAGE, "$ ")


@pytest.fixture
def host() -> Iterator[Laptop]:
    """With an engine, and nothing of ours."""
    with or_fail(), laptop() as made:
        yield made


def said(log: Path) -> list[str]:
    """Its lines without the time in front."""
    return [line.partition(" ")[2] for line in log.read_text().splitlines()]


def test_the_first_ten_minutes(host: Laptop, tmp_path: Path, waits: Waits) -> None:
    """From a clone to names that come and go, and to nothing that is left."""
    for line in (SETUP, BUILD):
        done = host.shell(line)
        assert 0 == done.returncode, done.stderr
    log = tmp_path / "log"
    with host.running(UP, log):
        waits.until(UP, lambda: said(log)[: len(UP_SAYS)] == UP_SAYS, PATIENCE_S)
        for _, command, expected in STEPS:
            play(host, command, expected, waits)
        cleaned = host.shell(CLEAN_UP)
        assert CLEAN_UP.split()[3:] == cleaned.stdout.split()
        assert "" == host.shell("docker ps -aq").stdout


def play(host: Laptop, command: str, expected: list[str], waits: Waits) -> None:
    """A line that changes something is run once, one that asks until it has its answer."""
    if command.startswith(("docker run -d", "docker run -td", "docker kill")):
        done = host.shell(command)
        assert 0 == done.returncode, done.stderr
        assert not expected or done.stdout.splitlines() == expected
        return
    # A container that runs need not serve yet: its interpreter takes a moment to start.
    limit_s = LIMIT_S if command.startswith("dig ") else PATIENCE_S

    def same() -> bool:
        done = host.shell(command)
        printed = [*done.stdout.splitlines(), *done.stderr.splitlines()]
        print(printed)
        return sorted(printed) == sorted(expected)

    waits.until(command, same, limit_s)
