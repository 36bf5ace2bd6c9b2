"""Calls to one agent: how it is reached, how long that may take, what its answers mean.

Only this file knows python-consul2. Its traps (each was measured): its ``Consul`` lets
CONSUL_HTTP_* win over its arguments, it quotes a `%` in a path twice and a `/` never, no call has
a time limit unless one is passed, and foreign exceptions leak. So its HTTP client alone is used.
"""

import base64
import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import consul.std
import gevent
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.failures import Purpose, no_answer, refusal
from catalog.tls import tls_context
from catalog.token import TokenSource, basic_auth, is_token
from catalog.unix import SocketPool
from catalog.uri import AgentAddress

# A local agent answers in milliseconds, and holds a write for 7 s when it has no leader: past that
# the answer is known to be an error.
CALL_TIMEOUT_S = 8.0
# The agent itself ends a wait up to a sixteenth late. No longer than this, because one that was
# restarted between two waits has a lower index, and would hold the next until it is reached.
WAIT_S = 30
_WAIT_TIMEOUT_S = WAIT_S * 17 / 16 + 10
_POOL = 10
NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent answered; ``index`` is its X-Consul-Index, 0 without one."""

    status: int
    text: str
    index: int = 0

    def json(self) -> Any:
        """The document. Raises ValueError."""
        return json.loads(self.text)


class Connection:
    """The agent at ``address``, reached as CONSUL_* in ``environment`` say.

    ``at_once``: how many calls, and as many waits, may be out at a time; others wait their turn.
    Constructing it opens nothing. Raises :class:`~catalog.errors.ConnectionSettingsError` if the
    environment names a file that cannot be used. Every call raises CatalogUnavailable when nobody
    answers in time, CatalogRefused when the answer is a no.
    """

    def __init__(
        self, address: AgentAddress, environment: Mapping[str, str], at_once: int = _POOL
    ) -> None:
        self._address = address
        self._at_once = at_once
        self._token = TokenSource(environment)
        self._auth = basic_auth(environment)
        self._environment = dict(environment)
        self._server_name = environment.get("CONSUL_TLS_SERVER_NAME", "")
        self._context = tls_context(address, environment) if address.tls else None
        self._quick = self._client(CALL_TIMEOUT_S)
        self._patient = self._client(_WAIT_TIMEOUT_S)

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return f"Consul at {self._address}"

    def get(self, path: str, purpose: Purpose, gone: Collection[int] = ()) -> Reply:
        """GET; a status in ``gone`` is no failure. ``path`` is from :func:`path_of`."""
        with self._calling(purpose, CALL_TIMEOUT_S):
            reply = self._quick.get(_reply, path, headers=self._headers(""))
        return self._judge(reply, purpose, gone, self._token.origin)

    def wait(self, path: str, purpose: Purpose, gone: Collection[int] = ()) -> Reply:
        """GET that the agent may hold for WAIT_S, on a connection of its own."""
        with self._calling(purpose, _WAIT_TIMEOUT_S):
            reply = self._patient.get(_reply, path, headers=self._headers(""))
        return self._judge(reply, purpose, gone, self._token.origin)

    def put(
        self,
        path: str,
        purpose: Purpose,
        body: Any = None,
        token: str = "",
        gone: Collection[int] = (),
    ) -> Reply:
        """PUT ``body`` as JSON, with ``token`` in place of the process's own if there is one."""
        if not is_token(token):
            raise CatalogRefused(
                f"{self.location}: cannot {purpose.words}: the service's own token is none"
            )
        data = "" if body is None else json.dumps(body)
        with self._calling(purpose, CALL_TIMEOUT_S):
            reply = self._quick.put(_reply, path, data=data, headers=self._headers(token))
        origin = "the service's own" if token else self._token.origin
        return self._judge(reply, purpose, gone, origin)

    def ask(self, path: str, purpose: Purpose, body: Any, gone: Collection[int] = ()) -> Reply:
        """POST ``body`` as JSON: a question that is too long for a path, and changes nothing."""
        with self._calling(purpose, CALL_TIMEOUT_S):
            data = json.dumps(body)
            reply = self._quick.post(_reply, path, data=data, headers=self._headers(""))
        return self._judge(reply, purpose, gone, self._token.origin)

    @contextlib.contextmanager
    def reading(self, purpose: Purpose) -> Iterator[None]:
        """Around what takes an answer apart: one of another shape comes from something else."""
        try:
            yield
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise CatalogRefused(
                f"{self.location} refused to {purpose.words}: what answers there is no Consul agent"
            ) from error

    def _headers(self, token: str) -> dict[str, str]:
        token = token or self._token.current()
        return {"X-Consul-Token": token} if token else {}

    def _judge(self, reply: Reply, purpose: Purpose, gone: Collection[int], token: str) -> Reply:
        if 200 <= reply.status < 300 or reply.status in gone:
            return reply
        words = refusal(reply.status, reply.text, purpose, token)
        raise CatalogRefused(f"{self.location} refused to {purpose.words}: {words}", reply.status)

    @contextlib.contextmanager
    def _calling(self, purpose: Purpose, limit_s: float) -> Iterator[None]:
        """The time limit of the whole call, and every failure of it translated, once.

        The library's own limit is for each packet, and looking up a name has none.
        """
        late = HTTPError(f"no answer within {limit_s:.0f} s")
        try:
            with gevent.Timeout(limit_s, late):
                yield
        # What can be neither sent nor read says nothing about whether anybody is there.
        except ValueError as error:
            raise CatalogRefused(f"{self.location} refused to {purpose.words}: {error}") from error
        except (HTTPError, OSError) as error:
            words = no_answer(error, tls=self._address.tls, environment=self._environment)
            raise CatalogUnavailable(f"{self.location} does not answer: {words}") from error

    def _client(self, limit_s: float) -> Any:
        client = _Client(timeout=limit_s)
        client.session = _Session(self._pool(), self._fixed_headers())
        return client

    def _pool(self) -> HTTPConnectionPool:
        address = self._address
        if address.socket:
            return SocketPool(address.socket, self._at_once)
        if self._context is None:
            return HTTPConnectionPool(address.host, address.port, maxsize=self._at_once, block=True)
        return HTTPSConnectionPool(
            address.host,
            address.port,
            maxsize=self._at_once,
            block=True,
            ssl_context=self._context,
            server_hostname=self._server_name or None,
        )

    def _fixed_headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if self._auth is not None:
            user_and_password = base64.b64encode(b":".join(self._auth)).decode()
            headers["Authorization"] = f"Basic {user_and_password}"
        return headers


