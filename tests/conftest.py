"""What all tests share: the lab, and what is told at the end of the run.

That is how long waits took, and by name what this machine could not run.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.small_engine import SmallEngine, small_engine
from tests.waits import Waits

pytest_plugins = ["tests.lab.fixtures"]

# How long an example takes depends on who else uses the machine.
settings.register_profile("seamark", deadline=None)
settings.load_profile("seamark")

_TAKEN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Room for the figures."""
    config.stash[_TAKEN] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who shares the lab's one engine is marked: these run one after the other."""
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            if item.get_closest_marker("lab") is None:
                raise pytest.UsageError(f"{item.nodeid}: `engine` is the lab's; call yours `fake`")
            item.add_marker("engine")


@pytest.fixture
def waits(request: pytest.FixtureRequest) -> Iterator[Waits]:
    """Bounded waits that say how long they took, at once and in the summary."""
    found = Waits()
    yield found
    request.config.stash[_TAKEN] += [f"{request.node.name}: {line}" for line in found.taken]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """How long each wait took; then what was left out, and why."""
    left_out = [
        f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}"
        for report in terminalreporter.stats.get("skipped", ())
    ]
    if config.option.collectonly:
        return
    for title, lines in (
        ("waits", config.stash[_TAKEN]),
        ("left out on this machine", left_out or ["nothing"]),
    ):
        if lines:
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)


@pytest.fixture
def engine_without_containers(tmp_path: Path) -> Iterator[SmallEngine]:
    """An engine that answers."""
    with small_engine(tmp_path / "engine.sock") as server:
        yield server
