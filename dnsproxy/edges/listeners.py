"""The sockets that clients ask: UDP and TCP on one address, or on each address of this host."""

from collections.abc import Collection

import gevent

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.answerer import Answerer, Room
from dnsproxy.edges.binding import Bind, bound
from dnsproxy.edges.tcp import TcpListener
from dnsproxy.edges.udp import UdpListener
from dnsproxy.errors import ListenError

# The kernel chooses a free UDP port; that TCP is free there too is likely, not certain.
_PORT_TRIES = 32


class Listener:
    """UDP and TCP on one address and port; of port 0, the first that is free for both.

    Raises :class:`ListenError`.
    """

    def __init__(
        self,
        address: Endpoint,
        answerer: Answerer,
        room: Room | None = None,
        bind: Bind = bound,
    ) -> None:
        room = room or Room()
        tries = 1 if address.port else _PORT_TRIES
        while True:
            self._udp = UdpListener(address, answerer, room, bind)
            self.address = self._udp.address
            try:
                self._tcp = TcpListener(self.address, answerer, room, bind)
                return
            except ListenError:
                self._udp.abandon()
                tries -= 1
                if not tries:
                    raise

    @property
    def addresses(self) -> Collection[Endpoint]:
        """Where it answers."""
        return [self.address]

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {f"udp {self.address}": self._udp.reads, f"tcp {self.address}": self._tcp.accepts}

    def let_join(self, *, joined: bool) -> None:
        """Whether a listener that takes our place may be bound while we are."""
        self._udp.let_join(joined=joined)
        self._tcp.let_join(joined=joined)

    def start(self) -> None:
        """Begin to read."""
        self._udp.start()
        self._tcp.start()

    def stop(self, drain_s: float) -> None:
        """Read no more; give what is in flight ``drain_s`` seconds."""
        # Both at once: neither takes anything new while the other one finishes.
        gevent.joinall([gevent.spawn(part.stop, drain_s) for part in (self._udp, self._tcp)])

    def abandon(self) -> None:
        """The address is gone: nobody can be answered from it any more."""
        self._udp.abandon()
        self._tcp.abandon()
