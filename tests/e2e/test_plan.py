"""`seamark plan` on a real engine and a real Consul."""

import json

import pytest

from tests.commands import run
from tests.e2e.registering import HOST, names, registrar, run_web
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.waits import Waits

pytestmark = pytest.mark.lab

WEB = f"{HOST}:web:8080"


def plan(engine: Engine, agent: ConsulAgent, *flags: str):
    """The command's result."""
    uri = f"consul://{agent.http_address}"
    return run("seamark", "plan", "--docker", engine.url, "--node", HOST, *flags, uri)


def test_a_plan_says_what_the_registrar_would_do_and_then_nothing(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Exit code 3 while there is a difference, 0 afterwards; nothing is changed by it."""
    run_web(containers, dummy_image, SERVICE_NAEM="x")
    containers.run(dummy_image, "hidden", name="hidden", env={"SERVICE_IGNORE": "yes"})
    ghost = {"ID": "g", "Name": "g", "Meta": {"seamark-owner": HOST, "seamark-container": "gone"}}
    agent.put("agent/service/register", ghost)
    before = names(agent)
    found = plan(engine, agent)
    assert 3 == found.returncode, found.stderr
    lines = found.stdout.splitlines()
    assert any(line.startswith(f"+ {WEB}  dummy-http  :") for line in lines)
    assert "- g  g  :0" in lines
    assert "left out: hidden 8080/tcp: SERVICE_IGNORE is set" in lines
    assert any("did you mean `SERVICE_NAME`?" in line for line in lines)
    assert "1 to register, 0 to replace, 1 to deregister, 0 as they should be" == lines[-1]
    assert before == names(agent)
    with registrar(engine, agent):
        waits.until("registered", lambda: {WEB} == names(agent))
    settled = plan(engine, agent, "--json")
    assert 0 == settled.returncode, settled.stderr
    document = json.loads(settled.stdout)
    assert ([], [], [], [WEB]) == tuple(
        document[key] for key in ("register", "replace", "deregister", "unchanged")
    )


def test_a_changed_service_is_shown_with_what_changed(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Old and new."""
    run_web(containers, dummy_image)
    with registrar(engine, agent):
        waits.until("registered", lambda: names(agent))
    found = plan(engine, agent, "-tags", "eu,{{.Name}}")
    assert 3 == found.returncode
    assert "    tags:  -> eu,/web" in found.stdout.splitlines()


def test_offline_and_online_agree(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, tmp_path
) -> None:
    """The body that Consul would get."""
    run_web(containers, dummy_image, SERVICE_TAGS="a")
    file = tmp_path / "inspect.json"
    file.write_text(engine.docker("inspect", "web").stdout)
    offline = run("seamark", "plan", "--node", HOST, "--json", "--from-inspect", file)
    assert 0 == offline.returncode
    online = plan(engine, agent, "--json")
    assert json.loads(online.stdout)["register"] == json.loads(offline.stdout)


def test_a_plan_that_cannot_be_made_says_why(engine: Engine, tmp_path) -> None:
    """Exit code 1 if a part is away, 2 if the input is no inspect output."""
    away = run("seamark", "plan", "--docker", engine.url, "consul://127.0.0.1:1")
    assert (1, "") == (away.returncode, away.stdout)
    assert "error: Consul at http://127.0.0.1:1 does not answer" in away.stderr
    file = tmp_path / "x.json"
    file.write_text('"x"')
    assert 2 == run("seamark", "plan", "--from-inspect", file).returncode
    assert 2 == run("seamark", "plan", "--from-inspect", tmp_path / "none").returncode
