"""HTTP over a Unix socket.

The docker package has an adapter too, which makes a pool for each URL, and leaves the socket open
where connecting failed.
"""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError


class SocketAdapter(HTTPAdapter):
    """Every request goes to the socket at ``path``, whatever host its URL names."""

    def __init__(self, path: str, pool_size: int) -> None:
        super().__init__()
        self._pool = _Pool(path, pool_size)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """The one pool."""
        return self._pool

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """The path alone: a proxy means nothing here."""
        return request.path_url

    def close(self) -> None:
        """Close what is open and idle."""
        super().close()
        self._pool.close()


class _Pool(HTTPConnectionPool):
    def __init__(self, path: str, size: int) -> None:
        super().__init__("localhost", maxsize=size, block=True)
        self._path = path

    def _new_conn(self) -> HTTPConnection:
        return _Connection(self._path)


class _Connection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def _new_conn(self) -> socket.socket:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.settimeout(self.timeout)
            opened.connect(self._path)
        except OSError as error:
            opened.close()
            raise NewConnectionError(self, f"cannot connect to {self._path}") from error
        return opened
