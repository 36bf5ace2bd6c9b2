"""A status server to ask over real HTTP."""

import contextlib
import http.client
import json
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import gevent
from prometheus_client.parser import text_string_to_metric_families

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.observer import Observer
from seamark.reloading import Reloads
from seamark.status.parts import Parts
from seamark.status.sampling import Sampler
from seamark.status.server import StatusServer
from seamark.status.services import of_consul
from seamark.status.site import Told
from tests.seamark.watched import Host

T = TypeVar("T")
Answer = tuple[int, http.client.HTTPMessage, str]


class Status:
    """A status server in this process, asked by a thread while the loop turns."""

    def __init__(
        self,
        observer: Observer | None,
        hosts: Callable[[], Collection[str]] = tuple,
        registrar: Host | None = None,
    ) -> None:
        parts = Parts(Sampler(observer, dict), lambda: {"dns": ""}, observer=observer)
        if registrar is not None:
            parts = replace(
                parts,
                sampler=Sampler(observer, lambda: registrar.view.changes),
                registrar=registrar,
                catalog=of_consul("here", lambda: registrar.view, None),
            )
        told = Told(parts, Reloads(), hosts=hosts)
        self.server = StatusServer(Endpoint("127.0.0.1", 0), told)
        self._threads = ThreadPoolExecutor(1)

    def aside(self, task: Callable[[], T]) -> T:
        """Have a thread do what waits."""
        done = self._threads.submit(task)
        with gevent.Timeout(20):
            while not done.done():
                gevent.sleep(0.002)
        return done.result()

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Status, headers and body."""

        def ask() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            try:
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read().decode()
            finally:
                connection.close()

        return self.aside(ask)

    def queries(self, parameters: str = "") -> list[dict[str, Any]]:
        """What /api/queries shows."""
        status, _, body = self.get(f"/api/queries{parameters}")
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    def samples(self) -> dict[tuple[str, ...], float]:
        """Name and label values, by the labels' alphabet, of each sample -> its value."""
        _, _, body = self.get("/metrics")
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }


@contextlib.contextmanager
def counting_turns() -> Iterator[list[int]]:
    """How often the loop turns meanwhile, as the one number of the list."""
    turns = [0]

    def turn() -> None:
        turns[0] += 1

    watcher = gevent.get_hub().loop.prepare()
    watcher.start(turn)
    try:
        yield turns
    finally:
        watcher.close()
