"""The worst labels imaginable, up to a real agent: a container costs at most itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from catalog.agent import ConsulAgent as Catalog
from catalog.errors import CatalogRefused
from catalog.uri import AgentAddress
from registrar.core.checks import _KINDS, _OPTIONS
from registrar.core.desired import desired_services
from registrar.core.keys import CONTROL
from tests.lab.consul import ConsulAgent
from tests.registrar.inspect_output import POLICY, container

pytestmark = pytest.mark.lab

PORTS = {"80/tcp": [("0.0.0.0", 8080)], "53/udp": [("10.0.0.5", 53)]}
ATTRIBUTES = [*CONTROL, *(f"check_{name}" for name in (*_KINDS, *_OPTIONS)), "tagged_address_wan"]
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["1", "true", "10s", "-1s", "1h", "/", "a,b", "[::1]:80", "1.2.3.4", "GET"]),
    st.sampled_from(["{}", '{"a": ["b"]}', "passing", "65535", "\x00", "\ud800", "😀", "a" * 600]),
)
# What Docker takes for the name of a container.
NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,60}", fullmatch=True)
KEYS = st.one_of(
    st.sampled_from(ATTRIBUTES).map(lambda name: f"SERVICE_{name.upper()}"),
    st.sampled_from(ATTRIBUTES).map(lambda name: f"SERVICE_80_{name}"),
    st.sampled_from(ATTRIBUTES).map(lambda name: f"SERVICE_1-100_UDP_{name}"),
    st.text(max_size=20).map(lambda name: f"SERVICE_{name}"),
    st.text(max_size=20),
)


@pytest.fixture
def agent(consul_binary: Path) -> Iterator[Catalog]:
    """The catalog at an agent of the test's own."""
    with ConsulAgent(consul_binary) as running:
        yield Catalog(AgentAddress("127.0.0.1", running.ports["http"]), {})


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=st.dictionaries(KEYS, VALUES, max_size=10), name=NAMES)
def test_whatever_a_container_says_the_agent_takes_it_or_it_costs_itself(agent, labels, name):
    """Registered is what is wanted, and what is refused is refused for a reason of the agent's."""
    found = desired_services(container(PORTS, labels=labels, name=name), POLICY)
    assert found.services or found.notes
    for service in found.services.values():
        try:
            agent.register(service)
        except CatalogRefused:
            # A script, or a check that is newer than the agent.
            assert service.checks
            continue
        assert agent.kept(service) == agent.services()[service.id]
        agent.deregister(service.id, service.token)
        assert service.id not in agent.services()
    healthy = next(iter(desired_services(container(PORTS), POLICY).services.values()))
    agent.register(healthy)
    assert agent.kept(healthy) == agent.services()[healthy.id]
