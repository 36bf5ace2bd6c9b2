"""An upstream over TLS that does to its connections what a test tells it to."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.dnsproxy.tcp_upstream import Handler


class TlsUpstream:
    """``handler`` has each connection to itself, its handshake behind it; a context manager.

    ``before`` is called with each connection ahead of its handshake. ``names`` are the server names
    that clients asked for, ``connections`` how many handshakes went well, ``clear`` what came in
    over UDP to the same port.
    """

    def __init__(
        self,
        files: tuple[Path, Path],
        handler: Handler,
        before: Callable[[socket.socket], None] = lambda connection: None,
        port: int = 0,
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*files)
        self._context.sni_callback = self._named
        self._handler = handler
        self._before = before
        self.connections = 0
        self.names: list[str | None] = []
        self.clear: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        self._threads = [
            threading.Thread(target=loop, daemon=True) for loop in (self._serve, self._listen)
        ]

    def __enter__(self) -> Self:
        # A copy: a connection that comes at once adds its own, which is started by then.
        for thread in tuple(self._threads):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake a thread that waits in accept, recv or recvfrom.
        self._udp.sendto(b"", ("127.0.0.1", self.port))
        for waiting in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()
        self._udp.close()

    def _named(self, sock: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        self.names.append(name)

    def _listen(self) -> None:
        while packet := self._udp.recvfrom(65535)[0]:
            self.clear.append(packet)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            thread = threading.Thread(target=self._one, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._before(connection)
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self._open.append(secured)
                self.connections += 1
                self._handler(secured, self.connections - 1)
