"""What the listeners need of the proxy behind them, and how much they take in at once."""

from collections.abc import Callable, Hashable, Sized
from typing import Protocol

from dnsproxy.core.clients import ClientLimits, Clients
from dnsproxy.core.gate import Query
from dnsproxy.core.hot import HotPlane
from dnsproxy.core.room import Owed, Places, Waiting
from dnsproxy.edges.files import allowed

IN_FLIGHT = 1000
# Those who wait for a reply that somebody else waits for take a place of 500 bytes.
SHARING = 10_000
TCP_CLIENTS = 1024
# Bytes of replies that wait for their readers, over all TCP connections.
OWED = 64 * 1024 * 1024
ONE: Sized = (None,)


class Answerer(Protocol):
    """What stands behind a listener."""

    @property
    def hot(self) -> HotPlane:
        """The replies over UDP that are ready."""

    def accept(self, packet: bytes, client: str, *, tcp: bool) -> Query | bytes | None:
        """The reply itself, or the query that :meth:`resolve` must wait for, or None: silence."""

    def resolve(self, query: Query, *, tcp: bool, waiting: Sized = ONE) -> bytes:
        """The reply; may wait. ``waiting`` are those who get it, when it is there."""

    def shed(self, query: Query, *, tcp: bool) -> bytes:
        """The reply to a query that there is no room to wait for."""


class Leaver(Hashable, Protocol):
    """A connection that may have to go for another one."""

    def end(self) -> None:
        """Close it, soon; never waits."""


class Room:
    """What may be going on at once: queries that wait, a transport each, and TCP connections.

    ``sharing`` are queries over UDP for whose very reply another one waits already.
    All listeners of a proxy share it, so that its limits are theirs together. ``welcomes`` says who
    is answered at all.
    """

    def __init__(
        self,
        clients: Clients | None = None,
        welcomes: Callable[[str], bool] = lambda client: True,
    ) -> None:
        self._clients = clients
        self.welcomes = welcomes
        self.udp = Waiting(IN_FLIGHT)
        self.sharing = Waiting(SHARING)
        self.tcp = Waiting(IN_FLIGHT)
        self.connections: Places[Leaver] = Places(min(TCP_CLIENTS, max(allowed() // 4, 1)))
        self.owed: Owed[Leaver] = Owed(OWED)

    @property
    def limits(self) -> ClientLimits:
        """What one client gets."""
        return self._clients.limits if self._clients is not None else _NO_LIMITS


_NO_LIMITS = ClientLimits(in_flight=IN_FLIGHT, connections=TCP_CLIENTS)
