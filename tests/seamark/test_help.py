"""`--help`: what the command is for, examples, then its flags by what they are about."""

import re
import shlex

import click
import pytest

from seamark.flags import FLAGS, SWITCHES, VALUES
from seamark.goflags import normalise
from seamark.helping import WIDTH, Command, Group
from tests.commands import run
from tests.docs.command_tree import COMMANDS

ROOTS = [path[0] for path in COMMANDS if len(path) == 1]
GROUPS = [path for path, command in COMMANDS.items() if isinstance(command, click.Group)]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_examples_come_before_flags_and_nothing_is_wider_than_the_page(path):
    """However wide the terminal is."""
    command, *args = path
    done = run(command, *args, "--help", COLUMNS="400")
    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert f"Usage: {' '.join(path)} [FLAGS]" in lines[0]
    example = next(number for number, line in enumerate(lines) if _is_example(line, path))
    assert example < min(number for number, line in enumerate(lines) if line.startswith("  -"))
    assert max(map(len, lines)) <= WIDTH


def _is_example(line: str, path: tuple[str, ...]) -> bool:
    """An indented line that has the command in it, behind a prompt or a pipe perhaps."""
    return line.startswith("  ") and path[0] in line.split() and "`" not in line


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_flags_stand_below_what_they_are_about(path):
    """Those of DNS, of the registrar, and those of the process; the command's own first."""
    command, *args = path
    title, found = "", {}
    for line in run(command, *args, "--help").stdout.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            title = line[:-1]
        elif line.startswith("  --"):
            found[line.split()[0].rstrip(",")] = title
    expected = {"--listen": "DNS proxy", "--cleanup": "Registrar", "--node": "General"}
    expected |= {"--config": "General", "--json": "Flags", "--registrar": "Flags"}
    assert all(found[flag] == title for flag, title in expected.items() if flag in found)
    assert set(found.values()) <= {"Flags", "DNS proxy", "Registrar", "General"}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_is_of_our_manner(path):
    """One that is not: declare it with `@click.command(cls=Command)` of seamark.helping."""
    command = COMMANDS[path]
    assert isinstance(command, Group if isinstance(command, click.Group) else Command)


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_a_command_of_commands_tells_each_in_one_line(path):
    """Whole: a line that does not fit wants a `short_help`."""
    below = [other[-1] for other in COMMANDS if other[:-1] == path]
    command, *args = path
    lines = run(command, *args, "--help", COLUMNS="80").stdout.splitlines()
    told = [line.split(maxsplit=1) for line in lines[lines.index("Commands:") + 1 :]][: len(below)]
    assert below == [name for name, _ in told]
    assert all(words.endswith(".") and not words.endswith("..") for _, words in told)


def test_no_flag_is_without_words():
    """Each says what it does, and ends with a full stop."""
    assert all(flag.words.endswith(".") for flag in FLAGS.values())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_example_is_a_command_line(path):
    """Read as click reads one; what it would do is run elsewhere."""
    command, *args = path
    lines = run(command, *args, "--help").stdout.splitlines()
    examples = [found for line in lines for found in _examples(line)]
    assert examples
    for words in examples:
        _parse(words)


def _examples(line: str) -> list[list[str]]:
    """Our command lines in an example: without what is said beside, and where the output goes."""
    if not line.startswith("  ") or "`" in line:
        return []
    told = re.sub(r"^(bash|zsh|fish): +", "", line.strip())
    parts = re.split(r" {2,}| > | \| ", told)
    return [shlex.split(part) for part in parts if part.split()[:1][0] in ROOTS]


def _parse(words: list[str]) -> None:
    name, *rest = words
    path: tuple[str, ...] = (name,)
    command = COMMANDS[path]
    while isinstance(command, click.Group) and rest:
        path = (*path, rest.pop(0))
        command = COMMANDS[path]
    command.make_context(" ".join(path), normalise(rest, VALUES, SWITCHES))
