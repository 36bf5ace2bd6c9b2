"""What answers in a Consul agent's place, with the words of one that says no."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Thread

# What Go's server says to plain HTTP where it speaks TLS, and Consul of tokens.
NOT_TLS = (400, "Client sent an HTTP request to an HTTPS server.\n")
UNKNOWN_TOKEN = (403, "ACL not found")
DENIED = (403, "Permission denied")


@contextmanager
def agent_that_says(status: int, words: str) -> Iterator[str]:
    """HOST:PORT of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
