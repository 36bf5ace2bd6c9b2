"""The fake engine's own process: `python -m tests.scale.engine_server SOCKET`.

A process of its own, so that what it costs is not measured as ours. Under ``/_control`` the test
tells it what happens; everything else is the Engine API, as far as a registrar asks.
"""

import asyncio
import json
import re
import sys
import time
from collections import deque
from typing import Any

from tests.scale.engine_events import EventStreams
from tests.scale.http_server import Answer, Request, answer_json, serve_connection
from tests.scale.recorded import FakeContainer

_VERSION = {
    "Version": "20.10.24",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.12",
    "Os": "linux",
    "Arch": "amd64",
    "KernelVersion": "6.1.0",
}
_JOURNAL_LENGTH = 400_000


class EngineServer:
    """Containers, who follows their events, and what was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.running: dict[str, FakeContainer] = {}
        self.stopped: dict[str, FakeContainer] = {}
        self.names: dict[str, str] = {}
        self.streams = EventStreams()
        self.faults: dict[str, Any] = {}
        # Kind of request, status, begin and end on the monotonic clock, which all processes share.
        self.journal: deque[tuple[str, int, float, float]] = deque(maxlen=_JOURNAL_LENGTH)
        self._entries: dict[str, bytes] = {}
        self._listing = b""

    async def serve(self, path: str) -> None:
        """Listen on a Unix socket until the process is ended."""
        server = await asyncio.start_unix_server(
            lambda reader, writer: serve_connection(reader, writer, self._answer), path, limit=2**20
        )
        await server.serve_forever()

    async def _answer(self, request: Request) -> Answer | None:
        if request.path.startswith("/_control/"):
            return self._control(request)
        begin = time.monotonic()
        path = re.sub(r"^/v[0-9.]+(?=/)", "", request.path)
        kind, answer = await self._engine(path, request)
        status = 200 if answer is None else answer.status
        self.journal.append((kind, status, begin, time.monotonic()))
        return answer

    # -- the Engine API ------------------------------------------------------------------------

    async def _engine(self, path: str, request: Request) -> tuple[str, Answer | None]:
        fixed: dict[str, Any] = {"/version": _VERSION, "/info": self._info()}
        if path in fixed:
            return path[1:], answer_json(fixed[path])
        if path == "/_ping":
            return "ping", Answer(b"OK", kind="text/plain")
        if path == "/events":
            self.streams.follow(request)
            # The answer ends when the client leaves or the test cuts it.
            self.journal.append(("events", 200, time.monotonic(), time.monotonic()))
            await self.streams.until_cut(request)
            return "events-end", None
        if path == "/containers/json":
            return "list", await self._list(request)
        found = re.fullmatch(r"/containers/([^/]+)/json", path)
        if found:
            return "inspect", await self._inspect(found[1])
        return "other", answer_json({"message": "page not found"}, 404)

    def _info(self) -> dict[str, Any]:
        running, stopped = len(self.running), len(self.stopped)
        return {
            "Name": self.name,
            "ServerVersion": _VERSION["Version"],
            "Containers": running + stopped,
            "ContainersRunning": running,
            "ContainersStopped": stopped,
            "OSType": "linux",
        }

    async def _list(self, request: Request) -> Answer:
        await asyncio.sleep(self.faults.get("list_delay_s", 0))
        wanted: dict[str, Any] = json.loads(request.query.get("filters") or "{}")
        everything = request.query.get("all", "0").lower() in {"1", "true"}
        if not wanted and not (everything and self.stopped):
            self._listing = self._listing or self._joined(list(self.running.values()))
            return Answer(self._listing)
        chosen = list(self.running.values()) + (list(self.stopped.values()) if everything else [])
        return Answer(self._joined([found for found in chosen if _matches(found, wanted)]))

    def _joined(self, containers: list[FakeContainer]) -> bytes:
        """The newest first, as an engine has them; entries are asked for again and again."""
        entries = []
        for container in reversed(containers):
            entry = self._entries.get(container.id)
            if entry is None:
                entry = self._entries[container.id] = container.listing()
            if container.id in self.stopped:
                entry = entry.replace(b'"State": "running"', b'"State": "exited"')
            entries.append(entry)
        return b"[" + b",".join(entries) + b"]"

    async def _inspect(self, key: str) -> Answer:
        await asyncio.sleep(self.faults.get("inspect_delay_s", 0))
        status = self.faults.get("inspect_status", 200)
        if status != 200:
            return answer_json({"message": "a fault of the test's"}, status)
        container_id = self.names.get(key, key)
        if container_id in self.running:
            return Answer(self.running[container_id].inspect())
        if container_id in self.stopped:
            return answer_json(_ended(self.stopped[container_id]))
        return answer_json({"message": f"No such container: {key}"}, 404)

    # -- what the test says ----------------------------------------------------------------------

    def _control(self, request: Request) -> Answer:
        match request.path.removeprefix("/_control/"):
            case "start":
                self._start(request.json())
            case "end":
                self._end(request.json())
            case "events":
                self._burst(request.json())
            case "faults":
                self.faults = request.json()
                self.streams.hold(self.faults.get("events", ""))
            case "cut":
                self.streams.cut()
            case "journal":
                taken = list(self.journal)
                if request.query.get("forget"):
                    self.journal.clear()
                return answer_json(taken)
            case other:
                return answer_json({"message": f"unknown: {other}"}, 404)
        return answer_json({"events": self.streams.told})

    def _start(self, order: dict[str, Any]) -> None:
        """Containers begin to run, with the engine's events unless they ran before."""
        self._listing = b""
        for number, kind in order["containers"]:
            container = FakeContainer(number, kind)
            self.stopped.pop(container.id, None)
            self.running[container.id] = container
            self.names[container.name] = container.id
            if not order.get("quiet"):
                self.streams.started(container)

    def _end(self, order: dict[str, Any]) -> None:
        """Containers end, killed by a signal; `remove` as after `docker run --rm`."""
        self._listing = b""
        for number, kind in order["containers"]:
            container = FakeContainer(number, kind)
            if self.running.pop(container.id, None) is None:
                continue
            self.stopped[container.id] = container
            if not order.get("quiet"):
                self.streams.ended(container)
            if order.get("remove"):
                del self.stopped[container.id], self.names[container.name]
                if not order.get("quiet"):
                    self.streams.tell(container, "destroy")

    def _burst(self, order: dict[str, Any]) -> None:
        """Events that change nothing, about running containers in turn."""
        containers = list(self.running.values())
        for number in range(order["count"]):
            self.streams.tell(containers[number % len(containers)], order["action"])


def _matches(container: FakeContainer, wanted: dict[str, Any]) -> bool:
    """The filters that are known; the engine takes a list of values or an object of them."""
    ids, names = list(wanted.get("id", ())), list(wanted.get("name", ()))
    by_id = not ids or any(container.id.startswith(value) for value in ids)
    return by_id and (not names or any(value.strip("/^$") in container.name for value in names))


def _ended(container: FakeContainer) -> dict[str, Any]:
    """The inspect document of a container that was killed."""
    document: dict[str, Any] = json.loads(container.inspect())
    document["State"] |= {"Status": "exited", "Running": False, "Pid": 0, "ExitCode": 137}
    document["NetworkSettings"]["Ports"] = {}
    return document


def main() -> None:
    """Serve until ended."""
    asyncio.run(EngineServer(sys.argv[2]).serve(sys.argv[1]))


if __name__ == "__main__":
    main()
