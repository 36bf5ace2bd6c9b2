"""Seamark in front of an agent, a world that changes, and two who ask."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.coherence.measured import Measurement, asking
from tests.coherence.telling import telling
from tests.coherence.world import World
from tests.commands import Running
from tests.lab.consul import ConsulAgent
from tests.waits import pause

RATE = 10_000
# Of whoever asks Consul itself, for comparison: the rest of the host is to be ours.
CONSULS_RATE = 2_000
# Until every name has been asked for often enough to be watched, and that is settled.
_WARM_S = 2.5
SERVICES, NODES = 24, 8


def proxy(agent: ConsulAgent, **variables: Any) -> Running:
    """Seamark's proxy in front of an agent."""
    return Running(
        "dnsproxy",
        *("--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"),
        *("--consul-dns", agent.dns_address, "--consul-http", f"http://{agent.http_address}"),
        **variables,
    )


@contextmanager
def measuring(
    asked: ConsulAgent, world: World, draw: random.Random, **variables: Any
) -> Iterator[Measurement]:
    """A proxy in front of that agent, two who ask, and one who waits for its changes."""
    names = [named.name for named in world.names]
    host, _, port = asked.dns_address.rpartition(":")
    with (
        proxy(asked, **variables) as running,
        asking("127.0.0.1", running.port, RATE, names) as ours,
        asking(host, int(port), CONSULS_RATE, names) as consuls,
        telling(asked.http_address, [named.service for named in world.names]) as told,
    ):
        pause(_WARM_S)
        yield Measurement(world, ours, consuls, told, draw)
        ours.end()
        consuls.end()
    print(f"{ours.sent} questions, {ours.sent - ours.received} without a reply")
