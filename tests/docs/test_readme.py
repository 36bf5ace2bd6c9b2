"""Every command of the README is run, and prints what the README says."""

import json
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import ROOT, environment
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.pages import blocks, lines, transcript
from tests.waits import Waits, pause

README = (ROOT / "README.md").read_text()
NODE = "node3"
# What a command of the README is checked by. A command that is in neither place fails the test.
SHELL = {
    "make run": "the transcript",
    "make test": "this run",
    "make setup": "test_the_make_targets_are_there",
    "sudo .venv/bin/seamark up": "test_one_laptop",
    "docker run -td -p 8084:8080 -e SERVICE_NAME=svc4 dummy-http svc4": "test_one_laptop",
    "dig @127.0.0.1 svc4.service.consul SRV": "test_one_laptop",
    "sudo .venv/bin/seamark up consul://127.0.0.1:8500": "test_one_host_of_many",
}


def shell_lines() -> list[str]:
    """The commands of all sh blocks, without comments."""
    return [line.partition("#")[0].strip() for line in lines(README, "sh")]


def words(line: str) -> list[str]:
    """A line of dig's without regard to how it is aligned."""
    return line.split()


@contextmanager
def running(command: str, **variables: str) -> Iterator[Path]:
    """A command that runs until it is told to end; the file with what it says."""
    log = ROOT / ".venv" / "readme-test.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            shlex.split(command.removeprefix("sudo ")),
            cwd=ROOT,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 60
        while "try: " not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            pause(0.05)
        yield log
    finally:
        process.terminate()
        process.wait(20)
        print(log.read_text())
        log.unlink()


def shell(command: str, engine: Engine) -> str:
    """Run a command as a user does; what it prints on stdout."""
    labelled = command.replace("docker run ", "docker run --label seamark.lab=1 ", 1)
    done = subprocess.run(
        shlex.split(labelled),
        capture_output=True,
        check=True,
        env=engine.env,
        text=True,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def clean(engine: Engine) -> Iterator[None]:
    """Containers started by the README's commands are gone afterwards."""
    yield
    engine.remove_leftovers()


def test_no_command_of_the_readme_goes_untested():
    """A new one needs its place in the table above."""
    assert set(SHELL) == set(shell_lines())


def test_the_make_targets_are_there():
    """Each that README and CONTRIBUTING name."""
    pages = README + (ROOT / "CONTRIBUTING.md").read_text()
    for target in sorted(set(re.findall(r"make [a-z-]+", pages))):
        subprocess.run([*target.split(), "-n"], capture_output=True, check=True, cwd=ROOT)


def test_the_daemon_json_is_json():
    """And names what `docker run --dns` takes in the story of the article."""
    (block,) = blocks(README, "json")
    assert {"dns", "dns-search"} == set(json.loads(block))


@pytest.mark.lab
@pytest.mark.usefixtures("clean", "dummy_image")
def test_the_transcript(engine: Engine, waits: Waits) -> None:
    """Command by command, line by line."""
    (_, run, said), *steps = transcript(README, "$ ")
    with running(run, DOCKER_HOST=engine.url, SEAMARK_NODE=NODE) as log:
        for line in said:
            assert " ".join(words(line)) in " ".join(words(log.read_text()))
        for _, command, expected in steps:
            if not command.startswith("dig"):
                shell(command, engine)
                continue

            def answer(command: str = command, expected: list[str] = expected) -> bool:
                printed = shell(command, engine).splitlines()
                return [words(line) for line in printed] == [words(line) for line in expected]

            waits.until(command, answer)


@pytest.mark.lab
@pytest.mark.usefixtures("clean", "dummy_image")
def test_one_laptop(engine: Engine, waits: Waits) -> None:
    """On port 53 of every address, in a network namespace where nobody else is."""
    up, run, ask = shell_lines()[3:6]
    alone = f"unshare --net sh -c 'ip link set lo up && exec {up.removeprefix('sudo ')}'"
    with running(alone, DOCKER_HOST=engine.url) as log:
        shell(run, engine)
        pid = next(iter(children(log)))
        inside = f"nsenter --net --target {pid} {ask}"
        waits.until(ask, lambda: "1 1 8084" in shell(inside, engine))


def children(log: Path) -> list[int]:
    """The process that writes to the log: `sh` has become it."""
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and _writes_to(process, log)
    ]


def _writes_to(process: Path, log: Path) -> bool:
    try:
        return log.samefile(process / "fd" / "2")
    except OSError:
        return False


@pytest.mark.lab
def test_one_host_of_many(
    engine: Engine,
    consul_binary: Path,
    containers: Containers,
    dummy_image: str,
    waits: Waits,
) -> None:
    """Beside a Consul agent on its usual ports; our own are moved, port 53 may be taken here."""
    up = shell_lines()[6]
    agent = ConsulAgent(consul_binary, node=NODE)
    agent.ports |= {"http": 8500, "dns": 8600}
    ours = {"SEAMARK_LISTEN": "127.0.0.1:5300", "SEAMARK_HTTP": "off"}
    with agent, running(up, DOCKER_HOST=engine.url, **ours):
        containers.run(dummy_image, "svc4", ports=["8084:8080"], env={"SERVICE_NAME": "svc4"})
        ask = "dig @127.0.0.1 -p 5300 svc4.service.consul SRV +short"
        expected = f"1 1 8084 {NODE}.node.dc1.consul."
        waits.until(up, lambda: expected == shell(ask, engine).strip())
