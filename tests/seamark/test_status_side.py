"""The status side over real HTTP: who may do what there, and that nobody bars it or DNS."""

import socket
from contextlib import ExitStack

import gevent
import pytest

from seamark.status import server
from tests.dnsproxy.exchanges import GOOD, HOSTILE, exchange
from tests.seamark.status import Status, counting_turns


@pytest.mark.parametrize("path", ["/metrics", "/api/queries"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_status_side_is_read_only(observer, status, method, path):
    """405, and the ring is as it was."""
    observer.record(GOOD)
    assert 405 == status.get(path, method)[0]
    assert 1 == len(status.queries())


def test_without_a_dns_half_there_are_metrics_and_no_queries():
    """`registrar` alone."""
    status = Status(None)
    status.server.start()
    found = status.samples()
    assert ("seamark_build_info", 1) in {(key[0], value) for key, value in found.items()}
    assert not [key for key in found if key[0].startswith("seamark_dns")]
    assert 404 == status.get("/api/queries")[0]
    status.server.stop()


def test_dns_has_its_turn_while_queries_are_searched(status, observer):
    """A search of the whole ring for names that take longest to write out gives way in between."""
    longest = max(HOSTILE.values(), key=lambda name: sum(map(len, name)))
    for _ in range(2000):
        observer.record(exchange(name=longest))
    with counting_turns() as turns:
        assert [] == status.queries("?name=nowhere")
    assert turns[0] >= 2000 / 20


def test_r12_a_request_that_never_ends_is_hung_up_on(status, monkeypatch):
    """One byte now and then keeps no connection; nor does one that is never used."""
    monkeypatch.setattr(server, "REQUEST_S", 0.3)

    def dribble() -> bytes:
        with socket.create_connection(("127.0.0.1", status.server.port), timeout=5) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nX: ")
            client.settimeout(0.05)
            for _ in range(100):
                try:
                    client.sendall(b"y")
                    return client.recv(1)
                except TimeoutError:
                    continue
                except OSError:
                    return b""
            raise AssertionError("five seconds, and still connected")

    def sit() -> bytes:
        with socket.create_connection(("127.0.0.1", status.server.port), timeout=5) as client:
            return client.recv(1)

    assert b"" == status.aside(dribble)
    assert b"" == status.aside(sit)
    assert 200 == status.get("/health")[0]


def test_r12_a_client_that_does_not_read_is_hung_up_on(observer, status, monkeypatch, caplog):
    """It asks for megabytes and takes none."""
    monkeypatch.setattr(server, "REQUEST_S", 0.5)
    for _ in range(2000):
        observer.record(exchange(name=HOSTILE["as long as can be"]))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.connect(("127.0.0.1", status.server.port))
        client.sendall(b"GET /api/queries?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        with gevent.Timeout(10):
            while len(status.server._server.pool) == 0:
                gevent.sleep(0.01)
            while len(status.server._server.pool) > 0:
                gevent.sleep(0.01)
    assert 200 == status.get("/health")[0]
    assert [] == caplog.messages


def test_r12_no_more_connections_are_held_than_there_is_room_for(status, monkeypatch):
    """Those behind wait their turn, and it comes: nobody holds a place for ever."""
    monkeypatch.setattr(server, "REQUEST_S", 0.5)
    pool = status.server._server.pool
    with ExitStack() as held, gevent.Timeout(10):
        for _ in range(server.CLIENTS + 8):
            held.enter_context(socket.create_connection(("127.0.0.1", status.server.port)))
        while len(pool) < server.CLIENTS:
            gevent.sleep(0.01)
        gevent.sleep(0.05)
        assert len(pool) == server.CLIENTS
        assert 200 == status.get("/health")[0]
