"""The Consul agent's edge, against a real HTTP server that fails as a test tells it to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from catalog.agent import ConsulAgent
from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.model import Service, Weights
from catalog.uri import AgentAddress


class Agent(ThreadingHTTPServer):
    """Answers each request with ``status`` and ``body``, and keeps what came in."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body = b""
        self.seen: list[tuple[str, str, bytes, str | None]] = []

    @property
    def client(self) -> ConsulAgent:
        """Our edge, pointed at it."""
        return ConsulAgent(
            AgentAddress("127.0.0.1", self.server_address[1]), {"CONSUL_HTTP_TOKEN": "secret"}
        )


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        token = self.headers.get("X-Consul-Token")
        self.server.seen.append((self.command, self.path, self.rfile.read(length), token))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def do_GET(self) -> None:
        self.do_PUT()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def agent() -> Iterator[Agent]:
    """A scripted agent."""
    with Agent() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


SERVICE = Service(
    id="host1:c1:80",
    name="web",
    port=8080,
    address="10.0.0.1",
    tags=("a", "b"),
    meta={"k": "v"},
    weights=Weights(passing=3),
)


def test_a_service_is_written_and_read_alike(agent):
    """Every field survives the way to the agent and back."""
    client = agent.client
    client.register(SERVICE)
    ((method, path, body, token),) = agent.seen
    expected = "/v1/agent/service/register?replace-existing-checks=true"
    assert ("PUT", expected, "secret") == (method, path, token)
    sent = json.loads(body)
    sent["Service"] = sent.pop("Name")
    agent.body = json.dumps({SERVICE.id: sent}).encode()
    assert {SERVICE.id: SERVICE} == client.services()


def test_the_environment_does_not_redirect_us(agent, monkeypatch):
    """The library lets CONSUL_HTTP_* win over its arguments, and crashes on some forms."""
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "unix:///nowhere:1:2:3")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "another")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    agent.client.deregister("x")
    assert agent.seen == [("PUT", "/v1/agent/service/deregister/x", b"", "secret")]


def test_a_service_that_is_gone_already_is_deregistered(agent):
    """Newer agents answer 404."""
    agent.status = 404
    agent.client.deregister("x")


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_an_answer_that_is_a_no_is_a_refusal(agent, status):
    """It is about this service; the agent is there."""
    agent.status, agent.body = status, b"because"
    with pytest.raises(CatalogRefused, match=r"refused to register `host1:c1:80`: .*because"):
        agent.client.register(SERVICE)


@pytest.mark.parametrize("body", [b"no json", b"{}x", b"[1]", b'{"x": {}}', b'{"x": 1}'])
def test_an_answer_that_cannot_be_read_is_a_refusal(agent, body):
    """Something else listens there."""
    agent.body = body
    with pytest.raises(CatalogRefused, match="read the services"):
        agent.client.services()


def test_nobody_there_is_told_with_the_way_out():
    """What, where, why, and what to look at."""
    with Agent() as closed:
        client = closed.client
    expected = r"Consul at http://127.0.0.1:\d+ does not answer: Connection refused \(start the"
    with pytest.raises(CatalogUnavailable, match=expected):
        client.services()