def path_of(*parts: str, **query: str | int) -> str:
    """A path below /v1; each part is quoted whole, slashes too."""
    path = "/v1/" + "/".join(quote(part, safe="") for part in parts)
    return f"{path}?{urlencode(query)}" if query else path


class _Client(consul.std.HTTPClient):  # type: ignore[misc]
    def uri(self, path: str, params: None = None) -> str:
        """The path, which is quoted already; the pool knows the host."""
        return path


class _Session:
    """As much of requests as python-consul2 uses, straight on urllib3, at less than half the cost.

    What requests does besides is for the internet: proxies, ~/.netrc, cookies, redirects. An agent
    redirects only a path that it took for another one.
    """

    def __init__(self, pool: HTTPConnectionPool, headers: Mapping[str, str]) -> None:
        self._connections = pool
        self._headers = headers

    def get(self, path: str, *, headers: Mapping[str, str], timeout: float, **_: Any) -> Any:
        return self._send("GET", path, None, headers, timeout)

    def put(
        self, path: str, *, data: str, headers: Mapping[str, str], timeout: float, **_: Any
    ) -> Any:
        return self._send("PUT", path, data.encode(), headers, timeout)

    def post(
        self, path: str, *, data: str, headers: Mapping[str, str], timeout: float, **_: Any
    ) -> Any:
        return self._send("POST", path, data.encode(), headers, timeout)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> Any:
        reply = self._connections.urlopen(
            method,
            path,
            body,
            {**self._headers, **headers},
            retries=False,
            redirect=False,
            timeout=timeout,
        )
        text = reply.data.decode("utf-8", "replace")
        return SimpleNamespace(
            status_code=reply.status, headers=reply.headers, text=text, content=reply.data
        )


def _reply(response: Any) -> Reply:
    """The answer as python-consul2's client hands it over."""
    index = response.headers.get("X-Consul-Index") or "0"
    target = response.headers.get("Location")
    return Reply(
        response.code,
        f"it sends us to {target}" if target else response.body,
        int(index) if index.isdecimal() else 0,
    )
