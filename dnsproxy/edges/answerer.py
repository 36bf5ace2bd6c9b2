"""What the listeners need of the proxy behind them, and how much they take in at once."""

from typing import Protocol

from gevent.pool import Pool

from dnsproxy.core.gate import Query

IN_FLIGHT = 1000
TCP_CLIENTS = 256


class Answerer(Protocol):
    """What stands behind a listener."""

    def accept(self, packet: bytes, client: str, *, tcp: bool) -> Query | bytes | None:
        """The reply itself, or the query that :meth:`resolve` must wait for, or None: silence."""

    def resolve(self, query: Query, *, tcp: bool) -> bytes:
        """The reply; may wait."""

    def shed(self, query: Query, *, tcp: bool) -> bytes:
        """The reply to a query that there is no room to wait for."""


class Room:
    """What may be going on at once: queries that wait, a transport each, and TCP connections.

    Listeners that stand in for one wildcard share it, so that its limits are theirs together.
    """

    def __init__(self) -> None:
        self.udp = Pool(IN_FLIGHT)
        self.tcp = Pool(IN_FLIGHT)
        self.connections = Pool(TCP_CLIENTS)
