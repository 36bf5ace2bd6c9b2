"""The fake agent's own process: `python -m tests.scale.agent_server PORT NODE`.

A real agent takes longer for a write the more services it has: 10,000 first ones take it minutes.
This one keeps them in a table, so that what is seen is what the registrar needs for itself.
"""

import asyncio
import sys
from typing import Any
from urllib.parse import unquote

from tests.scale.http_server import Answer, Request, answer_json, serve_connection

_LONGEST_WAIT_S = 300.0


class AgentServer:
    """The services of one node, without checks, and an index that counts their changes."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.index = 1
        self.writes = 0
        self.services: dict[str, dict[str, Any]] = {}
        self._changed = asyncio.Condition()

    async def serve(self, port: int) -> None:
        """Listen until the process is ended."""
        server = await asyncio.start_server(
            lambda reader, writer: serve_connection(reader, writer, self._answer),
            "127.0.0.1",
            port,
            limit=2**20,
        )
        await server.serve_forever()

    async def _answer(self, request: Request) -> Answer:
        path = request.path.removeprefix("/v1/")
        if request.method == "PUT":
            return await self._write(path, request)
        await self._wait(request.query)
        return self._read(path)

    async def _write(self, path: str, request: Request) -> Answer:
        verb, _, service_id = path.removeprefix("agent/service/").partition("/")
        self.writes += 1
        if verb == "register":
            body = request.json()
            service_id = body.get("ID") or body["Name"]
            self.services[service_id] = _as_listed(service_id, body)
        elif verb == "deregister":
            self.services.pop(unquote(service_id), None)
        async with self._changed:
            self.index += 1
            self._changed.notify_all()
        return Answer(b"")

    async def _wait(self, query: dict[str, str]) -> None:
        """Consul's blocking query: answer when there is something newer than the index asked."""
        seen = int(query.get("index") or 0)
        if seen < self.index:
            return
        limit = float(query.get("wait", "").rstrip("s") or _LONGEST_WAIT_S)
        try:
            async with asyncio.timeout(limit), self._changed:
                await self._changed.wait_for(lambda: self.index > seen)
        except TimeoutError:
            return

    def _read(self, path: str) -> Answer:
        node = {"Node": self.node, "Address": "127.0.0.1", "Datacenter": "dc1"}
        parts: dict[str, Any] = {
            "agent/services": self.services,
            "agent/checks": {},
            "agent/self": {
                "Config": {"NodeName": self.node, "Datacenter": "dc1", "Version": "1.8.7"},
                "Member": {"Name": self.node, "Addr": "127.0.0.1"},
                "Stats": {"agent": {"services": str(len(self.services))}},
            },
            "status/leader": "127.0.0.1:8300",
            f"catalog/node/{self.node}": {"Node": node, "Services": self.services},
            f"health/node/{self.node}": [],
            "writes": self.writes,
        }
        if path not in parts:
            return answer_json({"message": f"the fake agent has no {path}"}, 404)
        found = answer_json(parts[path])
        found.fields = {"X-Consul-Index": str(self.index)}
        return found


def _as_listed(service_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """A registration as `/v1/agent/services` gives it back."""
    return {
        "ID": service_id,
        "Service": body["Name"],
        "Tags": body.get("Tags") or [],
        "Meta": body.get("Meta") or {},
        "Port": body.get("Port") or 0,
        "Address": body.get("Address") or "",
        "TaggedAddresses": body.get("TaggedAddresses") or {},
        "Weights": body.get("Weights") or {"Passing": 1, "Warning": 1},
        "EnableTagOverride": bool(body.get("EnableTagOverride")),
        "Datacenter": "dc1",
    }


def main() -> None:
    """Serve until ended."""
    asyncio.run(AgentServer(sys.argv[2]).serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
