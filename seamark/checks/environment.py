"""What is around the settings, all parts at a time, each with an end."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import gevent

from seamark import wiring
from seamark.checks import consul, engine, host, ports, upstreams
from seamark.checks.findings import Finding, State
from seamark.errors import SeamarkError
from seamark.settings import Settings

# An agent's calls have 8 s each; who waits longer for a whole part has other troubles.
LIMIT_S = 20.0
Look = Callable[[], Iterable[Finding]]


class Looks:
    """Looks at everything around ``settings``; ``environment`` holds CONSUL_* and DOCKER_*."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        registry = wiring.registry(settings, environment)
        looks: dict[str, Look] = {
            ports.PART: partial(ports.check_ports, settings),
            engine.PART: partial(engine.check_engine, settings, environment),
            consul.PART: partial(consul.check_consul, settings, registry, environment),
            upstreams.PART: partial(upstreams.check_upstreams, settings),
            host.PART: partial(host.check_host, settings, time.time()),
        }
        self._going = {name: gevent.spawn(_looked, name, look) for name, look in looks.items()}

    @property
    def unfinished(self) -> list[str]:
        """The parts that are still looked at."""
        return [name for name, greenlet in self._going.items() if not greenlet.ready()]

    def findings(self) -> Iterator[Finding]:
        """All of them, part by part in order, as soon as they are there."""
        for greenlet in self._going.values():
            yield from greenlet.get()


def _looked(name: str, look: Look) -> list[Finding]:
    """What a look finds, up to where it ends for whatever reason."""
    found: list[Finding] = []
    late = f"not done within {LIMIT_S:.0f} s"
    try:
        with gevent.Timeout(LIMIT_S, TimeoutError(late)):
            # One by one: what was found before the end counts.
            for finding in look():
                found.append(finding)  # noqa: PERF402
    except TimeoutError as error:
        found.append(Finding(name, State.FAIL, name, str(error), "is the network slow? try again"))
    except SeamarkError as error:
        found.append(Finding(name, State.FAIL, name, str(error), error.hint))
    return found
