"""No answer is stale for longer than it takes Consul to tell of a change.

Under 10,000 questions a second, through Consul's own API, on real servers.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.coherence.measured import Measurement, Seen, asking, percentile, table
from tests.coherence.world import World
from tests.commands import Running
from tests.lab.consul import ConsulAgent
from tests.lab.consul_servers import consul_servers, follower
from tests.load.packets import SERVFAIL
from tests.waits import pause

pytestmark = pytest.mark.lab

RATE = 10_000
CONSULS_RATE = 2_000
CHANGES = 200
# Until every name has been asked for often enough to be watched, and that is settled.
WARM_S = 2.5


def proxy(agent: ConsulAgent) -> Running:
    """Seamark's proxy in front of an agent."""
    return Running(
        "dnsproxy",
        *("--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"),
        *("--consul-dns", agent.dns_address, "--consul-http", f"http://{agent.http_address}"),
    )


def is_coherent(seen: Sequence[Seen]) -> None:
    """What we promise (docs/explanation/speed.md), over what Consul itself takes."""
    print(table(seen))
    assert [] == [each for each in seen if each.late_s > 1.0 or not each.current]
    late = [each.late_s for each in seen]
    assert 0.25 >= percentile(late, 1.0)
    assert 0.05 >= percentile(late, 0.99)


@contextmanager
def measuring(asked: ConsulAgent, world: World, draw: random.Random) -> Iterator[Measurement]:
    """A proxy in front of that agent, and two who ask."""
    names = [named.name for named in world.names]
    host, _, port = asked.dns_address.rpartition(":")
    with (
        proxy(asked) as running,
        asking("127.0.0.1", running.port, RATE, names) as ours,
        asking(host, int(port), CONSULS_RATE, names) as consuls,
    ):
        pause(WARM_S)
        yield Measurement(world, ours, consuls, draw)
        ours.end()
        consuls.end()
    print(f"{ours.sent} questions, {ours.sent - ours.received} without a reply")


def test_changes_show_at_once(consul_binary: Path):
    """One server, asked and changed at the same agent."""
    draw = random.Random(6)
    with (
        ConsulAgent(consul_binary) as agent,
        measuring(agent, World(agent, 24, 8, draw), draw) as measurement,
    ):
        is_coherent(measurement.run(CHANGES))


def test_changes_show_at_once_at_a_server_that_follows(consul_binary: Path):
    """It answers from what it has been told so far, and does not know what it has not."""
    draw = random.Random(7)
    with consul_servers(consul_binary) as agents:
        asked = follower(agents)
        changed = next(agent for agent in agents if agent is not asked)
        with measuring(asked, World(changed, 24, 8, draw), draw) as measurement:
            is_coherent(measurement.run(CHANGES // 2))


def test_a_restart_of_the_agent_hides_no_change(consul_binary: Path):
    """Before, and as soon as it is back; while it is away what was true last is told."""
    draw = random.Random(8)
    with ConsulAgent(consul_binary, persistent=True) as agent:
        world = World(agent, 24, 8, draw, checked=False)
        with measuring(agent, world, draw) as measurement:
            is_coherent(measurement.run(CHANGES // 4))
            for number in range(len(world.names)):
                measurement.forget(number)
            agent.restart()
            for number, named in enumerate(world.names):
                told = measurement.proxy.take(number)
                wrong = [each for each in told if each[0] != SERVFAIL and each[1] != named.expected]
                assert [] == wrong, (named, told)
            is_coherent(measurement.run(CHANGES // 4))
