"""A service to try Seamark with: every GET is answered with its name and its address."""

import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080


class Greeter(BaseHTTPRequestHandler):
    """Answers as the service that it was told to be."""

    service = ""

    def do_GET(self) -> None:
        """Greet whoever asks, whatever the path; the address is the one that was asked."""
        address = self.connection.getsockname()[0]
        body = f"Hi! I'm [{self.service}] service and my Docker container's IP is [{address}]\n"
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve until SIGTERM. The first process of a container has no default handler for it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    words = sys.argv[1:] or [os.environ.get("SERVICE_NAME") or socket.gethostname()]
    Greeter.service = words[0]
    ThreadingHTTPServer(("", PORT), Greeter).serve_forever()


if __name__ == "__main__":
    main()
