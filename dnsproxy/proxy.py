"""The DNS proxy: listeners in front, the gate behind them, the resolver behind that."""

import logging
from collections.abc import Sequence

import gevent

from dnsproxy.core.access import AllowList
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import Query, Refusal, admit, is_query
from dnsproxy.core.names import to_text
from dnsproxy.core.replies import rcode_reply, refuse
from dnsproxy.core.wire import Rcode
from dnsproxy.edges.listeners import TcpListener, UdpListener
from dnsproxy.errors import ListenError
from dnsproxy.resolver import EmbeddedZone, Resolver

log = logging.getLogger("dnsproxy")

DRAIN_S = 2.0
# The kernel chooses a free UDP port; that TCP is free there too is likely, not certain.
_PORT_TRIES = 32


class DnsProxy:
    """Answers on every address of ``listen``. Binds on ``start``; raises ListenError there."""

    def __init__(self, listen: Sequence[Endpoint], resolver: Resolver, allow: AllowList) -> None:
        self._listen = listen
        self._resolver = resolver
        self._allow = allow
        self._listeners: list[UdpListener | TcpListener] = []

    def start(self) -> list[Endpoint]:
        """Bind everything, then begin to answer. Returns the addresses, real ports in them."""
        bound: list[Endpoint] = []
        try:
            for address in self._listen:
                udp, tcp = self._listen_on(address)
                self._listeners += [udp, tcp]
                bound.append(udp.address)
        except BaseException:
            self.stop(0)
            raise
        for listener in self._listeners:
            listener.start()
        return bound

    def _listen_on(self, address: Endpoint) -> tuple[UdpListener, TcpListener]:
        """Both protocols on one port; of port 0, the first that is free for both."""
        tries = _PORT_TRIES if address.port == 0 else 1
        while True:
            udp = UdpListener(address, self)
            try:
                return udp, TcpListener(udp.address, self)
            except ListenError:
                udp.stop(0)
                tries -= 1
                if not tries:
                    raise

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Take no more queries, and finish those in flight."""
        gevent.joinall([gevent.spawn(listener.stop, drain_s) for listener in self._listeners])
        self._listeners = []

    def accept(self, packet: bytes, client: str, *, tcp: bool) -> Query | bytes | None:
        """See :class:`~dnsproxy.edges.listeners.Answerer`."""
        if not is_query(packet):
            return None
        # Before anything is parsed, and the same on every transport.
        if not self._allow.allows(client):
            return refuse(Refusal(Rcode.REFUSED, packet))
        query = admit(packet)
        if isinstance(query, Refusal):
            return refuse(query)
        if isinstance(self._resolver.target(query), EmbeddedZone):
            return self.resolve(query, tcp=tcp)
        return query

    def resolve(self, query: Query, *, tcp: bool) -> bytes:
        """See :class:`~dnsproxy.edges.listeners.Answerer`."""
        try:
            return self._resolver.resolve(query, tcp=tcp)
        except Exception:
            # A fault of ours costs this answer, never the process; the client is not kept waiting.
            log.exception("no answer for %s", to_text(query.question.name))
            return rcode_reply(query, Rcode.SERVFAIL)

    def shed(self, query: Query) -> bytes:
        """See :class:`~dnsproxy.edges.listeners.Answerer`."""
        return self._resolver.shed(query)
