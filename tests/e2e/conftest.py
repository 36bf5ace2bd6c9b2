"""Parts that the end-to-end tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.registering import HOST
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine


@pytest.fixture
def agent(consul_binary: Path, engine: Engine) -> Iterator[ConsulAgent]:
    """A Consul of the test's own."""
    with ConsulAgent(consul_binary, node=HOST, advertise=engine.bridge_address) as running:
        yield running
