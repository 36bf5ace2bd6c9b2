"""One question to a group of upstreams: each try from a new port with a new id, one deadline.

A packet that is not the reply to what we asked ends no wait (RFC 5452, CVE-2023-28452): it is
dropped, and the next one is read until the time of the try is over.
"""

import contextlib
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import gevent
from gevent import socket as gsocket

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import EDNS_SIZE
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import match_reply, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode
from dnsproxy.edges.sockets import family, framed, read_exactly
from dnsproxy.errors import UpstreamFailed

# A stub resolver waits 5 s and then asks somebody else: an answer must be there before.
DEADLINE_S = 4.5
TRY_S = (0.8, 1.6, 2.0)
# A server that is just starting refuses at once; the next round comes a little later.
ROUND_PAUSE_S = 0.1
_RECEIVE = 65535
_FINAL = {Rcode.NOERROR, Rcode.NXDOMAIN}


@dataclass(frozen=True, slots=True)
class UpstreamGroup:
    """Servers that know the same names, asked in this order.

    ``cuts_silently``: leaves records out without setting TC, as Consul does by default; a reply
    that nearly fills what we asked for is then asked for again over TCP. ``authoritative``: its
    AA bit is passed on.
    """

    name: str
    servers: tuple[Endpoint, ...]
    edns_size: int = EDNS_SIZE
    cuts_silently: bool = False
    authoritative: bool = False

    def ask(self, query: Request) -> Reply:
        """The reply of the first server that knows, within DEADLINE_S.

        If none does, the last one's own error (REFUSED, NOTIMP, ...) is the reply. Raises
        :class:`UpstreamFailed` with each server's reason when none replied at all.
        """
        deadline = monotonic() + DEADLINE_S
        silent: dict[Endpoint, str] = dict.fromkeys(self.servers, "not asked")
        answered: Reply | None = None
        for try_s in _rounds(deadline):
            for server in list(silent):
                left = deadline - monotonic()
                if left <= 0:
                    break
                try:
                    reply = self._ask_server(server, query, min(try_s, left))
                except UpstreamFailed as error:
                    silent[server] = str(error)
                    continue
                if reply.rcode in _FINAL:
                    return reply
                # It is alive and does not know: asking it again would not change that.
                answered = reply
                del silent[server]
            if not silent:
                break
        if answered is not None:
            return answered
        raise UpstreamFailed("; ".join(f"{server}: {why}" for server, why in silent.items()))

    def _ask_server(self, server: Endpoint, query: Request, limit_s: float) -> Reply:
        deadline = monotonic() + limit_s
        try:
            reply = _over_udp(server, query, self.edns_size, deadline)
        except TimeoutError as error:
            raise UpstreamFailed("no answer in time") from error
        except OSError as error:
            raise UpstreamFailed(error.strerror or str(error)) from error
        if not reply.truncated and not self._is_suspiciously_full(reply):
            return reply
        # Half an answer with TC set is still better than none where TCP is filtered.
        with contextlib.suppress(OSError):
            reply = _over_tcp(server, query, self.edns_size, deadline)
        return reply

    def _is_suspiciously_full(self, reply: Reply) -> bool:
        # What was left out for want of space would not have fitted; no SRV record of Consul with
        # its address takes more than 512 bytes.
        return self.cuts_silently and reply.size > self.edns_size - 512


def _rounds(deadline: float) -> Iterator[float]:
    """The seconds that each try of a round may take, a pause between the rounds."""
    for number, try_s in enumerate(TRY_S):
        if number:
            gevent.sleep(min(ROUND_PAUSE_S, max(deadline - monotonic(), 0)))
        yield try_s


def _over_udp(server: Endpoint, query: Request, edns_size: int, deadline: float) -> Reply:
    """Raises OSError (TimeoutError when the time is over)."""
    query_id = secrets.randbits(16)
    with gsocket.socket(family(server), socket.SOCK_DGRAM) as sock:
        # Connected: the kernel drops what comes from another address, and tells us of a port
        # where nobody listens. The port is the kernel's random choice, new for each try.
        sock.connect((server.host, server.port))
        sock.send(upstream_query(query, query_id, edns_size))
        while (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            reply = match_reply(sock.recv(_RECEIVE), query, query_id)
            if reply is not None:
                return reply
    raise TimeoutError


def _over_tcp(server: Endpoint, query: Request, edns_size: int, deadline: float) -> Reply:
    """Raises OSError (TimeoutError when the time is over)."""
    query_id = secrets.randbits(16)
    packet = upstream_query(query, query_id, edns_size)
    with (
        gevent.Timeout(max(deadline - monotonic(), 0), TimeoutError("no answer in time over TCP")),
        gsocket.socket(family(server), socket.SOCK_STREAM) as sock,
    ):
        sock.connect((server.host, server.port))
        sock.sendall(framed(packet))
        while True:
            length = int.from_bytes(read_exactly(sock, 2), "big")
            reply = match_reply(read_exactly(sock, length), query, query_id)
            if reply is not None:
                return reply
