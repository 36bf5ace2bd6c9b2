"""A fake Consul agent for more services than a real one takes in minutes, in its own process."""

import http.client
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.consul import free_ports
from tests.lab.shell import LabError, end
from tests.scale.process import start_fake


class FakeAgent:
    """The agent; a context manager. Asked like the lab's ConsulAgent, it has no DNS."""

    def __init__(self, node: str = "node1") -> None:
        self.node = node
        self._folder = Path(tempfile.mkdtemp(prefix="seamark-fake-agent-"))
        self._port = free_ports(1)[0]
        self.http_address = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = start_fake(
            "tests.scale.agent_server",
            str(self._port),
            self.node,
            log=self._folder / "log",
            answers=lambda: self.get("agent/self"),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            end(self._process, timeout=5)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def writes(self) -> int:
        """How many writes it was asked for."""
        return int(self.get("writes"))

    def get(self, path: str) -> Any:
        """The JSON of /v1/<path>."""
        connection = http.client.HTTPConnection(self.http_address, timeout=30)
        try:
            connection.request("GET", f"/v1/{path}")
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status != 200:
            raise LabError(f"fake agent: GET /v1/{path}: {reply.status} {text!r}")
        return json.loads(text)
