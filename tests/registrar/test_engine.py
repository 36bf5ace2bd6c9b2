"""The edge to the engine, where it says what no engine should, or nothing at all."""

import pytest

from registrar.edges.engine import DockerEngine
from registrar.errors import EngineUnavailable
from tests.asking import ask, records
from tests.commands import Running
from tests.registrar.inspect_output import inspect_output
from tests.small_engine import SmallEngine
from tests.waits import Waits


@pytest.mark.parametrize("answer", [b"<html>", b'{"Id": "x', b"", [], 7, None])
def test_what_is_no_document_comes_from_no_engine(engine_without_containers, answer):
    """The catalog stays as it is; a container must not be forgotten for it."""
    engine_without_containers.answers["json"] = answer
    with pytest.raises(EngineUnavailable, match="is no engine"):
        DockerEngine(f"unix://{engine_without_containers.path}").inspect("x")


@pytest.mark.parametrize("answer", [{}, {"Id": 7}, {"Id": "x", "Config": 7}])
def test_a_document_that_describes_no_container_costs_that_container(
    engine_without_containers, answer
):
    """It is told as such."""
    engine_without_containers.answers["json"] = answer
    with pytest.raises(ValueError, match=r"inspect output"):
        DockerEngine(f"unix://{engine_without_containers.path}").inspect("x")


def test_a_healthcheck_that_ends_unannounced_is_seen(
    engine_without_containers: SmallEngine, waits: Waits
):
    """No event tells of it and no listing shows it, as with podman."""
    engine = engine_without_containers
    document = inspect_output(
        {"80/tcp": [("0.0.0.0", 8080)]}, state={"Health": {"Status": "starting"}}
    )
    cid = document["Id"]
    engine.answers["json"] = [{"Id": cid, "State": "running", "Status": "Up 3 seconds"}]
    engine.answers[f"{cid}/json"] = document
    flags = ["--docker", f"unix://{engine.path}", "--http", "off", "--listen", "127.0.0.1:0"]
    with Running(
        "seamark", "up", *flags, "--upstream", "127.0.0.1:9", SEAMARK_RESYNC_S="0.2"
    ) as up:
        waits.until("told", lambda: "its HEALTHCHECK says starting" in up.log)
        document["State"]["Health"]["Status"] = "healthy"
        waits.until("registered", lambda: records(ask(up.port, "redis.service.consul")))
