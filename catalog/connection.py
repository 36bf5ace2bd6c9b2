"""Calls to one agent: how it is reached, how long that may take, what its answers mean.

Only this file knows python-consul2. Its traps (each was measured): its ``Consul`` lets
CONSUL_HTTP_* win over its arguments, it quotes a `%` in a path twice and a `/` never, no call has
a time limit unless one is passed, and foreign exceptions leak. So its HTTP client alone is used.
"""

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

import consul.std
import gevent
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import HTTPBasicAuth

from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.failures import Purpose, no_answer, refusal
from catalog.tls import TlsAdapter, tls_context
from catalog.token import TokenSource, basic_auth, is_token
from catalog.unix import SocketAdapter
from catalog.uri import AgentAddress

# A local agent answers in milliseconds, and holds a write for 7 s when it has no leader: past that
# the answer is known to be an error.
CALL_TIMEOUT_S = 8.0
# The agent itself ends a wait up to a sixteenth late.
WAIT_S = 300
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

    Constructing it opens nothing. Raises :class:`~catalog.errors.ConnectionSettingsError` if the
    environment names a file that cannot be used. Every call raises CatalogUnavailable when nobody
    answers in time, CatalogRefused when the answer is a no.
    """

    def __init__(self, address: AgentAddress, environment: Mapping[str, str]) -> None:
        self._address = address
        self._token = TokenSource(environment)
        self._auth = basic_auth(environment)
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
        late = requests.Timeout(f"no answer within {limit_s:.0f} s")
        try:
            with gevent.Timeout(limit_s, late):
                yield
        # What can be neither sent nor read is one of these, even if requests has a word for it: it
        # says nothing about whether anybody is there.
        except ValueError as error:
            raise CatalogRefused(f"{self.location} refused to {purpose.words}: {error}") from error
        except requests.RequestException as error:
            raise CatalogUnavailable(
                f"{self.location} does not answer: {no_answer(error)}"
            ) from error

    def _client(self, limit_s: float) -> Any:
        address = self._address
        if address.socket:
            client = _Client("consul", 80, "http+unix", timeout=limit_s)
        else:
            scheme = "https" if address.tls else "http"
            client = _Client(address.bracketed_host, address.port, scheme, timeout=limit_s)
        client.session = session = _Session()
        if self._auth is not None:
            session.auth = HTTPBasicAuth(*self._auth)
        # HTTP_PROXY and ~/.netrc are meant for the internet, not for the agent next door.
        session.trust_env = False
        session.headers["Content-Type"] = "application/json"
        session.mount(f"{client.scheme}://", self._adapter())
        return client

    def _adapter(self) -> BaseAdapter:
        if self._address.socket:
            return SocketAdapter(self._address.socket, _POOL)
        if self._context is not None:
            return TlsAdapter(self._context, self._server_name, _POOL)
        return HTTPAdapter(pool_maxsize=_POOL, pool_block=True)


def path_of(*parts: str, **query: str | int) -> str:
    """A path below /v1; each part is quoted whole, slashes too."""
    path = "/v1/" + "/".join(quote(part, safe="") for part in parts)
    return f"{path}?{urlencode(query)}" if query else path


class _Client(consul.std.HTTPClient):  # type: ignore[misc]
    def uri(self, path: str, params: None = None) -> str:
        """The URL for a path that is quoted already."""
        return f"{self.base_uri}{path}"


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: an agent redirects only a path that it took for another one."""


def _reply(response: Any) -> Reply:
    """The answer as python-consul2's client hands it over."""
    index = response.headers.get("X-Consul-Index") or "0"
    target = response.headers.get("Location")
    return Reply(
        response.code,
        f"it sends us to {target}" if target else response.body,
        int(index) if index.isdecimal() else 0,
    )
