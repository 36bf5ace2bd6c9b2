"""One question to one upstream: in the form it knows, over UDP, TCP or TLS."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from gevent.ssl import SSLContext

from dnsproxy.core.endpoint import Endpoint, TlsEndpoint
from dnsproxy.core.padding import padded
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode
from dnsproxy.edges.datagrams import exchange
from dnsproxy.edges.dialling import dialling
from dnsproxy.edges.streams import UpstreamStreams

# How long one that knows no EDNS is asked without it; it may be replaced by one that does.
PLAIN_S = 600.0
# What a server says that takes our OPT for a mistake (RFC 6891 7).
_EDNS_REFUSED = {Rcode.FORMERR, Rcode.NOTIMP}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a server is asked: ``form`` at first.

    ``cuts_silently``: it leaves records out without setting TC. ``tls`` is for those that are asked
    over TLS.
    """

    form: QueryForm
    cuts_silently: bool = False
    tls: SSLContext | None = None


class Upstream:
    """One server. ``mismatched`` is called for each packet from there that was no reply."""

    def __init__(self, server: Endpoint, manner: Manner, mismatched: Callable[[], None]) -> None:
        self._server = server
        self._manner = manner
        self._mismatched = mismatched
        self._plain = replace(manner.form, edns_size=None)
        self._plain_until = 0.0
        self._streams = UpstreamStreams(dialling(server, manner.tls))

    def ask(self, request: Request, deadline: float) -> Reply:
        """The reply; ``deadline`` in monotonic seconds. Raises OSError, TimeoutError among them.

        A server that knows no EDNS is asked without it (RFC 6891 6.2.2).
        """
        if self._plain_until > monotonic():
            return self._ask(request, self._plain, deadline)
        reply = self._ask(request, self._manner.form, deadline)
        if reply.rcode not in _EDNS_REFUSED or reply.has_opt:
            return reply
        reply = self._ask(request, self._plain, deadline)
        if reply.rcode not in _EDNS_REFUSED:
            self._plain_until = monotonic() + PLAIN_S
        return reply

    def close(self) -> None:
        """End the connection that is kept."""
        self._streams.close()

    def _ask(self, request: Request, form: QueryForm, deadline: float) -> Reply:
        if isinstance(self._server, TlsEndpoint):
            return self._streams.ask(request, padded(form, request), deadline)
        over_tcp = functools.partial(self._streams.ask, request, form)
        reply = exchange(self._server, request, form, deadline, self._mismatched, over_tcp)
        if not reply.truncated and not self._is_suspiciously_full(reply):
            return reply
        try:
            return over_tcp(deadline)
        except OSError:
            if reply.truncated and not reply.size:
                # Nothing of it could be read.
                raise
            # Half an answer with TC set is still better than none where TCP is filtered.
            return replace(reply, truncated=True)

    def _is_suspiciously_full(self, reply: Reply) -> bool:
        # What was left out for want of space would not have fitted; no SRV record of Consul with
        # its address takes more than 512 bytes.
        size = self._manner.form.edns_size
        return self._manner.cuts_silently and size is not None and reply.size > size - 512
