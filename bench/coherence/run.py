"""Random changes on real servers under load: at one, at one that follows, across a restart."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import say
from tests.coherence.measured import Measurement, Seen
from tests.coherence.stand import NODES, SERVICES, measuring
from tests.coherence.world import World
from tests.lab.consul import ConsulAgent, find_consul
from tests.lab.consul_servers import consul_servers, follower

_TOLD_EACH = 100


@dataclass(frozen=True, slots=True)
class Extent:
    """How many changes in each scene."""

    changes: int = 1000


QUICK = Extent(60)


@dataclass(frozen=True, slots=True)
class Scene:
    """What was seen under one heading."""

    title: str
    seen: list[Seen]


def run(extent: Extent, which: str) -> Iterator[Scene]:
    """Scene by scene, as each is done. Raises LabError."""
    binary = find_consul(which)
    draw = random.Random()
    yield Scene("one server", _one_server(binary, extent, draw))
    yield Scene("three servers, one that follows is asked", _follower(binary, extent, draw))
    yield from _restart(binary, extent, draw)


def _one_server(binary: Path, extent: Extent, draw: random.Random) -> list[Seen]:
    with (
        ConsulAgent(binary) as agent,
        measuring(agent, World(agent, SERVICES, NODES, draw), draw) as measurement,
    ):
        return _changes(measurement, extent.changes)


def _follower(binary: Path, extent: Extent, draw: random.Random) -> list[Seen]:
    with consul_servers(binary) as agents:
        asked = follower(agents)
        changed = next(agent for agent in agents if agent is not asked)
        world = World(changed, SERVICES, NODES, draw)
        with measuring(asked, world, draw) as measurement:
            return _changes(measurement, extent.changes)


def _restart(binary: Path, extent: Extent, draw: random.Random) -> Iterator[Scene]:
    with ConsulAgent(binary, persistent=True) as agent:
        world = World(agent, SERVICES, NODES, draw, checked=False)
        with measuring(agent, world, draw) as measurement:
            before = _changes(measurement, extent.changes // 2)
            agent.restart()
            after = _changes(measurement, extent.changes // 2)
    yield Scene("before a restart of the agent", before)
    yield Scene("as soon as the agent is back", after)


def _changes(measurement: Measurement, count: int) -> list[Seen]:
    def tell(done: int) -> None:
        if done % _TOLD_EACH == 0 or done == count:
            say(f"{done} of {count} changes")

    return measurement.run(count, tell)


def raw(scenes: Iterable[Scene]) -> dict[str, list[dict[str, object]]]:
    """Every change, for who wants to look closer; seconds."""
    return {
        scene.title: [
            {
                "kind": str(each.change.kind),
                "stale_s": each.stale_s,
                "heard_s": each.heard_s,
                "consul_s": each.consul_s,
                "current": each.current,
            }
            for each in scene.seen
        ]
        for scene in scenes
    }
