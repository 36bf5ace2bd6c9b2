"""The relay fails as it is told to: what the other tests take for granted is proven here."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.faults.orders import Torn
from tests.faults.relay import Relay
from tests.lab.consul import free_ports
from tests.waits import PATIENCE_S, Waits

_EVENT = b'{"Type": "container", "Action": "start"}\n'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    puts: list[bytes]

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path.startswith("/v1.41/events"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (_EVENT, _EVENT, b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            return
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def do_PUT(self) -> None:
        self.puts.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@pytest.fixture
def puts() -> list[bytes]:
    """The bodies that came through."""
    return []


@pytest.fixture
def relay(puts: list[bytes]) -> Iterator[Relay]:
    """A relay before a small server."""
    handler = type("Handler", (_Handler,), {"puts": puts})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        upstream = f"tcp://127.0.0.1:{server.server_address[1]}"
        with Relay(f"tcp://127.0.0.1:{free_ports(1)[0]}", upstream) as made:
            yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def client(relay: Relay) -> Iterator[http.client.HTTPConnection]:
    """A connection that is kept, as ours are."""
    made = http.client.HTTPConnection(relay.address.split(":")[0], int(relay.address.split(":")[1]))
    made.timeout = 5
    yield made
    made.close()


def get(client: http.client.HTTPConnection, path: str = "/v1/x") -> tuple[int, bytes]:
    """Status and body."""
    client.request("GET", path)
    reply = client.getresponse()
    return reply.status, reply.read()


def test_it_forwards(relay: Relay, client: http.client.HTTPConnection, puts: list[bytes]) -> None:
    assert (200, b"hello") == get(client)
    client.request("PUT", "/v1/x", b"body")
    assert 200 == client.getresponse().status
    assert [b"body"] == puts


def test_it_answers_some_requests_itself_on_the_same_connection(
    relay: Relay, client: http.client.HTTPConnection
) -> None:
    assert (200, b"hello") == get(client)
    relay.answer(429, "slow down", count=2, method="GET", path="/v1/agent")
    assert (200, b"hello") == get(client)
    assert [(429, b"slow down")] * 2 == [get(client, "/v1/agent/x") for _ in range(2)]
    assert (200, b"hello") == get(client, "/v1/agent/x")
    assert 2 == relay.count("answered")


def test_it_cuts_and_refuses(relay: Relay, client: http.client.HTTPConnection) -> None:
    assert (200, b"hello") == get(client)
    relay.cut("/v1/x")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        get(client)
    client.close()
    relay.refuse()
    with pytest.raises(ConnectionRefusedError):
        get(client)
    client.close()
    relay.lift()
    assert (200, b"hello") == get(client)


def test_it_swallows_an_answer_and_not_the_write(
    relay: Relay, client: http.client.HTTPConnection, puts: list[bytes]
) -> None:
    relay.swallow(1)
    client.request("PUT", "/v1/x", b"body")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.getresponse()
    assert [b"body"] == puts


def test_what_it_holds_back_flows_when_it_is_told_to(
    relay: Relay, client: http.client.HTTPConnection, waits: Waits
) -> None:
    relay.stall("/v1/x")
    client.request("GET", "/v1/x")
    waits.until("held back", lambda: relay.count("stalled"), PATIENCE_S)
    client.timeout = 0.2
    client.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.sock.recv(1)
    client.sock.settimeout(5)
    relay.lift()
    assert 200 == client.getresponse().status


@pytest.mark.parametrize("torn", [Torn.CUT, Torn.QUIET])
def test_it_tears_a_document(relay: Relay, client: http.client.HTTPConnection, torn: Torn) -> None:
    """Quietly, so that the HTTP around it is whole, or not."""
    relay.tear(torn)
    client.request("GET", "/v1.41/events?x=y")
    reply = client.getresponse()
    if torn is Torn.CUT:
        with pytest.raises(http.client.IncompleteRead):
            reply.read()
    else:
        text = reply.read()
        assert _EVENT.startswith(text)
        assert 0 < len(text) < len(_EVENT)
