"""The DNS proxy: listeners in front, the gate behind them, the resolver behind that."""

import contextlib
import functools
import logging
import secrets
import struct
from collections.abc import Callable, Collection, Iterator, Sequence, Sized
from dataclasses import dataclass, field, replace
from time import monotonic, time

from dnsproxy.core.access import AllowList, is_loopback
from dnsproxy.core.clients import Clients
from dnsproxy.core.edns import OptionCode, option
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.exchange import Limited, Source
from dnsproxy.core.gate import EDNS_SIZE, UDP_SIZE_WITHOUT_EDNS, Query, Refusal, admit, is_query
from dnsproxy.core.hot import MAX_BYTES, HotPlane
from dnsproxy.core.mark import carries
from dnsproxy.core.names import to_text
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import rcode_reply, refuse, size_limit, write
from dnsproxy.core.request import Request
from dnsproxy.core.seldom import Seldom
from dnsproxy.core.wire import Rcode, Type
from dnsproxy.edges.answerer import ONE, Room
from dnsproxy.edges.binding import Bind, bound
from dnsproxy.edges.front import DRAIN_S, Front
from dnsproxy.edges.loops import LoopWatch
from dnsproxy.edges.observer import Observer
from dnsproxy.edges.tcp import idle_s
from dnsproxy.edges.upstreams import UpstreamGroup
from dnsproxy.forwarding import Found
from dnsproxy.ready import Ready
from dnsproxy.resolver import Resolver
from dnsproxy.telling import answered, explanation, gated, traced

log = logging.getLogger("dnsproxy")

_FAULT = Found(Reply(int(Rcode.SERVFAIL)), Source.NOBODY, "")
_CUT = Reply(truncated=True)
_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """How clients are served.

    ``leave``: addresses of this host that belong to a server which we ask; where we listen on all,
    these are never taken, even when their holder restarts. ``edns_size``: bytes in one datagram.
    ``mark``: what is on our own questions to servers that may ask us in turn. ``loops`` looks for
    upstreams that do so unasked. ``groups`` are all that are asked, to be closed at the end.
    ``ready_bytes`` is the room for replies that are ready, for the clients of each view.
    """

    allow: AllowList
    leave: Collection[Endpoint] = ()
    edns_size: int = EDNS_SIZE
    mark: bytes = b""
    loops: LoopWatch = field(default_factory=lambda: LoopWatch(()))
    groups: Collection[UpstreamGroup] = ()
    ready_bytes: int = MAX_BYTES


class _Term:
    """A time under one resolver and one set of options, which ends with its last query."""

    def __init__(self, resolver: Resolver, options: ProxyOptions) -> None:
        self.resolver = resolver
        self.options = options
        self._in_flight = 0
        self._over = False

    @contextlib.contextmanager
    def query(self) -> Iterator[None]:
        """While a query is answered that may have to wait."""
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._close_if_done()

    def end(self) -> None:
        """Ask for no loops; finish what still waits, then close connections to upstreams."""
        self.options.loops.stop()
        self._over = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._over and not self._in_flight:
            for group in self.options.groups:
                group.close()


