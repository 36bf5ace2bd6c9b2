"""All listeners of a proxy: bound together, and changed while queries come in."""

import functools
from collections.abc import Callable, Collection, Sequence

import gevent

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.answerer import Answerer, Room
from dnsproxy.edges.binding import Bind, bound
from dnsproxy.edges.everywhere import EachAddress, listen_on
from dnsproxy.edges.listeners import Listener

DRAIN_S = 2.0
_Listeners = dict[Endpoint, Listener | EachAddress]


class Front:
    """Listeners by the address that was asked for.

    ``bind`` gives the first sockets; that of a socket that was handed to us is no new one.
    """

    def __init__(self, answerer: Answerer, room: Room, bind: Bind = bound) -> None:
        self._answerer = answerer
        self._room = room
        self._bind = bind
        self._listeners: _Listeners = {}
        self._leaving: set[gevent.Greenlet[..., None]] = set()

    @property
    def addresses(self) -> list[Endpoint]:
        """Where it answers now."""
        return [address for each in self._listeners.values() for address in each.addresses]

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {
            name: goes_on
            for listener in self._listeners.values()
            for name, goes_on in listener.vitals().items()
        }

    def start(self, listen: Sequence[Endpoint], leave: Collection[Endpoint]) -> None:
        """Bind everything, then begin to read. Raises ListenError."""
        self._listeners = self._bound(listen, leave, self._bind)
        for listener in self._listeners.values():
            listener.start()

    def prepared(
        self, listen: Sequence[Endpoint], leave: Collection[Endpoint]
    ) -> Callable[[], None]:
        """Bind what is to come; what is returned makes the change, and cannot fail.

        Raises ListenError; then everything is as it was.
        """
        going = {address for address in self._listeners if address not in listen}
        coming = [address for address in listen if address not in self._listeners]
        arrived = self._bound_beside(coming, going, leave)
        return lambda: self._change(arrived, going)

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Read no more; give what is in flight ``drain_s`` seconds."""
        listeners = self._listeners.values()
        gevent.joinall([gevent.spawn(listener.stop, drain_s) for listener in listeners])
        gevent.joinall(list(self._leaving), timeout=drain_s)
        self._listeners = {}

    def _change(self, arrived: _Listeners, going: Collection[Endpoint]) -> None:
        for listener in arrived.values():
            listener.start()
        for address in going:
            # Not waited for: what is in flight there must not hold up the rest.
            leaving = gevent.spawn(self._listeners.pop(address).stop, DRAIN_S)
            self._leaving.add(leaving)
            leaving.link(self._leaving.discard)
        self._listeners |= arrived

    def _bound_beside(
        self, coming: Sequence[Endpoint], going: Collection[Endpoint], leave: Collection[Endpoint]
    ) -> _Listeners:
        """Bound while those still are that go: 127.0.0.1 in place of 0.0.0.0 leaves no gap."""
        ports = {address.port for address in coming}
        joined = [self._listeners[address] for address in going if address.port in ports]
        for listener in joined:
            listener.let_join(joined=True)
        try:
            bind = functools.partial(bound, beside=True) if joined else bound
            return self._bound(coming, leave, bind)
        finally:
            for listener in joined:
                listener.let_join(joined=False)

    def _bound(
        self, listen: Sequence[Endpoint], leave: Collection[Endpoint], bind: Bind
    ) -> _Listeners:
        """All of them or none. Raises ListenError."""
        listeners: _Listeners = {}
        try:
            for address in listen:
                listeners[address] = listen_on(address, self._answerer, leave, self._room, bind)
        except BaseException:
            for listener in listeners.values():
                listener.stop(0)
            raise
        return listeners
