"""The reference pages say what the code has, and nothing else."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from catalog.strict import convert
from seamark.flags import FLAGS
from seamark.settings import Settings
from seamark.variables import ENVIRONMENT
from tests.commands import run
from tests.pages import transcript

SETTINGS_PAGE = Path("docs/reference/settings.md").read_text()


def test_every_setting_has_a_row_and_every_row_a_setting():
    """In the page's order of sections."""
    rows = re.findall(r"^\| `([a-z_.]+)` \|", SETTINGS_PAGE, re.MULTILINE)
    assert list(ENVIRONMENT) == rows


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_settings_row_names_its_flags_and_variables(name):
    """What the code reads is what the page says."""
    (row,) = [line for line in SETTINGS_PAGE.splitlines() if line.startswith(f"| `{name}` |")]
    for variable in ENVIRONMENT[name]:
        assert f"`{variable}`" in row
    for flag, known in FLAGS.items():
        assert (known.setting == name) == (f"`{flag}`" in row)


def test_the_commented_settings_file_holds_every_default():
    """conf/seamark.toml changes nothing if it is used as it is."""
    document = tomllib.loads(Path("conf/seamark.toml").read_text())
    assert Settings() == convert(document, Settings)
    given = {f"{k}.{key}" for k, v in document.items() if isinstance(v, dict) for key in v}
    given |= {key for key, value in document.items() if not isinstance(value, dict)}
    assert set(ENVIRONMENT) == given


def test_the_readme_is_short():
    """One screen, a picture, three recipes."""
    assert len(Path("README.md").read_text().splitlines()) <= 120


def test_what_the_page_shows_of_the_settings_in_force_is_printed():
    """The variable in front of it included. In a container the node has a name, too."""
    ((before, line, shown),) = transcript(SETTINGS_PAGE, "$ ")
    variable, _, command = line.partition(" ")
    name, _, value = variable.partition("=")
    variables: dict[str, Any] = {name: value}
    printed = run(*command.split(), **variables).stdout
    assert ("", shown) == (before, printed[printed.index(shown[0]) :].splitlines())
