"""The page on commands is what the commands say of themselves."""

import re

import pytest

from tests.docs.command_tree import COMMANDS
from tests.docs.commands import PAGE, page

TEXT = PAGE.read_text()


def test_the_page_is_what_the_commands_say():
    """If it is not, `python -m tests.docs.commands` writes it."""
    assert page() == TEXT


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_command_is_on_it_with_all_of_its_flags(path):
    """Its own section, or one that it points to."""
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
    told = sections[" ".join(path)]
    for title in re.findall(r"all \[flags of the (.*?)\]\(#flags-of-the-", told):
        told += sections[f"Flags of the {title}"]
    for param in COMMANDS[path].params:
        assert all(f"`{name}`" in told for name in param.opts if name.startswith("-")), param
