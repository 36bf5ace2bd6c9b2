"""The pages on labels and on coming from registrator: their commands run, their tables hold."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from registrar.core.checks import _KINDS, _OPTIONS
from registrar.core.keys import CONTROL
from registrar.core.selector import parse_selector
from registrar.core.template import parse_template
from seamark.flags import REGISTRAR
from seamark.goflags import normalise
from tests.commands import ROOT, environment
from tests.e2e.registering import HOST, MENDED_S, names, run_web
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.pages import lines
from tests.waits import PATIENCE_S, Waits

LABELS = (ROOT / "docs/reference/labels.md").read_text()
CHANGE_OVER = (ROOT / "docs/how-to/from-registrator.md").read_text()
PLAN = "seamark plan consul://127.0.0.1:8500"
OFFLINE = "docker inspect web | seamark plan --from-inspect -"
REGISTRATOR = "registrar -ip 10.0.0.5 -cleanup consul://127.0.0.1:8500"


def rows(page: str, heading: str) -> list[str]:
    """The first cells of the tables below a heading."""
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)


def words(cells: list[str], pattern: str = r"`([A-Z0-9_]+)") -> set[str]:
    """The names in code marks."""
    return {word.lower().strip("_") for cell in cells for word in re.findall(pattern, cell)}


def test_every_key_has_its_row():
    """And every row a key."""
    expected = {*CONTROL, "tagged_address", "check"}
    assert expected == words(rows(LABELS, "Keys"))


def test_every_check_and_option_has_its_row():
    """And every row a check or an option."""
    expected = {f"check_{name}" for name in (*_KINDS, *_OPTIONS)}
    assert expected == words(rows(LABELS, "Health"))


def test_selectors_and_templates_of_the_page_can_be_read():
    """As they stand there."""
    found = lines(LABELS, "text")
    templates = [line.partition("'")[2].rstrip("'") for line in found if line.startswith("-")]
    assert 3 == len([parse_template(text) for text in templates])
    assert 1 == len([parse_selector(line) for line in found if not line.startswith("-")])


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"`(-[a-z][A-Za-z-]*)", CHANGE_OVER))))
def test_every_flag_of_the_page_is_one(flag):
    """With one dash, as registrator wrote it."""
    (kebab, *_) = normalise([flag], {f[2:] for f in REGISTRAR}, ())
    assert kebab in REGISTRAR


def test_no_command_of_the_pages_goes_untested():
    """A new one needs a test below."""
    assert {PLAN, OFFLINE} == set(lines(LABELS, "sh"))
    assert {PLAN, REGISTRATOR} == set(lines(CHANGE_OVER, "sh"))


@pytest.mark.lab
def test_the_commands_of_the_pages(
    engine: Engine,
    consul_binary: Path,
    containers: Containers,
    dummy_image: str,
    waits: Waits,
    tmp_path: Path,
) -> None:
    """Look, change over, look again."""
    scripts = Path(sys.executable).parent
    variables = {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "DOCKER_HOST": engine.url,
        "SEAMARK_NODE": HOST,
        "SEAMARK_HTTP": "off",
    }

    def shell(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            capture_output=True,
            check=False,
            env=environment(**variables),
            text=True,
            timeout=60,
        )

    agent = ConsulAgent(consul_binary, node=HOST)
    agent.ports |= {"http": 8500}
    with agent:
        run_web(containers, dummy_image)
        left = {"ID": f"{HOST}:web:8080", "Name": "dummy-http", "Port": 1, "Address": "10.9.9.9"}
        ghost = {"ID": f"{HOST}:gone:80", "Name": "gone", "Port": 2}
        for body in (left, ghost):
            agent.put("agent/service/register", body)
        found = shell(PLAN)
        assert 3 == found.returncode, found.stderr
        assert f"~ {HOST}:web:8080" in found.stdout
        assert f"note: {HOST}:gone:80: left behind by registrator" in found.stdout
        assert f"+ {HOST}:web:8080" in shell(OFFLINE).stdout
        log = tmp_path / "registrar.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                REGISTRATOR.split(), env=environment(**variables), stderr=output
            )
        try:
            # How long an interpreter takes to start says nothing of what it then does.
            waits.until("started", lambda: "containers -> " in log.read_text(), PATIENCE_S)
            waits.until("taken over", lambda: {f"{HOST}:web:8080"} == names(agent), MENDED_S)
        finally:
            process.terminate()
            process.wait(20)
            print(log.read_text())
        assert 3 == shell(PLAN).returncode
        assert 0 == shell(f"{PLAN} -ip 10.0.0.5").returncode
