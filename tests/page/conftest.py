"""Browser, visitors, and a process to look at."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.lab.fixtures import or_fail
from tests.page.browser import WIDE, Visit, chromium, visit as start_visit
from tests.page.stand import Stand, answers
from tests.small_engine import small_engine
from tests.upstream import ScriptedUpstream

OpenVisit = Callable[..., Visit]
StartStand = Callable[..., Stand]
SERVICES = [
    {"id": "web-1", "name": "web", "port": 8081, "tags": ["blue"]},
    {"id": "web-2", "name": "web", "port": 8082},
    {"id": "db-1", "name": "db", "port": 5432},
]


# As long as it is there, the test's own thread has a running loop: so it ends with each module.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with or_fail(), chromium() as found:
        yield found


@pytest.fixture
def started() -> Iterator[StartStand]:
    """Starts processes of the test's own, which outlive the pages that look at them."""
    with ExitStack() as stack:
        yield lambda *flags, kind=Stand: stack.enter_context(kind(*flags))


@pytest.fixture
def visits(browser: Browser, started: StartStand) -> Iterator[OpenVisit]:
    """Opens pages; that all went well in each is looked at when the test is over."""
    opened: list[Visit] = []

    def start(url: str, size: Sequence[int] = WIDE, *, is_dark: bool = False) -> Visit:
        opened.append(start_visit(browser, url, size, is_dark=is_dark))
        opened[-1].open()
        return opened[-1]

    yield start
    for one in opened:
        one.close()
    for one in opened:
        assert [] == one.unexcused
        assert [] == one.strangers


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    """Has an address for all names, but for those that begin with `broken` or `nowhere`."""
    with ScriptedUpstream(answers) as server:
        yield server


@pytest.fixture(scope="module")
def stand(upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A process with three services of a file and an engine without containers."""
    file = tmp_path_factory.mktemp("services") / "services.json"
    file.write_text(json.dumps({"services": SERVICES}))
    with small_engine(file.with_name("engine.sock")) as engine:
        flags = ["--upstream", upstream.address, "--services", str(file)]
        flags += ["--docker", f"unix://{engine.path}"]
        with Stand(*flags) as running:
            yield running
