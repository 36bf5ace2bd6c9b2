"""Messages between the processes of one command: Python values over a pair of sockets.

Pickles are as powerful as code: both ends are this program, and nobody else can have one.
"""

import pickle
import struct
from typing import Any, Self

from gevent import socket

_LENGTH = struct.Struct("!Q")


class Channel:
    """One end. Raises EOFError when the other one is gone."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @classmethod
    def pair(cls) -> tuple[Self, socket.socket]:
        """An end, and the socket of the other one, for a child."""
        ours, theirs = socket.socketpair()
        return cls(ours), theirs

    def send(self, message: Any) -> None:
        """Send one; waits until it is on its way."""
        body = pickle.dumps(message)
        try:
            self._socket.sendall(_LENGTH.pack(len(body)) + body)
        except OSError as error:
            raise EOFError from error

    def receive(self) -> Any:
        """The next one; waits for it."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        return pickle.loads(self._exactly(length))  # noqa: S301  (see above)

    def close(self) -> None:
        """The other end notices."""
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = self._socket.recv(min(count, 1 << 20))
            except OSError as error:
                raise EOFError from error
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
