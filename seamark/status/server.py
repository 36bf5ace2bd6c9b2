"""The sockets of the status side, and what a client there may cost."""

import contextlib
import http.client
import logging
import os
import socket
from typing import Any, BinaryIO

import gevent
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

from dnsproxy.core.endpoint import Endpoint
from seamark.errors import StartError
from seamark.status.site import Told, site

log = logging.getLogger("seamark")

CLIENTS = 32
# For a whole request and its response, and for the pause before it.
REQUEST_S = 30.0
# For a request to come, idle time between two included: places are few.
HEAD_S = 5.0
HEAD_BYTES = 16 * 1024


class _Head:
    """The head of a request, line by line, as long as it is no longer than it may be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = HEAD_BYTES

    def readline(self, limit: int) -> bytes:
        """Raises ValueError when there is too much."""
        line = self._file.readline(min(limit, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise ValueError("the head of the request is too long")
        return line


class _Handler(WSGIHandler):
    """A connection that is hung up on when a request takes too long, whoever is slow."""

    def handle_one_request(self) -> Any:
        loop = gevent.get_hub().loop
        self._timers = [loop.timer(REQUEST_S), loop.timer(HEAD_S)]
        try:
            for timer in self._timers:
                timer.start(self._hang_up)
            return super().handle_one_request()
        finally:
            for timer in self._timers:
                timer.close()

    def read_request(self, raw_requestline: str) -> Any:
        """The head of a request. Raises ValueError for one that is answered with 400."""
        found = super().read_request(raw_requestline)
        self._timers[-1].close()
        if self.content_length or "transfer-encoding" in self.headers:
            # gevent would read all of it, at whatever speed it comes, and throw it away.
            raise ValueError("nothing here takes a body")
        return found

    def MessageClass(self, file: Any, *more: Any) -> Any:  # noqa: N802  (gevent's name)
        """The headers. Raises ValueError."""
        try:
            make: Any = super().MessageClass
            return make(_Head(file), *more)
        except http.client.HTTPException as error:
            # gevent prints a traceback of these, and any client can make as many as it likes.
            raise ValueError(str(error)) from error

    def log_error(self, msg: str, *args: Any) -> None:
        """Of a client's faults nobody wants a line each."""
        log.debug(msg, *args)

    def _hang_up(self) -> None:
        # The socket itself: gevent's would throw into whoever waits for it, and this just ends.
        connection: Any = self.socket
        with contextlib.suppress(OSError):
            connection._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001


class StatusServer:
    """Serves what there is to tell. ``start`` raises :class:`StartError`."""

    def __init__(self, address: Endpoint, told: Told) -> None:
        self._address = address
        self._server = WSGIServer(
            (address.host, address.port),
            site(told),
            log=None,
            error_log=log,
            spawn=Pool(CLIENTS),
            handler_class=_Handler,
        )

    @property
    def port(self) -> int:
        """The port it listens on, once it does."""
        return self._server.server_port or 0

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {f"http {self._address}": bool(self._server.started)}

    def start(self) -> None:
        """Bind and serve."""
        try:
            self._server.start()
        except OSError as error:
            # gevent appends the address to strerror.
            reason = os.strerror(error.errno) if error.errno else error
            raise StartError(
                f"cannot listen on {self._address} (http): {reason}",
                "choose another with `--http ADDR:PORT`, or `--http off`",
            ) from error

    def stop(self) -> None:
        """End."""
        self._server.stop(timeout=1)
