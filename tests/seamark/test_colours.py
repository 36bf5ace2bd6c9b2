"""Colour is for a terminal, each stream by itself, and never where somebody asked for none."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from seamark.colours import wanted
from tests.commands import Running
from tests.registrar.inspect_output import inspect_output
from tests.scale.agent import FakeAgent
from tests.scale.engine import FakeEngine
from tests.scale.recorded import made_of
from tests.terminal import Seen, at_terminal
from tests.waits import PATIENCE_S, Waits

HOST = "n1"
RED, GREEN, YELLOW = "\x1b[31m", "\x1b[32m", "\x1b[33m"
# Logs a warning, and prints a service on stdout.
WARNS = ("--node", HOST, "--ip", "127.0.0.1", "--from-inspect")


@pytest.fixture
def inspected(tmp_path: Path) -> Path:
    """What `docker inspect` says of a container."""
    file = tmp_path / "inspect.json"
    file.write_text(json.dumps([inspect_output(ports={"80/tcp": [("0.0.0.0", 8080)]})]))
    return file


@pytest.mark.parametrize("terminals", [(), ("stdout",), ("stderr",), ("stdout", "stderr")])
def test_each_stream_has_colour_if_it_is_a_terminal(inspected, terminals):
    """`seamark plan | less` has coloured warnings and a plain plan."""
    seen = at_terminal("seamark", "plan", *WARNS, inspected, terminals=terminals)
    assert 0 == seen.code
    assert seen.stdout.startswith(f"{GREEN}+\x1b[0m " if "stdout" in terminals else "+ ")
    warning = f" {YELLOW}WARNING\x1b[0m " if "stderr" in terminals else " WARNING "
    assert warning in seen.stderr
    assert ("\x1b" in seen.stdout, "\x1b" in seen.stderr) == (
        "stdout" in terminals,
        "stderr" in terminals,
    )


@pytest.mark.parametrize(
    "variables",
    [{"NO_COLOR": "1"}, {"NO_COLOR": "0"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"TERM": "dumb"}],
    ids=str,
)
def test_who_wants_none_gets_none(inspected, variables):
    """Not at a terminal either."""
    seen = at_terminal("seamark", "plan", *WARNS, inspected, **variables)
    assert "\x1b" not in seen.stdout + seen.stderr


@pytest.mark.parametrize("variables", [{"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}], ids=str)
def test_who_wants_it_in_a_pipe_gets_it(inspected, variables):
    """For a log that somebody looks at later."""
    seen = at_terminal("seamark", "plan", *WARNS, inspected, terminals=(), **variables)
    assert GREEN in seen.stdout
    assert YELLOW in seen.stderr
    assert not wanted(io.StringIO(), dict.fromkeys(variables, "0"))


def test_an_error_is_red(tmp_path):
    """The word alone, so that what it says reads as it is."""
    seen = at_terminal("seamark", "plan", "--from-inspect", tmp_path / "none")
    assert 2 == seen.code
    assert f"{RED}error:\x1b[0m from-inspect: " in seen.stderr


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    """With two containers."""
    with FakeEngine(HOST) as running:
        running.start(made_of(2, ["user"]))
        yield running


def test_a_plan_has_a_colour_for_each_sign(fake: FakeEngine, waits: Waits):
    """What comes is green, what goes is red, what changes is yellow."""
    with FakeAgent(HOST) as agent:
        flags = ["--docker", fake.url, "--node", HOST]
        uri = f"consul://{agent.http_address}"
        with Running("registrar", *flags, "--http", "off", uri):
            waits.until("both", lambda: 2 <= agent.writes, PATIENCE_S)
        gone, _ = fake.running.values()
        fake.end([gone])
        fake.start(made_of(1, ["user"], first=2))
        seen: Seen = at_terminal("seamark", "plan", *flags, "--tags", "new", uri)
    assert 3 == seen.code
    signs = [line[: line.index(" ")] for line in seen.stdout.splitlines() if "\x1b" in line]
    assert [f"{GREEN}+\x1b[0m", f"{YELLOW}~\x1b[0m", f"{RED}-\x1b[0m"] == signs
