"""The fake engine's events: told to all who follow them, as an engine of API 1.41 words them."""

import asyncio
import json
import time
from collections import deque
from typing import Any

from tests.scale.http_server import Request, chunk, start_of_stream
from tests.scale.recorded import FakeContainer

# What an engine keeps for clients that ask for the past.
_KEPT = 256


class EventStreams:
    """Who follows the events, and the last of them."""

    def __init__(self) -> None:
        self.told = 0
        self._followers: dict[asyncio.StreamWriter, tuple[dict[str, Any], asyncio.Event]] = {}
        self._past: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._fault = ""
        self._held: list[dict[str, Any]] = []

    def follow(self, request: Request) -> None:
        """Begin a stream; what happened since the moment that the client names comes first."""
        wanted = json.loads(request.query.get("filters") or "{}")
        request.writer.write(start_of_stream())
        since = float(request.query.get("since") or 0)
        if since:
            for event in self._past:
                if event["timeNano"] >= since * 1e9 and _matches(event, wanted):
                    request.writer.write(_line(event))
        self._followers[request.writer] = (wanted, asyncio.Event())

    async def until_cut(self, request: Request) -> None:
        """Return when the stream was cut, or its client has left."""
        _, cut = self._followers[request.writer]
        ends = {asyncio.ensure_future(cut.wait()), asyncio.ensure_future(request.reader.read())}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        # A client that left with its stream unread has reset the connection.
        await asyncio.gather(*ends, return_exceptions=True)
        del self._followers[request.writer]

    def cut(self) -> None:
        """End all streams, as an engine does that restarts or that a client lags behind."""
        for _, cut in self._followers.values():
            cut.set()

    def hold(self, fault: str) -> None:
        """`stall`: keep events back until the fault is over; `lose`: drop them; empty: neither."""
        self._fault = fault
        if not fault:
            held, self._held = self._held, []
            for event in held:
                self._send(event)

    def started(self, container: FakeContainer) -> None:
        """What an engine tells of `docker start`."""
        self._network(container, "connect")
        self.tell(container, "start")

    def ended(self, container: FakeContainer) -> None:
        """What it tells of `docker kill`."""
        self.tell(container, "kill", signal="9")
        self.tell(container, "die", exitCode="137")
        self._network(container, "disconnect")

    def tell(self, container: FakeContainer, action: str, **attributes: str) -> None:
        """One event about a container."""
        event = {
            "status": action,
            "id": container.id,
            "from": "dummy-http",
            "Type": "container",
            "Action": action,
            "Actor": {
                "ID": container.id,
                "Attributes": {"image": "dummy-http", "name": container.name, **attributes},
            },
        }
        self._happen(event)

    def _network(self, container: FakeContainer, action: str) -> None:
        attributes = {"container": container.id, "name": "bridge", "type": "bridge"}
        actor = {"ID": "b" * 64, "Attributes": attributes}
        self._happen({"Type": "network", "Action": action, "Actor": actor})

    def _happen(self, event: dict[str, Any]) -> None:
        now = time.time_ns()
        event |= {"scope": "local", "time": now // 10**9, "timeNano": now}
        self.told += 1
        self._past.append(event)
        if self._fault == "stall":
            self._held.append(event)
        elif not self._fault:
            self._send(event)

    def _send(self, event: dict[str, Any]) -> None:
        line = _line(event)
        for writer, (wanted, _) in self._followers.items():
            if _matches(event, wanted):
                writer.write(line)


def _line(event: dict[str, Any]) -> bytes:
    return chunk(json.dumps(event).encode() + b"\n")


def _matches(event: dict[str, Any], wanted: dict[str, Any]) -> bool:
    types, actions = list(wanted.get("type", ())), list(wanted.get("event", ()))
    # `health_status: healthy` is an event `health_status` to an engine's filter.
    action = event["Action"].partition(":")[0]
    return (not types or event["Type"] in types) and (not actions or action in actions)