class DnsProxy:
    """Answers on every address of ``listen``. Binds on ``start``; raises ListenError there.

    ``clients`` is what is kept of them and how much each gets. ``bind`` gives the sockets.
    """

    def __init__(
        self,
        listen: Sequence[Endpoint],
        resolver: Resolver,
        options: ProxyOptions,
        observer: Observer | None = None,
        clients: Clients | None = None,
        bind: Bind = bound,
    ) -> None:
        self.clients = clients or Clients(secrets.token_bytes(_SECRET_BYTES))
        self._room = Room(self.clients, self._welcomes)
        self._limited = Seldom()
        self._listen = listen
        self._term = _Term(resolver, options)
        observer = observer or Observer(ring=0)
        self._observe = observer.record
        self._ready = Ready(observer, options.ready_bytes)
        self._front = Front(self, self._room, bind)

    @property
    def hot(self) -> HotPlane:
        """See :class:`~dnsproxy.edges.answerer.Answerer`."""
        return self._ready.hot

    @property
    def addresses(self) -> list[Endpoint]:
        """Where it answers now."""
        return self._front.addresses

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return self._front.vitals()

    def start(self) -> list[Endpoint]:
        """Bind everything, then begin to answer. Returns the addresses, real ports in them."""
        self._front.start(self._listen, self._options.leave)
        self._options.loops.start()
        return self.addresses

    def swap(self, listen: Sequence[Endpoint], resolver: Resolver, options: ProxyOptions) -> None:
        """From now on answer on these addresses, by these.

        Queries in flight are finished by what they came in under. Raises ListenError; then
        everything is as it was.
        """
        change = self._front.prepared(listen, options.leave)
        term, self._term = self._term, _Term(resolver, options)
        self.hot.clear()
        self.hot.max_bytes = options.ready_bytes
        change()
        options.loops.start()
        term.end()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """Take no more queries, and finish those in flight."""
        self._front.stop(drain_s)
        self._term.end()

    def accept(self, packet: bytes, client: str, *, tcp: bool) -> Query | bytes | None:
        """See :class:`~dnsproxy.edges.answerer.Answerer`."""
        if not is_query(packet):
            return None
        start = monotonic()
        # Before anything is parsed, and the same on every transport.
        refusal = None if self._options.allow.allows(client) else Refusal(Rcode.REFUSED, packet)
        query = refusal or self._admitted(packet, client, tcp=tcp)
        if not tcp and (limited := self.clients.limited(query, client, start, time())):
            return self._cut(query, client, limited)
        if isinstance(query, Refusal):
            self._observe(gated(query, client, query.rcode, tcp=tcp, now=time()))
            options = self._options_for(query.query) if query.query else b""
            return refuse(query, self._options.edns_size, options)
        if carries(query.message, self._options.mark):
            query = replace(query, returned=True)
        if query.question.qtype == Type.ANY and not tcp:
            # What can be had by a forged source address is to be no larger than what it costs.
            query = replace(query, minimal_any=True)
        if query.explains:
            return query
        return self._answer(query, self._term.resolver.recall, start, tcp=tcp) or query

    def resolve(self, query: Query, *, tcp: bool, waiting: Sized = ONE) -> bytes:
        """See :class:`~dnsproxy.edges.answerer.Answerer`."""
        term = self._term
        find = term.resolver.resolve
        if query.explains and is_loopback(query.client):
            find = functools.partial(traced, find)
        with term.query():
            wire = self._answer(query, find, monotonic(), waiting, tcp=tcp)
        assert wire is not None
        return wire

    def shed(self, query: Query, *, tcp: bool) -> bytes:
        """See :class:`~dnsproxy.edges.answerer.Answerer`."""
        return self._write(query, self._term.resolver.shed(query.request), monotonic(), tcp=tcp)

    def _admitted(self, packet: bytes, client: str, *, tcp: bool) -> Query | Refusal:
        """The query, or the refusal that it gets; so do our own that look for loops."""
        query = admit(packet, client, tcp=tcp)
        if isinstance(query, Query) and self._options.loops.is_own(query.question.key):
            return Refusal(Rcode.REFUSED, packet, query)
        return query

    @property
    def _options(self) -> ProxyOptions:
        return self._term.options

    def _welcomes(self, client: str) -> bool:
        return self._options.allow.allows(client)

    def _cut(self, query: Query | Refusal, client: str, limited: Limited) -> bytes | None:
        """What a client beyond its rate gets: nothing, or what it has to ask again with."""
        if count := self._limited.due(monotonic()):
            log.warning("rate limit: %d replies not sent or cut, now to %s", count, client)
        rcode = {Limited.TRUNCATED: Rcode.NOERROR, Limited.BADCOOKIE: Rcode.BADCOOKIE}.get(limited)
        wire = None
        if rcode is not None and isinstance(query, Query):
            wire = self._empty(query, rcode)
        exchange = gated(query, client, rcode, tcp=False, now=time())
        cut = limited is Limited.TRUNCATED
        size = len(wire or b"")
        self._observe(replace(exchange, limited=limited, truncated=cut, size=size))
        return wire

    def _empty(self, query: Query, rcode: Rcode) -> bytes:
        size, options = self._options.edns_size, self._options_for(query)
        if rcode is Rcode.NOERROR:
            return write(query, _CUT, UDP_SIZE_WITHOUT_EDNS, size, options)
        return rcode_reply(query, rcode, size, options)

    def _options_for(self, query: Query) -> bytes:
        """The options of our own OPT: a cookie for a cookie, a time for who asks for it."""
        options = b""
        if query.cookie:
            cookie = self.clients.cookies.answer(query.cookie, query.client, time())
            options = option(OptionCode.COOKIE, cookie)
        if query.keepalive:
            tenths = int(idle_s(self._room.connections.load) * 10)
            options += option(OptionCode.KEEPALIVE, struct.pack("!H", tenths))
        return options

    def _answer(
        self,
        query: Query,
        find: Callable[[Request], Found | None],
        start: float,
        waiting: Sized = ONE,
        *,
        tcp: bool,
    ) -> bytes | None:
        """The reply with what ``find`` finds; None if it finds nothing."""
        try:
            found = find(query.request)
            return None if found is None else self._write(query, found, start, waiting, tcp=tcp)
        except Exception:
            # A fault of ours costs this answer, never the process; the client is not kept waiting.
            log.exception("no answer for %s", to_text(query.question.name))
            return self._write(query, _FAULT, start, waiting, tcp=tcp)

    def _write(
        self, query: Query, found: Found, start: float, waiting: Sized = ONE, *, tcp: bool
    ) -> bytes:
        limit = size_limit(query, tcp=tcp, edns_size=self._options.edns_size)
        options = self._options_for(query) if query.cookie or query.keepalive else b""
        if found.trace is not None:
            options += explanation(found, monotonic() - start)
        wire = write(query, found.reply, limit, self._options.edns_size, options)
        exchange = answered(query, found, wire, monotonic() - start, tcp=tcp)
        for _ in range(len(waiting)):
            self._observe(exchange)
        if found.lease is not None and not tcp and self.clients.rates.limit(query.client) is None:
            view = self._term.resolver.view(query.client)
            self._ready.keep(query, found, exchange, view, self._options.edns_size)
        return wire
