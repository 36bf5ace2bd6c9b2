"""The Engine API over one kept connection: many times faster than a command for each call."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import quote, urlencode

from tests.lab.engine import LABEL
from tests.lab.shell import LabError

_TIMEOUT_S = 60.0


class EngineApi:
    """Calls to the engine at ``url`` (unix:///path or tcp://host:port); close it when done.

    A call that the engine answers with an error raises LabError, with its words.
    """

    def __init__(self, url: str) -> None:
        self._connection = _connection(url)

    def close(self) -> None:
        """End the connection; the next call opens a new one."""
        self._connection.close()

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """POST JSON."""
        return self.call("POST", f"{path}?{urlencode(query)}" if query else path, body)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Any call; None where there is nothing to answer."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, data, headers)
            reply = self._connection.getresponse()
            text = reply.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if reply.status >= 400:
            raise LabError(f"engine: {method} {path}: {reply.status}: {text.decode()}")
        return json.loads(text) if text else None

    # -- what tests do to containers -----------------------------------------------------------

    def create(self, name: str, image: str, words: list[str], **config: Any) -> str:
        """Create a container with the lab's label, and return its id.

        ``ports`` names what is published ("8080", "127.0.0.1::8080", "53/udp"), ``env`` its
        environment.
        """
        key, _, value = LABEL.partition("=")
        ports = [_publication(text) for text in config.get("ports", ())]
        body = {
            "Image": image,
            "Cmd": words,
            "Labels": {key: value},
            "Env": [f"{name}={value}" for name, value in config.get("env", {}).items()],
            "ExposedPorts": {spec: {} for spec, _ in ports},
            "HostConfig": {
                "PortBindings": {spec: [{"HostIp": ip, "HostPort": ""}] for spec, ip in ports}
            },
        }
        created = self.post(f"/containers/create?name={quote(name)}", body)
        return str(created["Id"])

    def act(self, container: str, action: str, **query: Any) -> None:
        """``start``, ``stop``, ``kill``, ``pause``, ``unpause``, ``rename`` and the like."""
        self.post(f"/containers/{quote(container)}/{action}", **query)

    def remove(self, container: str) -> None:
        """Remove it, running or not."""
        self.call("DELETE", f"/containers/{quote(container)}?force=1&v=1")

    def inspect(self, container: str) -> dict[str, Any]:
        """What `docker inspect` prints of a container."""
        found: dict[str, Any] = self.get(f"/containers/{quote(container)}/json")
        return found


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def _connection(url: str) -> http.client.HTTPConnection:
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        return _UnixConnection(rest)
    host, _, port = rest.rpartition(":")
    return http.client.HTTPConnection(host, int(port), timeout=_TIMEOUT_S)


def _publication(text: str) -> tuple[str, str]:
    """``127.0.0.1::8080`` -> ("8080/tcp", "127.0.0.1")."""
    address, _, port = text.rpartition("::")
    return (port if "/" in port else f"{port}/tcp"), address
