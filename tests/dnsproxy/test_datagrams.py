"""One question over UDP, within this process."""

import socket
import time

import dns.message
import gevent
from gevent import monkey

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import from_text
from dnsproxy.core.records import Reply
from dnsproxy.core.replies import QueryForm
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Type, question
from dnsproxy.edges.datagrams import exchange
from tests.rules.misbehaving import honest

TRY_S = 1.0


def test_a_reply_that_came_while_the_host_had_no_time_for_us_is_no_failure():
    """The try is over before this process looks again; the reply was there in time."""
    sleep = monkey.get_original("time", "sleep")
    request = Request(question(from_text("www.example"), Type.A))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        # Longer than any host is away: else nobody would know whether the try has begun.
        server.settimeout(10)
        at = Endpoint(*server.getsockname())
        until = time.monotonic() + TRY_S
        asking = gevent.spawn(exchange, at, request, QueryForm(), until, lambda: None, late)
        gevent.idle()
        query, client = server.recvfrom(512)
        for reply in honest(dns.message.from_wire(query)):
            server.sendto(reply, client)
        sleep(until - time.monotonic() + 0.1)
        assert 1 == len(asking.get().answer)


def late(until: float) -> Reply:
    """There is no other way."""
    raise AssertionError(until)
