"""One stand a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stand import NODE, Stand, stand
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine


@pytest.fixture
def agent(consul_binary: Path, engine: Engine) -> Iterator[ConsulAgent]:
    """A Consul of the test's own."""
    with ConsulAgent(consul_binary, node=NODE, advertise=engine.bridge_address) as running:
        yield running


@pytest.fixture
def site(engine: Engine, agent: ConsulAgent, base_image: str, tmp_path: Path) -> Iterator[Stand]:
    """Engine and Consul with relays before them; the registrar is started by the test."""
    with stand(engine, agent, base_image, tmp_path) as made:
        yield made
