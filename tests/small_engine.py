"""A small engine, for tests that need one to be there and no container in it."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path


class SmallEngine(socketserver.ThreadingUnixStreamServer):
    """Speaks as much of the Engine API, over a real socket, as a host without containers needs."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Handler)
        self.path = path
        self.ending = threading.Event()
        # The last two parts of the path, or the last one -> what it is answered with, as JSON
        # unless it is bytes.
        self.answers: dict[str, object] = {
            "version": {"ApiVersion": "1.45"},
            "info": {"Name": "n1"},
            "json": [],
        }


@contextmanager
def small_engine(path: Path) -> Iterator[SmallEngine]:
    """One that answers at this socket."""
    with SmallEngine(path) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.ending.set()
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: SmallEngine

    def do_GET(self) -> None:
        whole = self.path.partition("?")[0]
        path = whole.rpartition("/")[2]
        if path == "events":
            # A stream that stays open and silent.
            self.send_response(200)
            self.end_headers()
            self.server.ending.wait(30)
            return
        answers = self.server.answers
        answer = answers.get("/".join(whole.split("/")[-2:]), answers[path])
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        """A client on a Unix socket has no address."""
        return "client"

    def log_message(self, *args: object) -> None:
        """Say nothing."""
