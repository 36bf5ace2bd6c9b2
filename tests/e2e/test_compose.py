"""The compose file as it stands, run by both versions of the tool; only the images are the lab's.

The commands are those of docs/how-to/run-in-containers.md.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT
from tests.lab.compose_build import find_compose
from tests.lab.engine import Engine
from tests.lab.fixtures import or_fail
from tests.lab.product_image import product_image
from tests.lab.shell import tool
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
FOLDER = ROOT / "conf" / "compose"


class Compose:
    """The tool, in the file's folder."""

    def __init__(self, engine: Engine, tool: list[str], images: dict[str, str]) -> None:
        self._tool = tool
        self.engine = engine
        socket = {"DOCKER_SOCKET": engine.url.removeprefix("unix://")}
        self._env = {**engine.env, **images, **socket, "COMPOSE_PROJECT_NAME": "seamark-lab"}

    def __call__(self, *words: str, check: bool = True) -> str:
        """What it prints on stdout."""
        done = subprocess.run(
            [*self._tool, *words],
            capture_output=True,
            check=False,
            cwd=FOLDER,
            env=self._env,
            text=True,
            timeout=300,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout


def version_1() -> list[str]:
    """Debian's."""
    found = tool("docker-compose")
    if found is None:
        pytest.skip("docker-compose is not installed; apt-get install docker-compose")
    return [found]


def version_2(folder: Path) -> list[str]:
    """`docker compose`: a plugin of the client's, which it finds in its settings."""
    with or_fail():
        found = find_compose()
    if found is None:
        pytest.skip("no Go here to build Compose v2 with; install Go or set COMPOSE_BIN")
    plugins = folder / "settings" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(found)
    return ["docker", "--config", str(plugins.parent), "compose"]


@pytest.fixture(params=["docker-compose", "docker compose"])
def compose(
    request: pytest.FixtureRequest,
    engine: Engine,
    consul_binary: Path,
    base_image: str,
    dummy_image: str,
    tmp_path: Path,
) -> Iterator[Compose]:
    """With images that are there; nothing is pulled."""
    words = version_1() if request.param == "docker-compose" else version_2(tmp_path)
    with or_fail():
        images = {
            "SEAMARK_IMAGE": product_image(engine, "seamark"),
            "CONSUL_IMAGE": consul_image(engine, base_image, consul_binary, tmp_path),
            "DUMMY_IMAGE": dummy_image,
            "CURL_IMAGE": base_image,
        }
    made = Compose(engine, words, images)
    yield made
    made("down", "--volumes", "--timeout", "5", check=False)


def consul_image(engine: Engine, base: str, binary: Path, folder: Path) -> str:
    """An image whose command line is Consul's, as the public one's."""
    shutil.copy(binary, folder / "consul")
    (folder / "Dockerfile").write_text(
        f'FROM {base}\nCOPY consul /consul\nENTRYPOINT ["/consul"]\n'
    )
    return engine.build("seamark-lab/consul", folder)


def started_beside(compose: Compose, *words: str) -> str:
    """What a second proxy in the same container ends with: the first has the port."""
    container = compose("ps", "-q", "seamark").strip()
    done = compose.engine.docker("exec", container, "dnsproxy", *words, check=False)
    assert done.returncode, done.stderr
    return done.stderr


def test_the_client_finds_both_services_by_name(compose: Compose, waits: Waits) -> None:
    """Up, ask, take one away, down; and nothing is left."""
    compose("up", "--detach", "--no-build")

    def said() -> str:
        return compose("logs", "--no-color", "client")

    try:
        both = ("Hi! I'm [svc1]", "Hi! I'm [svc2]")
        waits.until("both greet", lambda: all(words in said() for words in both), PATIENCE_S)
        assert "all else -> 127.0.0.11:53" in compose("logs", "--no-color", "seamark")
        assert "the port is taken" in started_beside(compose, "--upstream", "127.0.0.11")
        assert "is ourselves" in started_beside(compose, "--upstream", "172.30.53.53")
        assert "compose.node.dc1.consul." in ask(compose, "consul.service.consul", "SRV")
        compose("kill", "two")
        waits.until("svc2 is gone", lambda: not ask(compose, "svc2.service.consul"))
        assert ask(compose, "svc1.service.consul").startswith("172.30.53.")
    finally:
        print(compose("logs", "--no-color", "seamark", check=False))
    compose("down", "--timeout", "5")
    assert (
        "" == compose.engine.docker("network", "ls", "-q", "--filter", "name=seamark-names").stdout
    )


def ask(compose: Compose, *words: str) -> str:
    """What dig says in a container of the client's kind."""
    return compose(
        "run", "--rm", "-T", "--no-deps", "--entrypoint", "dig", "client", "+short", *words
    )


def test_an_image_that_is_not_there_can_be_built() -> None:
    """By the compose tool itself: where it looks is where its Dockerfile is."""
    text = (FOLDER / "compose.yaml").read_text()
    for line in ("build: ../..", "build: ../../examples/dummy-http"):
        assert line in text
        assert (FOLDER / line.removeprefix("build: ") / "Dockerfile").is_file()
