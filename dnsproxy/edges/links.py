"""The addresses of this host, and word of it when one comes or goes: rtnetlink(7)."""

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

import gevent
from gevent import monkey

from dnsproxy.core.netlink import GROUPS, Listing, LocalAddress, list_request

_RECEIVE = 1 << 18
_TRIES = 5
# The kernel answers from within the call; should it ever not, the loop must not stand still.
_LIMIT_S = 1.0


def local_addresses(version: int) -> list[LocalAddress]:
    """All addresses of a family (4 or 6), in the kernel's order. Raises OSError."""
    for _ in range(_TRIES):
        found = _listing(version)
        if found.error:
            raise OSError(found.error, os.strerror(found.error))
        if not found.interrupted:
            return found.addresses
    raise OSError(errno.EAGAIN, "the list of addresses changes faster than it can be read")


def _listing(version: int) -> Listing:
    found = Listing()
    with _netlink() as sock:
        sock.settimeout(_LIMIT_S)
        sock.bind((0, 0))
        sock.sendto(list_request(version), (0, 0))
        while not found.complete:
            try:
                found.read(sock.recv(_RECEIVE))
            except ValueError as error:
                raise OSError(errno.EPROTO, str(error)) from error
    return found


class AddressWatch:
    """Calls ``changed`` in the hub, soon after an address of the family came or went.

    It says that, and not what: the kernel drops word that is not read in time, a list it does
    not. Subscribed from the constructor on; raises OSError there.
    """

    def __init__(self, version: int, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._socket = _netlink()
        self._watcher: Any = None
        try:
            self._socket.settimeout(0)
            self._socket.bind((0, GROUPS[version]))
        except OSError:
            self._socket.close()
            raise

    def start(self) -> None:
        """Begin to call."""
        self._watcher = gevent.get_hub().loop.io(self._socket.fileno(), 1)
        self._watcher.start(self._drain)

    @property
    def watches(self) -> bool:
        """Whether word of changes is read."""
        return self._watcher is not None and bool(self._watcher.active)

    def stop(self) -> None:
        """Call no more."""
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
        self._socket.close()

    def _drain(self) -> None:
        # Once, not until it is empty: what is left wakes us again, and ENOBUFS is word enough.
        try:
            self._socket.recv(_RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
        self._changed()


def _netlink() -> socket.socket:
    # The real socket, not gevent's: the hub's callback must never switch.
    sock: socket.socket = monkey.get_original("socket", "socket")(
        socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE
    )
    return sock
