"""One question over UDP: from a port of its own, with an id of its own.

A packet that is not the reply to what we asked ends no wait (RFC 5452, CVE-2023-28452): it is
dropped, and the next one is read until the time of the try is over.
"""

import secrets
import socket
from time import monotonic

from gevent import socket as gsocket

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm, match_reply, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.edges.sockets import family

_RECEIVE = 65535


def exchange(server: Endpoint, request: Request, form: QueryForm, deadline: float) -> Reply:
    """The reply; ``deadline`` in monotonic seconds. Raises OSError, TimeoutError among them."""
    query_id = secrets.randbits(16)
    with gsocket.socket(family(server), socket.SOCK_DGRAM) as sock:
        # Connected: the kernel drops what comes from another address, and tells us of a port
        # where nobody listens. The port is the kernel's random choice, new for each try.
        sock.connect((server.host, server.port))
        sock.send(upstream_query(request, query_id, form))
        while (left := deadline - monotonic()) > 0:
            sock.settimeout(left)
            reply = match_reply(sock.recv(_RECEIVE), request, query_id)
            if reply is not None:
                return reply
    raise TimeoutError
