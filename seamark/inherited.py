"""Sockets that the process was started with: sd_listen_fds(3), systemd's socket activation."""

import os
import socket
from collections.abc import Iterable, Iterator, MutableMapping

from gevent import monkey

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.binding import bound, taken_over
from seamark.errors import SettingsError

_FIRST = 3
_KINDS = {socket.SOCK_DGRAM: "udp", socket.SOCK_STREAM: "tcp"}
_FAMILIES = {socket.AF_INET, socket.AF_INET6}


class Inherited:
    """Bound sockets by address and kind, each to be used once; no other is ever bound for them."""

    def __init__(self, sockets: Iterable[tuple[str, socket.socket]] = ()) -> None:
        """With each its name in messages. Raises :class:`SettingsError`."""
        self._sockets: dict[tuple[Endpoint, socket.SocketKind], socket.socket] = {}
        self._names: dict[Endpoint, str] = {}
        for name, sock in sockets:
            kind = socket.SocketKind(sock.type)
            if sock.family not in _FAMILIES or kind not in _KINDS:
                raise SettingsError(
                    f"the socket handed to us as {name} is neither UDP nor TCP",
                    "ListenDatagram= and ListenStream= take ADDR:PORT",
                )
            address = Endpoint(*sock.getsockname()[:2])
            self._sockets[address, kind] = sock
            self._names[address] = f"{name} ({_KINDS[kind]} {address})"

    @property
    def addresses(self) -> list[Endpoint]:
        """Where the sockets are bound, in their order."""
        return list(self._names)

    @property
    def descriptors(self) -> tuple[tuple[str, int], ...]:
        """Those that nobody has used: the name and the number of each."""
        return tuple(
            (self._names[address].rpartition(" (")[0], sock.fileno())
            for (address, _), sock in self._sockets.items()
        )

    def refuse_others(self, listen: Iterable[Endpoint]) -> None:
        """Raise :class:`SettingsError` for a socket on an address that is not listened on."""
        for address in self._names.keys() - set(listen):
            raise SettingsError(
                f"dns.listen: the socket handed to us as {self._names[address]} is on none of "
                + ", ".join(map(str, listen)),
                "name its address there too, or leave dns.listen out to answer on what is handed "
                "over",
            )

    def bind(self, address: Endpoint, kind: socket.SocketKind) -> socket.socket:
        """The socket that was handed over, or a new one. Raises ListenError."""
        sock = self._sockets.pop((address, kind), None)
        return bound(address, kind) if sock is None else taken_over(sock, address, kind)


def inherited(environment: MutableMapping[str, str]) -> Inherited:
    """What was handed to this process; the variables are taken away, they mean nobody else.

    Raises :class:`SettingsError`.
    """
    process = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "")
    if process != str(os.getpid()) or not count.isdigit():
        return Inherited()
    return Inherited(_sockets(int(count), names.split(":") if names else []))


def _sockets(count: int, names: list[str]) -> Iterator[tuple[str, socket.socket]]:
    for number in range(count):
        fd = _FIRST + number
        name = names[number] if number < len(names) else f"descriptor {fd}"
        try:
            os.set_inheritable(fd, False)  # noqa: FBT003  (it takes no keyword)
            # The real socket, not gevent's: the hub's callback must never switch.
            sock = monkey.get_original("socket", "socket")(fileno=fd)
        except OSError as error:
            raise SettingsError(
                f"LISTEN_FDS says {count}, and {name} is no socket: {error.strerror}",
                "start it by a socket unit, or without LISTEN_FDS",
            ) from error
        yield name, sock
