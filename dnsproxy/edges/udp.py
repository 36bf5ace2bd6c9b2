"""UDP, drained in batches.

A reply leaves from the address that the query was sent to, also where the socket listens on all of
them: a client drops what comes from elsewhere.
"""

import contextlib
import ipaddress
import logging
import socket
from collections.abc import Iterable
from typing import Any

import gevent

from dnsproxy.core.access import host_of
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import Query
from dnsproxy.edges.answerer import Answerer, Room
from dnsproxy.edges.batches import SIZE, Batch
from dnsproxy.edges.binding import IP_PKTINFO, Bind, bound, let_join
from dnsproxy.edges.tasks import Tasks

log = logging.getLogger("dnsproxy")

# Read at once; then others have their turn, such as who tells of changes. Sooner after a batch in
# which so many were not ready: each of them takes as long as ten others.
_BATCHES = 4
_ASKED_FOR = 16
_ANY_INTERFACE = b"\0\0\0\0"

Told = tuple[int, int, bytes]
Ancillary = list[Told]
# A host and the bytes of its query behind the id: one reply does for all that are alike.
Asked = tuple[str, bytes]
# Client and port, where it sent its query to, and its id.
Asker = tuple[tuple[Any, ...], tuple[Told, ...], int]


class UdpListener:
    """One UDP socket, read in the hub's own callback: no greenlet for a packet that needs none."""

    def __init__(
        self,
        address: Endpoint,
        answerer: Answerer,
        room: Room | None = None,
        bind: Bind = bound,
    ) -> None:
        self._answerer = answerer
        self._room = room or Room()
        self._tasks = Tasks(self._wait_and_send)
        # What waits, and for whom.
        self._waiting: dict[Asked, dict[Asker, None]] = {}
        self._socket = bind(address, socket.SOCK_DGRAM)
        self._batch = Batch(self._socket)
        self.address = Endpoint(address.host, self._socket.getsockname()[1])
        self._watcher: Any = None

    def start(self) -> None:
        """Begin to read."""
        loop: Any = gevent.get_hub().loop
        # Last in each turn of the loop: where this process had to wait for its turn, a change that
        # is told of and the queries that were asked since have come together.
        self._watcher = loop.io(self._socket.fileno(), 1, priority=loop.MINPRI)
        self._watcher.start(self._drain)

    def stop(self, drain_s: float) -> None:
        """Read no more; give the queries in flight ``drain_s`` seconds."""
        self._stop_reading()
        self._tasks.stop(drain_s)
        self._socket.close()

    def abandon(self) -> None:
        """The address is gone: nobody can be answered from it any more."""
        self._stop_reading()
        self._socket.close()

    @property
    def reads(self) -> bool:
        """Whether what comes is read."""
        return self._watcher is not None and bool(self._watcher.active)

    def let_join(self, *, joined: bool) -> None:
        """See :func:`~dnsproxy.edges.binding.let_join`."""
        let_join(self._socket, joined=joined)

    def _stop_reading(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None

    def _drain(self) -> None:
        batch = self._batch
        for _ in range(_BATCHES):
            count = batch.receive()
            if not count:
                return
            left = batch.answer(count, self._answerer.hot)
            for number in left:
                self._receive(number)
            if count < SIZE or len(left) > _ASKED_FOR:
                return

    def _receive(self, number: int) -> None:
        packet, client = self._batch.packet(number), self._batch.client(number)
        if client[1] == 0:
            return
        try:
            self._accept(packet, self._batch.ancillary(number), client)
        except Exception:
            # Whatever a packet holds, it costs at most itself.
            log.exception("a packet from %s failed", client[0])

    def _accept(self, packet: bytes, ancillary: Ancillary, client: tuple[Any, ...]) -> None:
        reply = self._answerer.accept(packet, client[0], tcp=False)
        if isinstance(reply, bytes):
            self._send(reply, ancillary, client)
        elif reply is not None:
            self._wait(reply, ancillary, client)

    def _wait(self, query: Query, ancillary: Ancillary, client: tuple[Any, ...]) -> None:
        """Answer a query when its answer is there; now with what there is if there is no room."""
        asked = host_of(client[0]), query.message.wire[2:]
        asker = client, tuple(ancillary), query.message.id
        waiting = self._waiting.get(asked, {})
        if asker in waiting:
            # Sent again while it waits: one reply is what it gets.
            return
        places = self._room.sharing if waiting else self._room.udp
        if not places.enter(asked[0], self._room.limits.in_flight):
            # To wait for room here would hold up those that need no waiting.
            self._send(self._answerer.shed(query, tcp=False), ancillary, client)
            return
        waiting[asker] = None
        if asked not in self._waiting:
            self._waiting[asked] = waiting
            self._tasks.begin((query, asked))

    def _wait_and_send(self, task: tuple[Query, Asked]) -> None:
        query, asked = task
        waiting = self._waiting[asked]
        try:
            reply = self._answerer.resolve(query, tcp=False, waiting=waiting)
            for client, ancillary, query_id in waiting:
                self._send(query_id.to_bytes(2, "big") + reply[2:], ancillary, client)
        finally:
            self._leave(asked)

    def _leave(self, asked: Asked) -> None:
        waiting = self._waiting.pop(asked)
        self._room.udp.leave(asked[0])
        self._room.sharing.leave(asked[0], len(waiting) - 1)

    def _send(self, reply: bytes, ancillary: Iterable[Told], client: tuple[Any, ...]) -> None:
        # A full send buffer or a vanished route is the client's retry, not our wait.
        with contextlib.suppress(OSError):
            self._socket.sendmsg([reply], _from_where_it_came(ancillary), 0, client)


def _from_where_it_came(ancillary: Iterable[Told]) -> Ancillary:
    """The packet info of a query, turned into the source address of its reply (ip(7), ipv6(7)).

    The route chooses the interface, which need not be the one that the query came in by; a
    link-local address has no meaning without its own.
    """
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO:
            # ifindex, spec_dst, addr: spec_dst becomes the source.
            return [(level, kind, _ANY_INTERFACE + data[4:8] + b"\0\0\0\0")]
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            bare = not ipaddress.IPv6Address(data[:16]).is_link_local
            return [(level, kind, data[:16] + (_ANY_INTERFACE if bare else data[16:20]))]
    return []
