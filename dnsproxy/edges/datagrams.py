"""One question over UDP: from a port of its own, with an id of its own.

A packet that is not the reply to what we asked ends no wait (RFC 5452, CVE-2023-28452): it is
dropped, and the next one is read until the time of the try is over.
"""

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import gevent
from gevent import monkey
from gevent.hub import Waiter

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm, match_reply, upstream_query
from dnsproxy.core.request import Request
from dnsproxy.edges.sockets import family

# So many packets that are not the reply are no accident: somebody guesses.
MISMATCHES_MAX = 3
_RECEIVE = 65535
# Of all: what is received is copied out of it before anybody else has a turn.
_BUFFER = bytearray(_RECEIVE)
_READ = 1
# linux/in.h and linux/in6.h; Python has no names for them. OMIT: path MTUs that somebody tells the
# kernel are not believed, so nobody makes it send fragments (RFC 9715).
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_OMIT = 10, 23, 5

# Asks the same in another way until the given moment (monotonic). Raises OSError.
Otherwise = Callable[[float], Reply]
# Not gevent's: what is sent here never has to wait.
_Socket = monkey.get_original("socket", "socket")


def exchange(
    server: Endpoint,
    request: Request,
    form: QueryForm,
    deadline: float,
    mismatched: Callable[[], None],
    otherwise: Otherwise,
) -> Reply:
    """The reply; ``deadline`` in monotonic seconds. Raises OSError, TimeoutError among them.

    ``mismatched`` is called for each packet that is not the reply. When there are too many of those
    ``otherwise`` is tried; if that fails, the wait goes on.
    """
    query_id = secrets.randbits(16)
    mismatches = 0
    with contextlib.closing(_connected(server)) as sock:
        sock.send(upstream_query(request, query_id, form))
        for packet in _received(sock, deadline):
            reply = match_reply(packet, request, query_id)
            if reply is not None:
                return reply
            mismatched()
            mismatches += 1
            if mismatches == MISMATCHES_MAX:
                with contextlib.suppress(OSError):
                    # Half the time: where TCP is filtered, the right datagram may still come.
                    return otherwise(monotonic() + (deadline - monotonic()) / 2)
    raise TimeoutError


def _received(sock: socket.socket, deadline: float) -> Iterator[bytes]:
    """What has come by then (monotonic); waits for each. Raises OSError.

    The loop's own watchers: with a socket and a timeout of gevent's each question takes a tenth
    longer. When the time is over it looks once more: on a host that had no time for us the timer is
    noticed before the reply, which has been there all the while.
    """
    loop = gevent.get_hub().loop
    readable: Any = loop.io(sock.fileno(), _READ)
    left = deadline - monotonic()
    try:
        while left > 0:
            timer: Any = loop.timer(left)
            waiter: Any = Waiter()
            readable.start(waiter.switch, None)
            timer.start(waiter.switch, None)
            try:
                waiter.get()
            finally:
                readable.stop()
                timer.close()
            left = deadline - monotonic()
            # One with a wrong checksum is none after all.
            with contextlib.suppress(BlockingIOError):
                size = sock.recv_into(_BUFFER)
                yield bytes(memoryview(_BUFFER)[:size])
    finally:
        readable.close()


def _connected(server: Endpoint) -> socket.socket:
    """A socket that the kernel gives a random free port of ``ip_local_port_range``.

    Not a port of our own choice from a wider range: that would add one bit for a forger to guess,
    and now and then take the port of a service that is about to start. Connected: the kernel drops
    what comes from another address, and tells us of a port where nobody listens.
    """
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
    sock: socket.socket = _Socket(family(server), kind)
    try:
        if server.is_ipv6:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_OMIT)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_OMIT)
        sock.connect((server.host, server.port))
    except BaseException:
        sock.close()
        raise
    return sock
