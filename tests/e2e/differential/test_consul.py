"""What Consul says, the proxy says: 2,000 questions to both, without and with a memory."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Running
from tests.e2e.differential import consul_improvements as improvements, consul_world as world
from tests.e2e.differential.comparing import without_serials
from tests.e2e.differential.questions import generate, seed
from tests.e2e.differential.running import Differential
from tests.lab.consul import ConsulAgent
from tests.upstream import ScriptedUpstream

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def consul(consul_binary: Path) -> Iterator[tuple[ConsulAgent, list[str]]]:
    """A Consul that knows one of everything, and the ids of its prepared queries."""
    with ConsulAgent(consul_binary, config=world.CONFIG) as running:
        yield running, world.register(running)


@pytest.fixture(scope="module")
def differential(consul: tuple[ConsulAgent, list[str]]) -> Differential:
    """The questions of this run, and what Consul itself says to them."""
    agent, query_ids = consul
    number = seed()
    names = world.names(random.Random(number), query_ids) + improvements.names_of_all()
    questions = generate(number, names, list(improvements.surely()))
    return Differential(
        number, questions, agent.dns_address, improvements.CONSUL, comparable=without_serials
    )


@pytest.mark.parametrize("remember", [False, True])
def test_two_thousand_questions_get_consuls_answers(
    consul: tuple[ConsulAgent, list[str]], differential: Differential, *, remember: bool
):
    """No difference but those that are listed, each of which is still one."""
    with ScriptedUpstream(improvements.upstream) as upstream:
        flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", upstream.address]
        flags += ["--consul-dns", consul[0].dns_address]
        with Running("dnsproxy", *flags, SEAMARK_REMEMBER=str(remember).lower()) as proxy:
            differential.run(proxy.port, remember=remember)
