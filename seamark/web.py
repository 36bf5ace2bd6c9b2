"""The status side: is it alive, and is it ready. Read-only, on loopback by default."""

import logging
import os
from collections.abc import Callable

import falcon
from gevent.pywsgi import WSGIServer

from dnsproxy.core.endpoint import Endpoint
from seamark.errors import StartError

log = logging.getLogger("seamark")

# Part -> why it is not ready; empty when it is.
Readiness = Callable[[], dict[str, str]]


class _Health:
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Alive: this loop turns. Never depends on upstreams; restarting would not mend those."""
        response.media = {"status": "ok"}


class _Ready:
    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """503 and the names of what is not ready."""
        parts = self._readiness()
        if any(parts.values()):
            response.status = falcon.HTTP_503
        response.media = {
            "ready": not any(parts.values()),
            "parts": {part: why or "ready" for part, why in parts.items()},
        }


class StatusServer:
    """Serves /health and /ready. ``start`` raises :class:`StartError`."""

    def __init__(self, address: Endpoint, readiness: Readiness) -> None:
        app = falcon.App()
        app.add_route("/health", _Health())
        app.add_route("/ready", _Ready(readiness))
        self._address = address
        self._server = WSGIServer((address.host, address.port), app, log=None, error_log=log)

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
