"""Containers of a real engine: from `docker start` to Consul, from `docker kill` to gone.

Both products follow the same engine at the same time, each with an agent of its own, so that one
container gives both their figures. The engine's part is what passes until its own event is there:
before that nobody but the engine can know.
"""

import json
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from bench.figures import Row, Section, spread
from bench.measuring import Kept, Threads, moment, say, step
from bench.registrar.products import Product, Running
from tests.lab.consul import ConsulAgent
from tests.lab.engine import LABEL, Engine, open_engine
from tests.lab.images import dummy_http_image
from tests.lab.shell import LabError, pause

_LIMIT_S = 10.0
_EVERY_S = 0.001
_EVENT_LIMIT_S = 30.0
_UNTIL_LISTENING_S = 2.0
# Nobody's first container is measured: images, caches and connections are cold.
_WARM_UP = 2

# Measurement -> seconds, one for each container.
Samples = defaultdict[str, list[float]]


class Events:
    """The engine's events as they come, each with the moment when it was seen."""

    def __init__(self, path: str) -> None:
        self._connection = Kept(path, timeout=3600)
        self._seen: dict[tuple[str, str], float] = {}
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._connection.request("GET", '/events?filters={"type":["container"]}')
        threading.Thread(target=self._follow, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection.sock is not None:
            self._connection.sock.close()

    def wait(self, container_id: str, action: str) -> float:
        """The moment when that event was seen. Raises LabError if it does not come."""
        key = (container_id, action)
        with self._changed:
            if not self._changed.wait_for(lambda: key in self._seen, _EVENT_LIMIT_S):
                raise LabError(f"the engine told no `{action}` of {container_id[:12]}")
            return self._seen[key]

    def _follow(self) -> None:
        rest = b""
        try:
            reply = self._connection.getresponse()
            while data := reply.read1(65536):
                now = time.monotonic()
                *lines, rest = (rest + data).split(b"\n")
                with self._changed:
                    for event in map(json.loads, filter(None, lines)):
                        self._seen[event["Actor"]["ID"], event["Action"]] = now
                    self._changed.notify_all()
        except (OSError, ValueError, HTTPException):
            return  # closed by us, or the engine is


def measure(products: list[Product], consul: Path, count: int) -> Section:
    """Start and kill ``count`` containers, one after the other."""
    samples: Samples = defaultdict(list)
    with ExitStack() as stack, step(f"{count} containers of a real engine"):
        engine = stack.enter_context(open_engine())
        image = dummy_http_image(engine)
        agents = {}
        for product in products:
            agent = stack.enter_context(ConsulAgent(consul, node=product.name))
            agents[product] = agent.http_address
            running = stack.enter_context(Running(product, engine.url, agent.http_address))
            pause(_UNTIL_LISTENING_S)
            say(f"{product.name} runs, pid {running.pid}")
        path = urlsplit(engine.url).path
        events = stack.enter_context(Events(path))
        for number in range(-_WARM_UP, count):
            found = _one(engine, path, image, number + _WARM_UP, events, agents)
            if number >= 0:
                for key, seconds in found.items():
                    samples[key].append(seconds)
    return _section(products, samples, count)


def _one(
    engine: Engine,
    path: str,
    image: str,
    number: int,
    events: Events,
    agents: dict[Product, str],
) -> dict[str, float]:
    """One container's life; seconds, none for what did not come within the limit."""
    name = f"bench{number}"
    flags = ["--label", LABEL, "--name", name, "-p", "8080"]
    container_id = engine.docker("create", *flags, image, name).stdout.strip()
    found: dict[str, float] = {}
    # `docker start` and `docker kill` without the client's own start: the call that they make.
    for order in ("start", "kill"):
        threads = Threads()
        for product, address in agents.items():
            service_id = f"{product.host}:{name}:8080"
            threads.run(product.name, _seen, events, (container_id, order), address, service_id)
        begin = time.monotonic()
        with Kept(path) as connection:
            connection.order("POST", f"/containers/{container_id}/{order}")
        moments = threads.wait()
        told_at = events.wait(container_id, order)
        found[f"{order} engine"] = told_at - begin
        for key, at in moments.items():
            if at is None:
                say(f"{name}: {key}: not seen {_LIMIT_S:.0f} s after `{order}`")
                continue
            found[f"{order} {key}"] = at - begin
            found[f"{order} {key} own"] = at - told_at
        if order == "kill":
            found["die engine"] = events.wait(container_id, "die") - begin
    engine.docker("rm", "-f", container_id)
    return found


def _seen(events: Events, told: tuple[str, str], address: str, service_id: str) -> float | None:
    """When an agent had a started service, or had a killed one no longer.

    It is looked for from the engine's word on: nobody can know earlier.
    """
    with Kept(address) as agent:
        agent.services()  # the connection is open before it is needed
        events.wait(*told)
        expected = told[1] == "start"
        return moment(lambda: agent.has_service(service_id) is expected, _LIMIT_S, _EVERY_S)


def _section(products: list[Product], samples: Samples, count: int) -> Section:
    section = Section(f"A container's start and end ({count} on a real engine; p50 / p99)")
    lines = {
        "start -> in Consul": "start {}",
        "  of it, until the engine's `start` event": "start engine",
        "  of it, the rest": "start {} own",
        "`docker kill` -> gone": "kill {}",
        "  of it, until the engine's `kill` event": "kill engine",
        "  of it, until the engine's `die` event": "die engine",
        "  after the `kill` event": "kill {} own",
    }
    for figure, key in lines.items():
        raw = {product.name: samples[key.format(product.name)] for product in products}
        section.rows.append(Row(figure, {name: _words(raw[name], count) for name in raw}, raw))
    return section


def _words(values: list[float], count: int) -> str:
    missing = count - len(values)
    return spread(values) + (f" ({missing} never)" if missing else "")
