"""A relay between the registrar and the engine or Consul, that fails in the way it is told to.

A real server on a real socket, with two threads a connection. It reads requests as far as it must
(head, Content-Length) and forwards responses as the bytes they are. Clients of ours never send a
second request before the first one is answered, which is what lets it answer in between.
"""

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.orders import Answer, Orders, Torn
from tests.faults.pair import Pair


class Relay:
    """Listens on ``url`` and forwards to ``upstream``; both are unix:///path or tcp://host:port.

    A context manager. An order holds until the next one, or until :meth:`lift`.
    """

    def __init__(self, url: str, upstream: str) -> None:
        self.url = url
        self._upstream = upstream
        self._orders = Orders()
        self._listener: socket.socket | None = None
        self._accepting: threading.Thread | None = None
        self._pairs: set[Pair] = set()
        self._guard = threading.Lock()

    @property
    def address(self) -> str:
        """host:port of a TCP relay."""
        return self.url.partition("://")[2]

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._orders.give()
        self.refuse()
        with self._guard:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.join()

    # -- orders --------------------------------------------------------------------------------

    def cut(self, path: str = "") -> None:
        """Close every connection whose latest request is below ``path``, with what it holds."""
        with self._guard:
            pairs = [pair for pair in self._pairs if pair.path.startswith(path)]
        for pair in pairs:
            pair.close()
        self._orders.wake()

    def refuse(self) -> None:
        """Cut everything and take no new connection."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake a thread that waits in accept.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if self._accepting is not None:
            self._accepting.join(5)
            self._accepting = None
        self.cut()

    def stall(self, path: str = "") -> None:
        """Keep and accept connections, and forward nothing of requests below ``path``."""
        self._orders.give(stalled=path)

    def tear(self, torn: Torn) -> None:
        """Forward the next event up to the middle of its document, and then fail like ``torn``."""
        self._orders.give(torn=torn)

    def delay(self, seconds: float) -> None:
        """Forward each request and each piece of a response that much later."""
        self._orders.give(delay_s=seconds)

    def answer(
        self, status: int, body: str, count: int | None = None, method: str = "", path: str = ""
    ) -> None:
        """Answer the next ``count`` requests (None: all) of method below path in its place."""
        self._orders.give(answer=Answer(status, body, count, method, path))

    def swallow(self, count: int) -> None:
        """Forward the next ``count`` PUTs, and close instead of giving their responses back."""
        self._orders.give(swallow=count)

    def lift(self) -> None:
        """End every fault; what was held back flows."""
        self._orders.give()
        if self._listener is None:
            self._listen()

    def inject(self, path: str, chunk: bytes) -> int:
        """Put a chunk of our own into the open responses below ``path``; how many there were."""
        with self._guard:
            pairs = [pair for pair in self._pairs if pair.path.startswith(path)]
        for pair in pairs:
            pair.inject(chunk)
        return len(pairs)

    def count(self, what: str) -> int:
        """How often it ``stalled``, ``answered``, ``swallowed`` or was ``torn``."""
        return self._orders.count(what)

    # -- connections ---------------------------------------------------------------------------

    def _listen(self) -> None:
        self._listener = _listener(self.url)
        self._accepting = threading.Thread(target=self._accept, args=[self._listener], daemon=True)
        self._accepting.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            pair = Pair(client, self._upstream, self._orders, self._gone)
            with self._guard:
                self._pairs.add(pair)
            pair.start()

    def _gone(self, pair: Pair) -> None:
        with self._guard:
            self._pairs.discard(pair)


def _listener(url: str) -> socket.socket:
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        Path(rest).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(rest)
    else:
        host, _, port = rest.rpartition(":")
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, int(port)))
    listener.listen(64)
    return listener
