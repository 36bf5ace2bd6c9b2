"""What is asked of the machine and of an agent while a bench runs."""

import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from seamark.bottom import BOTTOM
from tests.lab.shell import LabError, pause

_NO_FIELDS: Mapping[str, str] = {}
_TICKS = os.sysconf("SC_CLK_TCK")


def say(text: str) -> None:
    """Progress, on stderr: stdout is the table's."""
    with _Said.lock:
        with BOTTOM.aside():
            print(f"bench: {text}", file=sys.stderr, flush=True)
        _Said.text, _Said.since = text, time.monotonic()


class _Said:
    """What was said last, and when: most that is measured tells nothing for a minute."""

    text = ""
    since = 0.0
    lock = threading.Lock()


@contextmanager
def ticking() -> Iterator[None]:
    """At a terminal, tell below what was said last for how long that has gone on."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(1.0):
            with _Said.lock:
                BOTTOM.show(f"bench: {_Said.text}: {time.monotonic() - _Said.since:.0f} s")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        BOTTOM.erase()


def cpu_s(pid: int) -> float:
    """The processor time that a process has used so far, in steps of 10 ms."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def resident_mib(pid: int) -> float:
    """What a process has in memory now."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib) / 1024


class Kept(http.client.HTTPConnection):
    """One connection that is used again and again; a context manager.

    ``address`` is ``host:port`` of an agent, or the path of an engine's socket.
    """

    def __init__(self, address: str, timeout: float = 30.0) -> None:
        self._path = address if address.startswith("/") else ""
        super().__init__("localhost" if self._path else address, timeout=timeout)

    def connect(self) -> None:
        """Open it."""
        if not self._path:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        fields: Mapping[str, str] = _NO_FIELDS,
    ) -> tuple[int, bytes]:
        """Status and body of one request."""
        about = {"Content-Type": "application/json"} if body else {}
        self.request(method, path, body, {**fields, **about})
        reply = self.getresponse()
        return reply.status, reply.read()

    def json(self, path: str) -> Any:
        """What a GET answers."""
        status, text = self.call("GET", path)
        if status != 200:
            raise LabError(f"GET {path}: {status} {text[:200]!r}")
        return json.loads(text)

    def order(self, method: str, path: str, body: bytes | None = None) -> None:
        """A request that must succeed."""
        status, text = self.call(method, path, body)
        if status >= 300:
            raise LabError(f"{method} {path}: {status} {text[:200]!r}")

    def has_service(self, service_id: str) -> bool:
        """Whether an agent has a service with that id."""
        return self.call("GET", f"/v1/agent/service/{quote(service_id, safe='')}")[0] == 200

    def services(self) -> int:
        """How many services an agent has, Consul's own aside: a question that costs it little."""
        return int(self.json("/v1/agent/self")["Stats"]["agent"]["services"])


def registered(address: str) -> dict[str, int]:
    """What an agent has: service id -> port."""
    with Kept(address) as agent:
        found = agent.json("/v1/agent/services")
    return {key: value["Port"] for key, value in found.items() if value["Service"] != "consul"}


def moment(look: Callable[[], bool], limit_s: float, every_s: float) -> float | None:
    """The monotonic time when a look was true for the first time; None if not in the limit."""
    deadline = time.monotonic() + limit_s
    while not look():
        if time.monotonic() > deadline:
            return None
        pause(every_s)
    return time.monotonic()


class Threads:
    """Things that are looked for at the same time; each result under its own key."""

    def __init__(self) -> None:
        self.results: dict[str, Any] = {}
        self._faults: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def run(self, key: str, work: Callable[..., Any], *args: Any) -> None:
        """Begin."""

        def keep() -> None:
            try:
                self.results[key] = work(*args)
            except BaseException as fault:  # noqa: BLE001  (raised where it is waited for)
                self._faults.append(fault)

        self._threads.append(threading.Thread(target=keep, daemon=True))
        self._threads[-1].start()

    def wait(self) -> dict[str, Any]:
        """All results, or the first fault."""
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]
        return self.results


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    begin = time.monotonic()
    say(what)
    yield
    say(f"{what}: {time.monotonic() - begin:.0f} s")
