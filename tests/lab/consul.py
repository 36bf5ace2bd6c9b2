"""A real Consul server of the lab's own, on ports of its own, ended when the test is done."""

import json
import os
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.lab.consul_binary import WHICH, consul_version, find_consul, known_consul
from tests.lab.shell import LabError, end, log_tail, spawn, wait_until

__all__ = ["WHICH", "ConsulAgent", "consul_version", "find_consul", "free_ports", "known_consul"]

_START_LIMIT = 60.0
# What shuffles free ports, a source that nobody seeds: pytest-randomly seeds `random` alike in
# all workers before each test, and they would draw the same ports at the same moment.
_DRAW = random.SystemRandom().sample
_PORT_RANGE, _SHARES = range(20000, 30000), 16
_PORTS = ("http", "dns", "server", "serf_lan", "serf_wan")


class ConsulAgent:
    """One Consul server that is its own leader; use it as a context manager.

    advertise is the node's address as containers and DNS answers know it, client where HTTP and
    DNS listen (several addresses are separated by blanks). config is merged over the lab's own
    settings; config_files are read besides, in Consul's JSON or HCL, services among them.
    By default everything lives in memory and the leader is elected at once (Consul's -dev).
    With persistent=True it is a plain server: restart() finds its services and keys again.
    token is sent with each call of get() and put(), for an agent with ACLs.
    """

    def __init__(
        self,
        binary: Path,
        *,
        node: str = "node1",
        advertise: str = "127.0.0.1",
        client: str = "127.0.0.1",
        config: Mapping[str, Any] | None = None,
        config_files: Sequence[Path] = (),
        persistent: bool = False,
        token: str = "",
    ) -> None:
        self.binary = binary
        self.node = node
        self.version = consul_version(binary)
        self.advertise = advertise
        self.client = client
        self.folder = Path(tempfile.mkdtemp(prefix="seamark-consul-"))
        self.log = self.folder / "consul.log"
        self.ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self._config = dict(config or {})
        self._config_files = list(config_files)
        self._persistent = persistent
        self._token = token
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _host(self) -> str:
        first = self.client.split()[0]
        return "127.0.0.1" if first == "0.0.0.0" else first

    @property
    def http_address(self) -> str:
        """Where its HTTP API listens, as in CONSUL_HTTP_ADDR."""
        return f"{self._host}:{self.ports['http']}"

    @property
    def dns_address(self) -> str:
        """Where its DNS listens, UDP and TCP."""
        return f"{self._host}:{self.ports['dns']}"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of its process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def launch(self) -> None:
        """Start it and wait for nothing: one of several servers leads only beside the others."""
        settings = self.folder / "lab.json"
        settings.write_text(json.dumps(self._settings(), indent=1))
        files = [settings, *self._config_files]
        flags = [f"-config-file={path}" for path in files]
        if not self._persistent:
            flags.insert(0, "-dev")
        self._process = spawn([self.binary, "agent", *flags], self.log)

    def start(self) -> None:
        """Start it and wait until it leads and its DNS knows its own node."""
        self.launch()
        if not wait_until(lambda: not self.running or self.ready(), _START_LIMIT) or (
            not self.running
        ):
            self.kill()
            raise LabError(
                f"Consul {self.version} ({self.binary}) was not ready on {self.http_address} "
                f"within {_START_LIMIT:.0f} s; the end of its log:\n{log_tail(self.log)}"
            )

    def stop(self) -> None:
        """End it as an init system would; its data stays for restart()."""
        self._end(timeout=10)

    def kill(self) -> None:
        """End it without a chance to say goodbye, as a crash would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        self._end(timeout=5)

    def restart(self) -> None:
        """Stop it, if it still runs, and start it again on the same ports."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path: str) -> Any:
        """Return the JSON its HTTP API answers to a GET of /v1/<path>."""
        return self.call("GET", path)

    def put(self, path: str, body: Any = None) -> None:
        """PUT JSON to /v1/<path>: register a service, say, behind the product's back."""
        self.call("PUT", path, body)

    def signal(self, number: int) -> None:
        """Send its process a signal: SIGSTOP freezes it with its sockets open."""
        assert self._process is not None
        self._process.send_signal(number)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call its HTTP API; the JSON that it answers. A refusal is a LabError in its words."""
        request = urllib.request.Request(
            f"http://{self.http_address}/v1/{path.removeprefix('/v1/')}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"X-Consul-Token": self._token} if self._token else {},
        )
        # The machine's proxy settings are for the outside, never for this.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise LabError(f"Consul: {method} /v1/{path}: {error.code}: {said}") from error
        return json.loads(text) if text else None

    def ready(self) -> bool:
        """Whether it has a leader, its DNS knows its node, and its services are in the catalog."""
        try:
            if not self.get("status/leader"):
                return False
            # DNS has no token: with ACLs it may know nothing for good.
            if not self._token and not self._dns_knows_node():
                return False
            entry = self.get(f"catalog/node/{self.node}")
            return bool(entry) and set(self.get("agent/services")) <= set(entry["Services"])
        except (OSError, LabError):
            return False

    def _settings(self) -> dict[str, Any]:
        """Return Consul's configuration; what a test gives wins over it."""
        ports = {**self.ports, "grpc": -1, "https": -1}
        if tuple(map(int, self.version.split("."))) >= (1, 14):
            ports["grpc_tls"] = -1  # older ones refuse to know it, newer ones would listen on 8503
        own: dict[str, Any] = {
            "node_name": self.node,
            "bind_addr": self.advertise if _is_ours(self.advertise) else "127.0.0.1",
            "advertise_addr": self.advertise,
            "client_addr": self.client,
            "disable_update_check": True,
            "ports": ports,
        }
        if self._persistent:
            # raft_multiplier 1 is what Consul advises for production: a leader within seconds.
            own |= {
                "server": True,
                "bootstrap": True,
                "performance": {"raft_multiplier": 1},
                "data_dir": str(self.folder / "data"),
            }
        merged_ports = {**ports, **self._config.get("ports", {})}
        return {**own, **self._config, "ports": merged_ports}

    def _end(self, timeout: float) -> None:
        if self._process is not None:
            end(self._process, timeout)
            self._process = None

    def _dns_knows_node(self) -> bool:
        name = f"{self.node}.node.{self._config.get('domain', 'consul').strip('.')}"
        query = b"\x5e\xa1\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        query += b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        query += b"\x00\x00\x01\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.5)
            asker.connect((self._host, self.ports["dns"]))
            asker.send(query)
            reply = asker.recv(4096)
        answers: int = struct.unpack("!H", reply[6:8])[0]
        return answers > 0


def _is_ours(address: str) -> bool:
    """Whether this machine has that address: a server asks itself over the one it advertises."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return ports that nobody holds, for UDP and TCP, on any address of this machine.

    They lie below the range that the kernel hands out by itself, so that no client of ours gets
    one between now and the server's start; and each worker of pytest has a share of its own.
    None comes twice until all the others have come: of three servers that are made before any
    starts, two would have shared a port in one run of eight, and there was no leader.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in islice(_turns(), len(_PORT_RANGE)):
            if _hold(port, held):
                found.append(port)
            if len(found) == count:
                return found
    raise LabError(f"no {count} free ports in {_PORT_RANGE}; end what holds them")


@cache
def _turns() -> Iterator[int]:
    """The ports of this worker's share in an order of its own, again and again."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    ours = _PORT_RANGE[int(worker) % _SHARES :: _SHARES] if worker else _PORT_RANGE
    return cycle(_DRAW(ours, len(ours)))


def _hold(port: int, held: ExitStack) -> bool:
    """Bind a port for both transports, until `held` is closed."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        candidate = held.enter_context(socket.socket(socket.AF_INET, kind))
        try:
            candidate.bind(("", port))
        except OSError:
            return False
    return True
