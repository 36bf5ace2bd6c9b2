"""A fake engine with as many containers as are asked for, in a process of its own.

A real HTTP server on a Unix socket that replays what a real engine said of real containers.
"""

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.shell import LabError, end
from tests.scale.process import start_fake
from tests.scale.recorded import FakeContainer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: ``list``, ``inspect``, ``events`` and so on, its times on the monotonic clock.

    A stream of events stands there when it begins, and as ``events-end`` when it ends.
    """

    kind: str
    status: int
    begin: float
    end: float


class FakeEngine:
    """The engine; a context manager. ``host`` is what it calls the host it runs on."""

    def __init__(self, host: str = "host1") -> None:
        self.host = host
        self._folder = Path(tempfile.mkdtemp(prefix="seamark-fake-engine-"))
        self.path = self._folder / "docker.sock"
        self.url = f"unix://{self.path}"
        self.running: dict[str, FakeContainer] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        self._process = start_fake(
            "tests.scale.engine_server",
            self.path,
            self.host,
            log=self._folder / "log",
            answers=lambda: self.ask("/version"),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its process, and remove its socket."""
        if self._process is not None:
            end(self._process, timeout=5)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, containers: Iterable[FakeContainer], *, quiet: bool = False) -> None:
        """They run now, with the events of it; ``quiet``: they ran before."""
        begun = list(containers)
        self._order("start", containers=_numbers(begun), quiet=quiet)
        self.running |= {container.id: container for container in begun}

    def end(
        self, containers: Iterable[FakeContainer], *, remove: bool = False, quiet: bool = False
    ) -> None:
        """They were killed; ``remove``: and are not even there any more."""
        ended = list(containers)
        self._order("end", containers=_numbers(ended), remove=remove, quiet=quiet)
        for container in ended:
            self.running.pop(container.id, None)

    def burst(self, count: int, action: str = "top") -> None:
        """So many events at once, about containers that run, that change nothing."""
        self._order("events", count=count, action=action)

    def fail(
        self,
        *,
        events: str = "",
        inspect_status: int = 200,
        inspect_delay_s: float = 0.0,
        list_delay_s: float = 0.0,
    ) -> None:
        """The faults from now on, in place of those before; without arguments, none.

        ``events`` is `stall` (kept back until the fault is over) or `lose`.
        """
        self._order(
            "faults",
            events=events,
            inspect_status=inspect_status,
            inspect_delay_s=inspect_delay_s,
            list_delay_s=list_delay_s,
        )

    def cut_events(self) -> None:
        """End every stream of events."""
        self._order("cut")

    def journal(self, *, forget: bool = False) -> list[Asked]:
        """Every request so far, in the order of their ends; ``forget``: for the last time."""
        asked = self._ask("GET", f"/_control/journal{'?forget=1' if forget else ''}")
        return [Asked(*entry) for entry in asked]

    def counts(self) -> Counter[str]:
        """How many requests of each kind there were."""
        return Counter(asked.kind for asked in self.journal())

    def ask(self, path: str) -> Any:
        """What the Engine API answers to a GET."""
        return self._ask("GET", path)

    def _order(self, order: str, **arguments: Any) -> None:
        self._ask("POST", f"/_control/{order}", arguments)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.path))
            connection.request(method, path, json.dumps(body) if body is not None else None)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise LabError(f"fake engine: {method} {path}: {reply.status} {text!r}")
        return json.loads(text)


def _numbers(containers: list[FakeContainer]) -> list[tuple[int, str]]:
    return [(container.number, container.kind) for container in containers]
