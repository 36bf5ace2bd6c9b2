"""HTTP over a Unix socket, as a pool of connections of urllib3."""

import socket

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import NewConnectionError


class SocketPool(HTTPConnectionPool):
    """Every request goes to the socket at ``path``; ``size`` connections at most."""

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
