"""One question to a group of upstreams: several tries, one deadline."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic

import gevent

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import EDNS_SIZE
from dnsproxy.core.mark import option
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode
from dnsproxy.edges.datagrams import exchange
from dnsproxy.edges.streams import UpstreamStreams
from dnsproxy.errors import UpstreamFailed

# A stub resolver waits 5 s and then asks somebody else: an answer must be there before.
DEADLINE_S = 4.5
# The first tries are short, a lost packet is the commonest failure; the last round has the rest.
_TRIES = (0.18, 0.36, 1.0)
# A server that is just starting refuses at once; the next round comes a little later.
ROUND_PAUSE_S = 0.1
# How long one that failed is asked after the others (consul#3640: a dead first one costs each
# question its time).
SICK_S = 10.0
# How long one that knows no EDNS is asked without it; it may be replaced by one that does.
PLAIN_S = 600.0
_FINAL = {Rcode.NOERROR, Rcode.NXDOMAIN}
# What a server says that takes our OPT for a mistake (RFC 6891 7).
_EDNS_REFUSED = {Rcode.FORMERR, Rcode.NOTIMP}

# Server, what came of it (an rcode's name, `timeout`, `unreachable`), seconds.
Observe = Callable[[str, str, float], None]


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """How a group is asked.

    ``edns_size`` is what its servers may send in one datagram. ``cuts_silently``: they leave
    records out without setting TC, as Consul does by default; a reply that nearly fills what we
    asked for is then asked for again over TCP. ``deadline_s`` bounds all tries together. ``mark``
    is on every question, where its servers may ask us in turn. ``wants_ad``: whether they shall say
    that they have validated.
    """

    edns_size: int = EDNS_SIZE
    cuts_silently: bool = False
    deadline_s: float = DEADLINE_S
    mark: bytes = b""
    wants_ad: bool = False

    @property
    def form(self) -> QueryForm:
        """How they are asked at first."""
        return QueryForm(self.edns_size, option(self.mark), self.wants_ad)


class UpstreamGroup:
    """Servers that know the same names, asked in this order, those that failed lately last."""

    def __init__(
        self,
        name: str,
        servers: Sequence[Endpoint],
        options: GroupOptions = GroupOptions(),
        observe: Observe = lambda server, outcome, took: None,
    ) -> None:
        self.name = name
        self.servers = tuple(servers)
        self._options = options
        self._observe = observe
        self._form = options.form
        self._plain = replace(self._form, edns_size=None)
        self._streams = {server: UpstreamStreams(server) for server in self.servers}
        self._sick_until: dict[Endpoint, float] = {}
        self._plain_until: dict[Endpoint, float] = {}

    def ask(self, request: Request, deadline: float) -> tuple[Reply, Endpoint]:
        """The reply of the first server that knows, and who that is.

        ``deadline`` in monotonic seconds; the group's own may be earlier. If none knows, the last
        one's own error (REFUSED, NOTIMP, ...) is the reply. Raises :class:`UpstreamFailed` with
        each server's reason when none replied at all.
        """
        start = monotonic()
        deadline = min(deadline, start + self._options.deadline_s)
        silent: dict[Endpoint, str] = dict.fromkeys(self._in_order(start), "not asked")
        answered: tuple[Reply, Endpoint] | None = None
        for try_s in _rounds(deadline - start, deadline):
            for server in list(silent):
                left = deadline - monotonic()
                if left <= 0:
                    break
                try:
                    reply = self._ask_server(server, request, min(try_s, left))
                except UpstreamFailed as error:
                    silent[server] = str(error)
                    continue
                if reply.rcode in _FINAL:
                    return reply, server
                # It is alive and does not know: asking it again would not change that.
                answered = reply, server
                del silent[server]
            if not silent:
                break
        if answered is not None:
            return answered
        raise UpstreamFailed("; ".join(f"{server}: {why}" for server, why in silent.items()))

    def close(self) -> None:
        """End the connections that are kept."""
        for streams in self._streams.values():
            streams.close()

    def _in_order(self, now: float) -> list[Endpoint]:
        return sorted(self.servers, key=lambda server: self._sick_until.get(server, 0) > now)

    def _ask_server(self, server: Endpoint, request: Request, limit_s: float) -> Reply:
        start = monotonic()
        try:
            reply = self._in_its_form(server, request, start + limit_s)
        except OSError as error:
            timeout = isinstance(error, TimeoutError)
            self._sick_until[server] = monotonic() + SICK_S
            self._observe(str(server), "timeout" if timeout else "unreachable", monotonic() - start)
            reason = "no answer in time" if timeout else error.strerror or str(error)
            raise UpstreamFailed(reason) from error
        self._sick_until.pop(server, None)
        self._observe(str(server), rcode_name(reply.rcode), monotonic() - start)
        return reply

    def _in_its_form(self, server: Endpoint, request: Request, deadline: float) -> Reply:
        """The reply; a server that knows no EDNS is asked without it (RFC 6891 6.2.2)."""
        if self._plain_until.get(server, 0) > monotonic():
            return self._over_udp_or_tcp(server, request, self._plain, deadline)
        reply = self._over_udp_or_tcp(server, request, self._form, deadline)
        if reply.rcode not in _EDNS_REFUSED or reply.has_opt:
            return reply
        reply = self._over_udp_or_tcp(server, request, self._plain, deadline)
        if reply.rcode not in _EDNS_REFUSED:
            self._plain_until[server] = monotonic() + PLAIN_S
        return reply

    def _over_udp_or_tcp(
        self, server: Endpoint, request: Request, form: QueryForm, deadline: float
    ) -> Reply:
        reply = exchange(server, request, form, deadline)
        if not reply.truncated and not self._is_suspiciously_full(reply):
            return reply
        try:
            return self._streams[server].ask(request, form, deadline)
        except OSError:
            if reply.truncated and not reply.size:
                # Nothing of it could be read.
                raise
            # Half an answer with TC set is still better than none where TCP is filtered.
            return replace(reply, truncated=True)

    def _is_suspiciously_full(self, reply: Reply) -> bool:
        # What was left out for want of space would not have fitted; no SRV record of Consul with
        # its address takes more than 512 bytes.
        return self._options.cuts_silently and reply.size > self._options.edns_size - 512


def rcode_name(rcode: int) -> str:
    """As people know it, ``NXDOMAIN``; bounded, so that it may be a label of a metric."""
    with contextlib.suppress(ValueError):
        return Rcode(rcode).name
    return "other"


def _rounds(total_s: float, deadline: float) -> Iterator[float]:
    """The seconds that each try of a round may take, a pause between the rounds."""
    for number, share in enumerate(_TRIES):
        if number:
            gevent.sleep(min(ROUND_PAUSE_S, max(deadline - monotonic(), 0)))
        yield share * total_s
