"""How requests reach the engine's Unix socket.

Docker's SDK has an adapter of its own, which opens a connection anew for every path (measured: a
thousand inspects, a thousand connections) and leaves the socket open where connecting failed.
"""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from catalog.unix import SocketPool


class SocketAdapter(HTTPAdapter):
    """Every request goes through ``pool``, whatever host its URL names."""

    def __init__(self, pool: SocketPool) -> None:
        super().__init__()
        self._pool = pool

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> SocketPool:
        """The one pool."""
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """The path alone: a proxy means nothing here."""
        return request.path_url

    def close(self) -> None:
        """Close what is open and idle."""
        super().close()
        self._pool.close()
