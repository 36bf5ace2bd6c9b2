"""The edge to the engine, where it says what no engine should."""

import pytest

from registrar.edges.engine import DockerEngine
from registrar.errors import EngineUnavailable


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
