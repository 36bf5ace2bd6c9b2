"""What answers as an agent over TLS does as far as the handshake, for faults of certificates."""

import contextlib
import os
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class TlsAgent:
    """A context manager; ``port`` is where it listens, as localhost. It has no services.

    ``clients_of`` is the CA of the clients that it takes, all if None; ``hangs_up``: after the
    handshake, without a word.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        clients_of: Path | None = None,
        *,
        hangs_up: bool = False,
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        if clients_of is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients_of)
        self._hangs_up = hangs_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        with self._context.wrap_socket(
            client, server_side=True, do_handshake_on_connect=False
        ) as secured:
            try:
                secured.do_handshake()
            except ssl.SSLError:
                # Closing what has not been read resets the connection, and the alert may get lost.
                while os.read(secured.fileno(), 4096):
                    pass
                return
            if not self._hangs_up:
                secured.recv(4096)
                secured.sendall(_REPLY)
