"""A small engine, for tests that need one to be there and no container in it."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class SmallEngine(socketserver.ThreadingUnixStreamServer):
    """Speaks as much of the Engine API, over a real socket, as a host without containers needs."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Handler)
        self.path = path
        self.ending = threading.Event()
        # What each stream of events begins with.
        self.events: Sequence[object] = ()
        # The last two parts of the path, or the last one -> what it is answered with, as JSON
        # unless it is bytes.
        self.answers: dict[str, object] = {
            "version": {"ApiVersion": "1.45"},
            "info": {"Name": "n1"},
            "json": [],
        }


@contextmanager
def small_engine(
    path: Path, answers: Mapping[str, object] | None = None, events: Sequence[object] = ()
) -> Iterator[SmallEngine]:
    """One that answers at this socket, from its first moment so."""
    with SmallEngine(path) as server:
        server.answers |= answers or {}
        server.events = events
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ending.set()
            server.shutdown()
            thread.join()


def running(*documents: dict[str, Any]) -> dict[str, object]:
    """The answers of an engine in which these containers run; as ``docker inspect`` tells them."""
    listed = [
        {
            "Id": document["Id"],
            "Names": [document["Name"]],
            "Image": document["Config"]["Image"],
            "State": "running",
            "Status": "Up 2 seconds",
        }
        for document in documents
    ]
    return {"json": listed} | {f"{document['Id']}/json": document for document in documents}


class _Handler(BaseHTTPRequestHandler):
    server: SmallEngine

    def do_GET(self) -> None:
        whole = self.path.partition("?")[0]
        path = whole.rpartition("/")[2]
        if path == "events":
            # A stream that stays open and says no more.
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in self.server.events:
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.server.ending.wait(30)
            # Who listened may be gone.
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(b"0\r\n\r\n")
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
