"""One host of the cluster: a network namespace and a name, an engine, an agent, Seamark."""

import json
import signal
from collections.abc import Sequence
from contextlib import ExitStack, closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.commands import ROOT, Running
from tests.lab.daemon import Daemon, version_of
from tests.lab.engine import Engine
from tests.lab.namespaces import Namespace, host_prefix
from tests.lab.shell import LabError, cache_dir, end, run, spawn

CONF = ROOT / "conf" / "cluster"
RUN_DIR = Path("/run/seamark-cluster")
CONSUL_HTTP = "127.0.0.1:8500"
# Its own choice, said so that it is told in the network's settings.
_FLAGS = ("--bip=172.17.0.1/16",)


class Host(Namespace):
    """node1 to node3, at 172.20.20.10 to .30; ``outside`` is whom it forwards other names to."""

    def __init__(self, number: int, outside: str) -> None:
        super().__init__(f"seamark-node{number}")
        self.node = f"node{number}"
        self.address = f"172.20.20.{number}0"
        self.service = f"svc{number}.service.consul"
        self.folder = RUN_DIR / self.node
        self.prefix = host_prefix(self.name, self.node)
        self._outside = outside
        self._engine: Engine | None = None
        self._agent: Popen[bytes] | None = None
        self._ended = ExitStack()
        self.seamark: Running | None = None

    @property
    def engine(self) -> Engine:
        """Its container engine."""
        assert self._engine is not None
        return self._engine

    def launch(self, consul: Path, overlays: Sequence[str]) -> None:
        """Start engine and agent, and wait for neither; ``overlays`` are files of conf/cluster."""
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        data = cache_dir() / "cluster" / self.node
        data.mkdir(parents=True, exist_ok=True)
        self._daemon = Daemon(self.folder, data, RUN_DIR / f"{self.node}.log", _FLAGS, self.prefix)
        self._ended.callback(self._daemon.stop)
        self._daemon.launch()
        files = [CONF / f"{name}.hcl" for name in ("every-host", self.node, *overlays)]
        words = [f"-config-file={path}" for path in files]
        self._consul: list[str | Path] = [
            consul,
            "agent",
            *words,
            f"-data-dir={self.folder / 'consul'}",
        ]
        self._ended.callback(self.kill_agent)
        self.start_agent()

    def wait_for_engine(self) -> None:
        """Until it answers; it may still have the containers of a run that was killed."""
        self._daemon.wait()
        version = version_of(self._daemon.url) or "unknown"
        self._engine = Engine(self._daemon.url, version=version)
        self._ended.callback(self._engine.close)
        self._engine.remove_containers()

    def start_seamark(self) -> None:
        """`seamark up consul://127.0.0.1:8500`, on port 53 of every address."""
        flags = ["--docker", self.engine.url, "--upstream", self._outside]
        self.seamark = Running(
            "seamark", "up", f"consul://{CONSUL_HTTP}", *flags, prefix=self.prefix
        )
        self._ended.enter_context(self.seamark)

    def close(self) -> None:
        """End everything on it, and remove its containers."""
        if self._engine is not None:
            self._engine.remove_containers()
        self._ended.close()

    def run(self, *words: str | Path, timeout: float = 30) -> str:
        """Run a command on the host to its end, `docker` of its own engine; what it prints."""
        done = run([*self.prefix, *words], env=self.engine.env, timeout=timeout, check=False)
        return done.stdout

    def start_agent(self) -> None:
        """Start Consul's agent, with what it knew."""
        self._agent = spawn([*self.prefix, *self._consul], RUN_DIR / f"{self.node}-consul.log")

    def restart_agent(self) -> None:
        """End it as an init system does, and start it again."""
        self._end_agent(signal.SIGTERM)
        self.start_agent()

    def kill_agent(self) -> None:
        """End it without a chance to say goodbye."""
        self._end_agent(signal.SIGKILL)

    def _end_agent(self, sign: int) -> None:
        if self._agent is not None:
            end(self._agent, 10, sign)
            self._agent = None

    def get(self, path: str) -> Any:
        """What the agent's HTTP API answers to a GET of /v1/<path>. Raises LabError."""
        try:
            status, body = self.inside(lambda: _fetch(f"/v1/{path}"))
            if status == HTTPStatus.OK:
                return json.loads(body)
            problem = f"{status}: {body.decode(errors='replace')}"
        except (OSError, HTTPException, ValueError) as error:
            problem = str(error)
        raise LabError(f"{self.node}: Consul: GET /v1/{path}: {problem}")


def _fetch(path: str) -> tuple[int, bytes]:
    with closing(HTTPConnection(CONSUL_HTTP, timeout=5)) as connection:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
