"""One connection through a relay: a client's socket, a server's, and a thread for each way."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import BinaryIO

from tests.faults.orders import Answer, Orders, Torn

_PIECE = 65536
_REASONS = {403: "Forbidden", 429: "Too Many Requests", 500: "Internal Server Error"}


class Pair:
    """Forwards requests one by one and responses as they come, under ``orders``.

    ``gone`` is called with the pair when both of its sockets are closed.
    """

    def __init__(
        self, client: socket.socket, upstream: str, orders: Orders, gone: "Callable[[Pair], None]"
    ) -> None:
        self.path = ""
        self._client = client
        self._upstream = upstream
        self._server: socket.socket | None = None
        self._orders = orders
        self._gone = gone
        self._closed = threading.Event()
        self._swallowing = False
        self._writing = threading.Lock()
        self._asking = threading.Thread(target=self._ask, daemon=True)
        self._giving: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._asking.start()

    def close(self) -> None:
        """End both ways, from any thread; the sockets are closed by the thread that asks."""
        self._closed.set()
        for end in (self._client, self._server):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        """Wait for the end of both threads."""
        self._asking.join(5)

    def inject(self, chunk: bytes) -> None:
        """Put a chunk into the response that is being given."""
        with self._writing, contextlib.suppress(OSError):
            self._client.sendall(_chunked(chunk))

    # -- requests ------------------------------------------------------------------------------

    def _ask(self) -> None:
        try:
            with self._client.makefile("rb") as stream:
                while self._forward_request(stream):
                    pass
        except (OSError, ValueError):
            pass
        finally:
            self.close()
            self._orders.wake()
            if self._giving is not None:
                self._giving.join()
            for end in (self._client, self._server):
                if end is not None:
                    end.close()
            self._gone(self)

    def _forward_request(self, stream: BinaryIO) -> bool:
        line = stream.readline()
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        head, body = _rest(stream)
        self.path = _unversioned(target)
        answer = self._orders.answer_for(method, self.path)
        if answer is not None:
            self._client.sendall(_response(answer))
            return True
        self._orders.pass_gate(self.path, self._closed)
        self._swallowing = self._orders.swallow(method)
        if self._closed.is_set():
            return False
        self._connected().sendall(line + head + body)
        return True

    def _connected(self) -> socket.socket:
        if self._server is None:
            scheme, _, rest = self._upstream.partition("://")
            if scheme == "unix":
                self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._server.connect(rest)
            else:
                host, _, port = rest.rpartition(":")
                self._server = socket.create_connection((host, int(port)))
            self._giving = threading.Thread(target=self._give, args=[self._server], daemon=True)
            self._giving.start()
        return self._server

    # -- responses -----------------------------------------------------------------------------

    def _give(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(_PIECE):
                if self._swallowing or not self._give_piece(piece):
                    break
        self.close()

    def _give_piece(self, piece: bytes) -> bool:
        """Forward a piece; False if the connection is to end after it."""
        self._orders.pass_gate(self.path, self._closed)
        if self._closed.is_set():
            return False
        torn = None
        if self.path.startswith("/events") and b"{" in piece:
            torn = self._orders.take_torn()
        if torn is None:
            self._send(piece)
            return True
        start = piece.index(b"{")
        middle = (start + piece.index(b"}\n", start)) // 2
        if torn is Torn.QUIET:
            # The chunk's size stands in a line of its own right before it.
            before = piece.rfind(b"\r\n", 0, max(start - 2, 0))
            kept = piece[: before + 2] if before >= 0 else b""
            self._send(kept + _chunked(piece[start:middle]) + b"0\r\n\r\n")
            return False
        self._send(piece[:middle])
        if torn is Torn.CUT:
            return False
        self._orders.pass_gate(self.path, self._closed)
        self._send(piece[middle:])
        return True

    def _send(self, piece: bytes) -> None:
        with self._writing:
            self._client.sendall(piece)


def _rest(stream: BinaryIO) -> tuple[bytes, bytes]:
    """The header lines and the body of a request whose first line was read."""
    head = b""
    length = 0
    while line := stream.readline():
        head += line
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
        if line in {b"\r\n", b"\n"}:
            break
    return head, stream.read(length) if length else b""


def _unversioned(target: str) -> str:
    """``/v1.41/events?x=y`` -> ``/events?x=y``; Consul's ``/v1/...`` stays as it is."""
    first, _, rest = target.removeprefix("/").partition("/")
    return f"/{rest}" if first.startswith("v1.") else target


def _response(answer: Answer) -> bytes:
    body = answer.body.encode()
    reason = _REASONS.get(answer.status, "Unknown")
    head = f"HTTP/1.1 {answer.status} {reason}\r\nContent-Type: text/plain\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
