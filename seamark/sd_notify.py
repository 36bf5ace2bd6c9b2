"""Word to the service manager of how we are: sd_notify(3)."""

import contextlib
import os
import socket
from collections.abc import MutableMapping
from time import CLOCK_MONOTONIC, clock_gettime_ns

from gevent import monkey


class Notifier:
    """Sends to the socket that NOTIFY_SOCKET names, if it does; the variables are taken away.

    ``watchdog_s`` is how long the manager waits for a sign of life; 0: it does not.
    """

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        path = environment.pop("NOTIFY_SOCKET", "")
        # Linux's abstract sockets begin with a zero byte, which no variable can hold.
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._socket: socket.socket | None = None
        if path:
            # The real socket, not gevent's: the hub's callback must never switch.
            made: socket.socket = monkey.get_original("socket", "socket")(
                socket.AF_UNIX, socket.SOCK_DGRAM
            )
            made.settimeout(0)
            self._socket = made
        self.watchdog_s = _watchdog_s(environment)

    def ready(self, status: str) -> None:
        """Bound, and answering; again after :meth:`reloading`. ``status`` is a line for people."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Settings are read again."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={clock_gettime_ns(CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """About to end."""
        self._send("STOPPING=1", "STATUS=finishing what is in flight")

    def alive(self) -> None:
        """The sign of life."""
        self._send("WATCHDOG=1")

    def failing(self, status: str) -> None:
        """Not well; ``status`` is a line for people."""
        self._send(f"STATUS={status}")

    def close(self) -> None:
        """Send no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is not None:
            # A manager that does not listen is no reason not to serve.
            with contextlib.suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


def _watchdog_s(environment: MutableMapping[str, str]) -> float:
    usec = environment.pop("WATCHDOG_USEC", "")
    process = environment.pop("WATCHDOG_PID", "")
    meant = process in {"", str(os.getpid())}
    return int(usec) / 1_000_000 if meant and usec.isdigit() else 0.0
