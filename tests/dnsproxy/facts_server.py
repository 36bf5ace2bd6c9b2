"""An agent's HTTP API that tells what a test makes it tell of itself."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FactsServer(ThreadingHTTPServer):
    """``answers`` maps paths to documents, None to a refusal; ``seen`` are the paths asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, object] = {}
        self.seen: list[str] = []

    @property
    def address(self) -> str:
        """As ``--consul-http`` takes it."""
        return f"127.0.0.1:{self.server_address[1]}"

    def is_version(self, version: str, domain: str = "consul.") -> None:
        """Say what /v1/agent/self has to."""
        config = {"Version": version}
        self.answers["/v1/agent/self"] = {"Config": config, "DebugConfig": {"DNSDomain": domain}}

    def has_datacenters(self, *names: str) -> None:
        """Say what /v1/catalog/datacenters has to."""
        self.answers["/v1/catalog/datacenters"] = names


class _Handler(BaseHTTPRequestHandler):
    server: FactsServer

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        answer = self.server.answers.get(self.path)
        body = json.dumps(answer).encode() if answer is not None else b"No cluster leader"
        self.send_response(500 if answer is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def facts_server() -> Iterator[FactsServer]:
    """One that runs."""
    with FactsServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
