"""A relay in front of a Consul agent that keeps what was asked: the truth about our writes."""

import http.client
import socketserver
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Self

_PASSED_ON = ("content-type", "x-consul-token", "x-consul-index")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the agent, its times on the monotonic clock."""

    method: str
    path: str
    body: bytes
    status: int
    begin: float
    end: float


class ConsulRelay:
    """Passes everything on to the agent at ``address`` (``host:port``); a context manager."""

    def __init__(self, address: str) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.agent = address
        self.http_address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def calls(self) -> Sequence[Call]:
        """What was asked and answered so far."""
        return tuple(self._server.calls)

    @property
    def writes(self) -> list[Call]:
        """Those of them that change something."""
        return [call for call in self.calls if call.method != "GET"]


class _Server(socketserver.ThreadingTCPServer):
    # A client's kept connection, or a question that waits for a change, must not keep us here.
    daemon_threads = True
    block_on_close = False
    agent = ""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.calls: list[Call] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """An agent or a client that went away: its connection ends, as it would without us."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One segment an answer: head and body apart wait for each other's acknowledgement (Nagle).
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._agent = http.client.HTTPConnection(self.server.agent, timeout=700)

    def finish(self) -> None:
        super().finish()
        self._agent.close()

    def _relay(self) -> None:
        begin = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fields = {key: self.headers[key] for key in _PASSED_ON if key in self.headers}
        self._agent.request(self.command, self.path, body or None, fields)
        reply = self._agent.getresponse()
        said = reply.read()
        self.send_response_only(reply.status)
        for key, value in reply.getheaders():
            if key.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        self.wfile.flush()
        call = Call(self.command, self.path, body, reply.status, begin, time.monotonic())
        self.server.calls.append(call)

    def do_GET(self) -> None:
        self._relay()

    def do_PUT(self) -> None:
        self._relay()

    def log_message(self, *args: object) -> None:
        """Say nothing."""
