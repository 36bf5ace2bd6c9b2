"""A Consul agent over its HTTP API, through python-consul2.

Only this file knows that library. Its traps (each was measured): CONSUL_HTTP_ADDR and
CONSUL_HTTP_TOKEN override what the constructor is given, no call has a time limit unless one is
passed, foreign exceptions leak, and ``register`` cannot carry weights.
"""

import contextlib
import dataclasses
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import consul
import requests
from consul.base import CB
from requests.adapters import HTTPAdapter

from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.model import Service, Weights
from catalog.uri import AgentAddress

# A local agent answers in milliseconds, and holds a write for 7 s when it has no leader: past that
# the answer is known to be an error.
CALL_TIMEOUT_S = 8.0
_POOL = 10


class ConsulAgent:
    """The services of one Consul agent; a :class:`~catalog.model.ServiceCatalog`.

    Constructing it opens no connection. ``token`` is sent as X-Consul-Token if not empty.
    """

    def __init__(self, address: AgentAddress, token: str = "") -> None:
        self._address = address
        with _consul_environment_hidden(), warnings.catch_warnings():
            # It warns of an API of its own that nobody asked for, at every construction.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._client = consul.Consul(
                host=address.bracketed_host, port=address.port, timeout=CALL_TIMEOUT_S
            )
        session: requests.Session = self._client.http.session
        # HTTP_PROXY and ~/.netrc are meant for the internet, not for the agent next door.
        session.trust_env = False
        session.mount("http://", HTTPAdapter(pool_maxsize=_POOL, pool_block=True))
        session.headers["Content-Type"] = "application/json"
        if token:
            session.headers["X-Consul-Token"] = token

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return f"Consul at {self._address}"

    def services(self) -> dict[str, Service]:
        """All services of the agent by id (GET /v1/agent/services)."""
        with self._calling("read the services"):
            found = self._client.http.get(CB.json(allow_404=False), "/v1/agent/services")
            try:
                return {service_id: _parse(body) for service_id, body in found.items()}
            except (AttributeError, KeyError, TypeError) as error:
                raise ValueError("what answers there is no Consul agent") from error

    def register(self, service: Service) -> None:
        """Create the service, or replace the one with its id."""
        with self._calling(f"register `{service.id}`"):
            self._client.http.put(
                CB.bool(), "/v1/agent/service/register", data=json.dumps(registration(service))
            )

    def kept(self, service: Service) -> Service:
        """The service without checks and token, which an agent does not give back."""
        return dataclasses.replace(service, checks=(), token="")

    def deregister(self, service_id: str, token: str = "") -> None:
        """Remove the service. Newer agents answer 404 for one that is gone: that is success."""
        with self._calling(f"deregister `{service_id}`"):
            self._client.http.put(CB.bool(), f"/v1/agent/service/deregister/{service_id}")

    @contextlib.contextmanager
    def _calling(self, what: str) -> Iterator[None]:
        """Translate every failure of one call, once."""
        try:
            yield
        except requests.RequestException as error:
            message = f"{self.location} does not answer: {_innermost(error)}"
            raise CatalogUnavailable(
                f"{message} (start the agent, or name another with consul://HOST:PORT)"
            ) from error
        except (consul.ConsulException, ValueError) as error:
            raise CatalogRefused(f"{self.location} refused to {what}: {error}") from error


def registration(service: Service) -> dict[str, Any]:
    """The body of PUT /v1/agent/service/register."""
    return {
        "ID": service.id,
        "Name": service.name,
        "Port": service.port,
        "Address": service.address,
        "Tags": list(service.tags),
        "Meta": dict(service.meta),
        "Weights": {"Passing": service.weights.passing, "Warning": service.weights.warning},
    }


def _parse(body: Mapping[str, Any]) -> Service:
    weights = body.get("Weights") or {}
    return Service(
        id=body["ID"],
        name=body["Service"],
        port=body.get("Port") or 0,
        address=body.get("Address") or "",
        tags=tuple(body.get("Tags") or ()),
        meta=dict(body.get("Meta") or {}),
        weights=Weights(passing=weights.get("Passing", 1), warning=weights.get("Warning", 1)),
    )


@contextlib.contextmanager
def _consul_environment_hidden() -> Iterator[None]:
    """The library lets CONSUL_HTTP_* win over our arguments, and crashes on some forms of it."""
    hidden = {key: os.environ.pop(key) for key in list(os.environ) if key.startswith("CONSUL_HTTP")}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _innermost(error: BaseException) -> str:
    """The cause at the bottom, in one line: urllib3 wraps `Connection refused` four times."""
    inner = getattr(error, "reason", None) or next(
        (arg for arg in error.args if isinstance(arg, BaseException)), error.__context__
    )
    if isinstance(inner, BaseException) and inner is not error:
        return _innermost(inner)
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())[:300]
