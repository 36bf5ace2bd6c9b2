"""The page of rules names a test for each of them, and each test is there."""

import re
from pathlib import Path

import pytest

PAGE = Path("docs/reference/rules.md").read_text()
ROWS = re.findall(r"^\| R(\d+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
TESTS = {
    name
    for file in Path("tests/rules").glob("test_*.py")
    for name in re.findall(r"^def (test_r\d\d_\w+)", file.read_text(), re.MULTILINE)
}


def test_every_rule_has_its_row():
    """In order, none twice."""
    assert [str(number) for number in range(1, 32)] == [number for number, _, _ in ROWS]


@pytest.mark.parametrize(("number", "does", "tests"), ROWS)
def test_every_rule_has_tests_that_bear_its_number(number, does, tests):
    """Those that the page names, and no others."""
    assert len(does) > 20
    own = {name for name in TESTS if name.startswith(f"test_r{int(number):02}_")}
    assert own
    assert own == set(re.findall(r"`(test_\w+)`", tests))
