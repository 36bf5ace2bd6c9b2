"""The Consul agent's edge, against a real HTTP server that fails as a test tells it to."""

import dataclasses
import json
import subprocess
import sys
import threading
import time
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
        self.headers: dict[str, str] = {}
        self.seen: list[tuple[str, str, bytes, str | None]] = []
        self.authorizations: list[str | None] = []

    @property
    def client_address(self) -> AgentAddress:
        """Where it is."""
        return AgentAddress("127.0.0.1", self.server_address[1])

    @property
    def client(self) -> ConsulAgent:
        """Our edge, pointed at it."""
        return ConsulAgent(self.client_address, {"CONSUL_HTTP_TOKEN": "secret"})


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        token = self.headers.get("X-Consul-Token")
        self.server.authorizations.append(self.headers["Authorization"])
        self.server.seen.append((self.command, self.path, self.rfile.read(length), token))
        self.send_response(self.server.status)
        for key, value in self.server.headers.items():
            self.send_header(key, value)
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
    expected = rf"refused to register `host1:c1:80`: {status} because"
    with pytest.raises(CatalogRefused, match=expected) as caught:
        agent.client.register(SERVICE)
    assert status == caught.value.status
    assert caught.value.passing == (status in {429, 500})


@pytest.mark.parametrize("token", ["a\nb", "ü"])
def test_a_token_that_no_header_can_hold_costs_its_service_only(agent, token):
    """It comes from a label; the agent is not away for it."""
    with pytest.raises(CatalogRefused, match="cannot register `host1:c1:80`: the service's own"):
        agent.client.register(dataclasses.replace(SERVICE, token=token))
    assert agent.seen == []


def test_an_old_agent_says_500_for_a_service_that_is_gone(agent):
    """Consul 1.8 with ACLs; another 500 is none of that."""
    agent.status, agent.body = 500, b'Unknown service {"x" {}}'
    agent.client.deregister("x")
    agent.body = b"No cluster leader"
    with pytest.raises(CatalogRefused, match="No cluster leader"):
        agent.client.deregister("x")


def test_a_redirect_is_not_followed(agent):
    """An agent sends one for a path that it takes for another: that other service is not meant."""
    agent.status, agent.headers = 301, {"Location": "/v1/agent/service/deregister/y"}
    with pytest.raises(CatalogRefused, match="301 it sends us to /v1/agent/service/deregister/y"):
        agent.client.deregister("x")
    assert len(agent.seen) == 1


def test_user_and_password_for_a_proxy_in_front(agent):
    """CONSUL_HTTP_AUTH; beside the token."""
    client = ConsulAgent(agent.client_address, {"CONSUL_HTTP_AUTH": "me:secret"})
    client.deregister("x")
    assert agent.authorizations == ["Basic bWU6c2VjcmV0"]
    agent.status = 401
    with pytest.raises(CatalogRefused, match="set CONSUL_HTTP_AUTH to USER:PASSWORD"):
        client.deregister("x")


def self_said(name: str) -> bytes:
    """The part of /v1/agent/self that we read; as a node of the catalog it is not null either."""
    return json.dumps({"Config": {"NodeName": name}, "Member": {"Addr": "10.0.0.1"}}).encode()


def test_an_index_that_goes_backwards_starts_anew(agent):
    """As after a restore; 0 is never handed on as one to wait for."""
    client = agent.client
    agent.body, agent.headers = self_said("n1"), {"X-Consul-Index": "7"}
    assert client.wait_for_change(0) == 7
    assert client.wait_for_change(9) == 0
    agent.headers = {}
    assert client.wait_for_change(0) == 1
    paths = [path for _, path, _, _ in agent.seen]
    waiting = "/v1/catalog/node/n1?index=9&wait=30s"
    assert paths == ["/v1/agent/self", "/v1/catalog/node/n1", waiting, "/v1/catalog/node/n1"]


def test_an_agent_that_does_not_block_is_not_asked_without_end(agent):
    """A few times at once may be chance; then there are pauses."""
    client = agent.client
    agent.body, agent.headers = self_said("n1"), {"X-Consul-Index": "7"}
    end = time.monotonic() + 3
    rounds = 0
    while time.monotonic() < end:
        assert client.wait_for_change(7) == 7
        rounds += 1
    assert rounds < 40


def test_the_node_is_asked_for_again_after_an_error(agent):
    """Another agent may answer there now."""
    client = agent.client
    agent.body, agent.headers = self_said("n1"), {"X-Consul-Index": "7"}
    client.wait_for_change(0)
    agent.status = 500
    with pytest.raises(CatalogRefused, match="watch the node `n1`"):
        client.wait_for_change(0)
    agent.status, agent.body = 200, self_said("n2")
    client.wait_for_change(0)
    assert agent.seen[-1][1] == "/v1/catalog/node/n2"


_COOPERATIVE = """
from gevent import monkey; monkey.patch_all()
import socket, sys, time
import gevent
from catalog import connection
from catalog.agent import ConsulAgent
from catalog.errors import CatalogUnavailable
from catalog.uri import AgentAddress

connection.CALL_TIMEOUT_S = 1.0
listener = socket.create_server(("127.0.0.1", 0))

def trickle():
    while True:
        peer, _ = listener.accept()
        gevent.spawn(answer, peer)

def answer(peer):
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100000\\r\\n\\r\\n")
    while True:
        gevent.sleep(0.2)
        peer.sendall(b" ")

gevent.spawn(trickle)
agent = ConsulAgent(AgentAddress("127.0.0.1", listener.getsockname()[1]))
began = time.monotonic()
try:
    agent.services()
except CatalogUnavailable as error:
    print(error)
# The body itself would take hours.
assert time.monotonic() - began < 20
agent._node._known = type("Known", (), {"name": "n1", "address": ""})
waiting = gevent.spawn(agent.wait_for_change, 1)
gevent.sleep(0.5)
assert not waiting.ready()
waiting.kill(timeout=20)
assert waiting.ready()
print("killed")
"""


def test_no_agent_holds_us_longer_than_the_limit():
    """One that sends a byte now and then does not either, and a wait can be killed."""
    done = subprocess.run(
        [sys.executable, "-c", _COOPERATIVE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert "does not answer: no answer within 1 s" in first
    assert last == "killed"


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
