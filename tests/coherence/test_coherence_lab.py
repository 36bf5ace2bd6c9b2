"""No answer is stale for longer than it takes Consul to tell of a change.

Under 10,000 questions a second, through Consul's own API, on real servers.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.figures import quantile
from dnsproxy.edges.watches import RESERVED
from tests.coherence.measured import Seen, table
from tests.coherence.stand import NODES, SERVICES, measuring
from tests.coherence.world import World
from tests.lab.consul import ConsulAgent
from tests.lab.consul_servers import consul_servers, follower
from tests.load.packets import SERVFAIL

pytestmark = [pytest.mark.lab, pytest.mark.alone]

CHANGES = 200


def is_coherent(seen: Sequence[Seen]) -> None:
    """What we promise (docs/explanation/speed.md), over what Consul itself takes.

    And over what a watcher of the test's own then still waits for its word: on a host that has
    other work, both wait for a core.
    """
    print(table(seen))
    assert [] == [each for each in seen if each.late_s > 1.0 or not each.current]
    late, hosts = [each.late_s for each in seen], [each.hosts_s for each in seen]
    for share, bound_s in ((1.0, 0.25), (0.99, 0.05)):
        hosts_s = quantile(hosts, share)
        print(f"{share:.0%}: {quantile(late, share):.4f} s late, a watcher {hosts_s:.4f} s")
        assert bound_s + hosts_s >= quantile(late, share)


def test_changes_show_at_once(consul_binary: Path):
    """One server, asked and changed at the same agent."""
    draw = random.Random(6)
    with (
        ConsulAgent(consul_binary) as agent,
        measuring(agent, World(agent, SERVICES, NODES, draw), draw) as measurement,
    ):
        is_coherent(measurement.run(CHANGES))


def test_changes_show_at_once_where_services_are_watched_together(consul_binary: Path):
    """There is no room to watch each: a change of any ends all answers."""
    draw = random.Random(9)
    with (
        ConsulAgent(consul_binary) as agent,
        measuring(
            agent, World(agent, SERVICES, NODES, draw), draw, SEAMARK_WATCHES=str(RESERVED)
        ) as measurement,
    ):
        is_coherent(measurement.run(CHANGES // 2))


def test_changes_show_at_once_at_a_server_that_follows(consul_binary: Path):
    """It answers from what it has been told so far, and does not know what it has not."""
    draw = random.Random(7)
    with consul_servers(consul_binary) as agents:
        asked = follower(agents)
        changed = next(agent for agent in agents if agent is not asked)
        with measuring(asked, World(changed, SERVICES, NODES, draw), draw) as measurement:
            is_coherent(measurement.run(CHANGES // 2))


def test_a_restart_of_the_agent_hides_no_change(consul_binary: Path):
    """Before, and as soon as it is back; while it is away what was true last is told."""
    draw = random.Random(8)
    with ConsulAgent(consul_binary, persistent=True) as agent:
        world = World(agent, SERVICES, NODES, draw, checked=False)
        with measuring(agent, world, draw) as measurement:
            before = measurement.run(CHANGES // 4)
            for number in range(len(world.names)):
                measurement.forget(number)
            agent.restart()
            for number, named in enumerate(world.names):
                told = measurement.proxy.take(number)
                wrong = [
                    each
                    for each in told
                    if each.rcode != SERVFAIL and each.addresses != named.expected
                ]
                assert [] == wrong, (named, told)
            after = measurement.run(CHANGES // 4)
    is_coherent(before + after)
