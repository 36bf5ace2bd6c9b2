"""Each of the ways to get it wrong ends in a message that names the fix."""

import re
from pathlib import Path

import pytest

from tests.seamark.mistakes.mistake import Mistake
from tests.seamark.mistakes.table import MISTAKES


def names(mistakes: list[Mistake]) -> list[str]:
    """For the output."""
    return [mistake.name for mistake in mistakes]


def test_there_are_twenty_and_more():
    """None of them twice."""
    assert 20 <= len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=names(MISTAKES))
def test_the_message_names_the_fix(mistake: Mistake, tmp_path: Path):
    """On the real command."""
    mistake.judge(mistake.make(tmp_path), tmp_path)


CHECKED = [mistake for mistake in MISTAKES if mistake.checked]


@pytest.mark.parametrize("mistake", CHECKED, ids=names(CHECKED))
def test_a_check_without_a_network_says_the_same(mistake: Mistake, tmp_path: Path):
    """What a start refuses it refuses, with the same fix: as data, on stdout."""
    done = mistake.make(tmp_path, re.sub("^up", "check --offline", mistake.args))
    assert 2 == done.returncode
    assert mistake.fix.replace("{folder}", str(tmp_path)).removeprefix("hint: ") in done.stdout
    assert "Traceback" not in done.stderr
