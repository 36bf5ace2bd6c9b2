"""The page about `daemon.json`, on a host with an engine of its own that reads it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.commands import ROOT, Running
from tests.e2e.client_stand import build_look_up
from tests.lab.daemon import Daemon
from tests.lab.engine import Engine
from tests.lab.fixtures import or_fail
from tests.lab.namespaces import Namespace, added, host_prefix
from tests.lab.shell import run
from tests.pages import blocks, lines
from tests.waits import Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
PAGE = (ROOT / "docs/how-to/all-containers-of-a-host.md").read_text()
UP, WEB, CLIENT, CREATE, APART, PLAIN = lines(PAGE, "sh")
(SETTINGS,) = blocks(PAGE, "json")
ADDRESS = "172.17.0.1"


@pytest.fixture
def engine_that_reads_it(tmp_path: Path) -> Iterator[tuple[Engine, Namespace]]:
    """An engine and its host: a network namespace without any wire."""
    folder = Path("/run/seamark-daemon-json")
    with or_fail(), ExitStack() as stack:
        host = added(folder.name, stack)
        host.prefix = host_prefix(host.name, "host1")
        folder.mkdir(mode=0o711)
        data, log = tmp_path / "data", tmp_path / "log"
        flags = [f"--bip={ADDRESS}/16"]
        daemon = Daemon(folder, data, log, flags, host.prefix, settings=SETTINGS)
        stack.callback(daemon.stop)
        daemon.launch()
        daemon.wait()
        engine = Engine(daemon.url, version="", bridge_address=ADDRESS)
        stack.callback(engine.close)
        _images(engine, tmp_path)
        yield engine, host


def _images(engine: Engine, folder: Path) -> None:
    """`client NAME` looks a name up; `web` stays."""
    root = folder / "root"
    root.mkdir()
    build_look_up(root / "look_up")
    packed = folder / "root.tar"
    run(["tar", "-C", root, "-cf", packed, "look_up"], timeout=30)
    engine.docker("import", "--change", 'ENTRYPOINT ["/look_up"]', packed, "client")
    engine.docker("import", "--change", 'CMD ["/look_up", "--wait"]', packed, "web")


def docker(engine: Engine, line: str) -> str:
    """A line of the page."""
    program, *words = line.split()
    assert program == "docker"
    return engine.docker(*words, check=False).stdout


def test_every_container_resolves_without_a_word(
    engine_that_reads_it: tuple[Engine, Namespace], waits: Waits
) -> None:
    """On the default bridge, in a network of its own, and by its whole name."""
    engine, host = engine_that_reads_it
    command, *words = UP.split()
    flags = ["--docker", engine.url, "--advertise", "10.1.2.3", "--upstream", "127.0.0.1:9"]
    with Running(command, *words, *flags, prefix=host.prefix):
        docker(engine, WEB)
        waits.until("svc1", lambda: docker(engine, CLIENT) == "10.1.2.3\n")
        docker(engine, CREATE)
        for line in (APART, PLAIN):
            assert "10.1.2.3\n" == docker(engine, line)
        docker(engine, "docker kill web")
        waits.until("svc1 is gone", lambda: docker(engine, PLAIN) == "EAI_NONAME\n")
