"""The container engine, through Docker's SDK.

Only this file knows that library. Its traps (each was measured): a daemon that is away raises
another family of exceptions than one that answers with an error, every disconnect ends the event
stream as quietly as if it were complete, and that stream never times out.
"""

import contextlib
import errno
import grp
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import docker
import gevent
from docker.errors import APIError, DockerException, NotFound, StreamParseError
from urllib3.exceptions import HTTPError

from catalog.unix import SocketPool
from registrar.core.events import Notice, read_event
from registrar.core.inspection import container_from_inspect, peer_of
from registrar.core.model import Container
from registrar.edges.transport import SocketAdapter
from registrar.errors import EngineUnavailable

CALL_TIMEOUT_S = 10
_UNIX = "unix://"
# The lookers, the listing, the event stream.
_POOL = 10
_EVENTS = {
    "type": ["container", "network"],
    "event": [
        "start",
        "restart",
        "kill",
        "stop",
        "die",
        "destroy",
        # Podman filters by its own words only, also for the events that it sends under Docker's.
        "died",
        "remove",
        "exec_died",
        "pause",
        "unpause",
        "rename",
        "update",
        "health_status",
        "connect",
        "disconnect",
    ],
}


class DockerEngine:
    """One engine at ``url`` (``unix:///path``, ``tcp://host:port``). Connects when first used.

    ``tls`` holds the certificates for a TCP socket over TLS. Every method raises
    :class:`EngineUnavailable` when the engine cannot be reached.
    """

    def __init__(self, url: str, tls: docker.tls.TLSConfig | None = None) -> None:
        self.url = url
        self._tls = tls
        self._client: docker.APIClient | None = None
        self._pool: SocketPool | None = None
        self._stream: Any = None

    def host_name(self) -> str:
        """The engine's host, by its own word: also right when we run in a container."""
        with self._calling():
            return str(self._connected().info().get("Name") or "")

    def version(self) -> str:
        """What it is and of which version, `Docker 20.10.24`, `Podman 4.3.1`."""
        with self._calling():
            said = self._connected().version()
        components = [part for part in said.get("Components") or () if isinstance(part, dict)]
        name = str(components[0].get("Name") or "") if components else ""
        kind = "Podman" if "podman" in name.lower() else "Docker"
        return f"{kind} {said.get('Version') or 'of no version'}"

    def running(self) -> dict[str, str]:
        """The ids of the running containers, each with a text that changes when they do."""
        with self._calling():
            return {
                str(entry["Id"]): _fingerprint(entry) for entry in self._connected().containers()
            }

    def all_ids(self) -> list[str]:
        """The ids of all containers, running or not."""
        with self._calling():
            return [str(entry["Id"]) for entry in self._connected().containers(all=True)]

    def inspect(self, container: str) -> Container | None:
        """The container as it is now, by id or name; None if there is none.

        Raises ValueError if what the engine says of it cannot be read.
        """
        document = self._document(container)
        if document is None:
            return None
        peer = peer_of(document)
        return container_from_inspect(document, self._document(peer) if peer else None)

    def _document(self, container: str) -> dict[str, Any] | None:
        with self._calling():
            client = self._connected()
            if self._pool is not None:
                return self._ask(self._pool, f"/v{client.api_version}/containers/{container}/json")
            try:
                found: dict[str, Any] = client.inspect_container(container)
            except NotFound:
                return None
        return found

    def _ask(self, pool: SocketPool, path: str) -> dict[str, Any] | None:
        """GET without the SDK, at half its cost: a start looks at every container."""
        reply = pool.urlopen(
            "GET", quote(path), redirect=False, retries=False, timeout=CALL_TIMEOUT_S
        )
        if reply.status == 404:
            return None
        if reply.status != 200:
            words = " ".join(reply.data[:200].decode("utf-8", "replace").split())
            raise EngineUnavailable(f"the container engine at {self.url} answered: {words}")
        try:
            found = json.loads(reply.data)
        except ValueError as error:
            raise EngineUnavailable(f"what answers at {self.url} is no engine: {error}") from error
        if not isinstance(found, dict):
            raise EngineUnavailable(f"what answers at {self.url} is no engine: it says {found!r}")
        return found

    def subscribe(self) -> None:
        """Open the event stream; from here on nothing is missed until it ends."""
        self.unsubscribe()
        # The SDK gives this call alone no time limit, and a frozen engine never sends its headers.
        limit = gevent.Timeout(CALL_TIMEOUT_S, TimeoutError(f"silent for {CALL_TIMEOUT_S} s"))
        with self._calling(), limit:
            self._stream = self._connected().events(decode=True, filters=_EVENTS)

    def notices(self) -> Iterator[Notice]:
        """What the events tell, until the stream ends. The end is always a failure."""
        with self._calling():
            for event in self._stream or ():
                notice = read_event(event)
                if notice is not None:
                    yield notice
        raise EngineUnavailable(f"the event stream of {self.url} ended")

    def unsubscribe(self) -> None:
        """Close the event stream, from any greenlet: its reader ends at once."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(DockerException, OSError, ValueError):
                stream.close()

    def _connected(self) -> docker.APIClient:
        if self._client is None:
            client = docker.APIClient(
                self.url, version="auto", timeout=CALL_TIMEOUT_S, tls=self._tls or False
            )
            if self.url.startswith(_UNIX):
                self._pool = SocketPool(self.url.removeprefix(_UNIX), _POOL)
                client.mount(client.base_url, SocketAdapter(self._pool))
                # HTTP_PROXY and ~/.netrc are no matter of a socket's.
                client.trust_env = False
            self._client = client
        return self._client

    @contextlib.contextmanager
    def _calling(self) -> Iterator[None]:
        """Translate every failure, once. A client that failed is thrown away."""
        try:
            yield
        # A document that ends in the middle is no DockerException.
        except (DockerException, StreamParseError, HTTPError, OSError) as error:
            if not isinstance(error, APIError):
                self._client = None
            raise EngineUnavailable(explain(self.url, error)) from error


def explain(url: str, error: Exception) -> str:
    """What, where, what was found and what to do, in one line."""
    code = _errno(error)
    path = url.removeprefix(_UNIX)
    if code in {errno.EACCES, errno.EPERM} and path != url:
        return f"no permission on the engine's socket {path}; {_who_may(path)}"
    if code == errno.ENOENT:
        return f"no container engine at {url} (no such socket); start it, or name it with --docker"
    if code == errno.ECONNREFUSED:
        return f"no container engine answers at {url} (connection refused); is it running?"
    if isinstance(error, APIError):
        said = str(error.explanation or error)
        if "HTTP request to an HTTPS server" in said:
            said += (
                "; set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of the certificates"
            )
        return f"the container engine at {url} answered: {said}"
    return f"the container engine at {url} cannot be reached: {_first_line(error)}"


def _errno(error: BaseException | None) -> int | None:
    """The errno at the bottom of a pile of wrapped exceptions."""
    seen: set[int] = set()
    pile: list[BaseException | None] = [error]
    while pile:
        found = pile.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, OSError) and isinstance(found.errno, int):
            return found.errno
        pile += [found.__cause__, found.__context__]
        pile += [arg for arg in found.args if isinstance(arg, BaseException)]
    return None


def _who_may(path: str) -> str:
    try:
        number = Path(path).stat().st_gid
    except OSError:
        return "run as a user who may open it"
    try:
        name = grp.getgrgid(number).gr_name
    except KeyError:
        # In a container nobody knows the host's groups.
        name = str(number)
    return f"run as root, or as a member of the group {name} (docker run --group-add {number})"


def _fingerprint(entry: dict[str, Any]) -> str:
    """Everything of a listing but its clock: of "Up 3 minutes (healthy)" just the health."""
    keys = ("State", "Names", "Image", "Ports", "Labels", "NetworkSettings")
    health = str(entry.get("Status") or "").partition("(")[2]
    return repr([health, *(_ordered(entry.get(key)) for key in keys)])


def _ordered(value: Any) -> Any:
    """The engine lists maps and ports in any order; a fingerprint must not depend on it."""
    if isinstance(value, dict):
        return [(key, _ordered(value[key])) for key in sorted(value)]
    if isinstance(value, list):
        return sorted((_ordered(item) for item in value), key=repr)
    return value


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
