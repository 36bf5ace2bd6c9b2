"""The page on complaints: each row names tests that there are."""

import re
from pathlib import Path

import pytest

PAGE = Path("docs/explanation/consul-dns.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")][1:]


def test_there_are_rows():
    """A table in another form would have none."""
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].lstrip("| ")[:40])
def test_a_row_says_who_complained_and_which_tests_show_that_it_is_gone(row: list[str]):
    """By file and name; a test that was renamed is missed here."""
    _, filed, _, shown = row
    assert re.search(r"\w#\d+", filed)
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
    assert named
    for file, test in named:
        assert re.search(rf"^def {test}\(", Path(file).read_text(), re.MULTILINE), f"{file}::{test}"
