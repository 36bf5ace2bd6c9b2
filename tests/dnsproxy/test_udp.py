"""The UDP listener in this process: in which order things are done, and for whom at once."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.udp import UdpListener
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.test_tcp import Patient


@pytest.fixture
def patient() -> Patient:
    """What stands behind the listener."""
    return Patient()


@pytest.fixture
def listener(patient: Patient) -> Iterator[UdpListener]:
    """One on a free port."""
    made = UdpListener(Endpoint("127.0.0.1", 0), patient)
    made.start()
    yield made
    made.stop(0)


@contextlib.contextmanager
def client_of(listener: UdpListener) -> Iterator[socket.socket]:
    """A client's socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.connect(("127.0.0.1", listener.address.port))
        made.settimeout(0)
        yield made


def heard(client: socket.socket) -> list[bytes]:
    """What has come."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(client.recv(4096))
    return found


def test_whatever_else_has_come_is_looked_at_before_queries(listener, patient):
    """A change that Consul tells of, and a query that was asked after it, may come in one turn of
    the loop, in either order."""
    ours, theirs = socket.socketpair()
    seen: list[int] = []

    def look() -> None:
        ours.recv(1)
        seen.append(patient.accepted)

    other: Any = gevent.get_hub().loop.io(ours.fileno(), 1)
    other.start(look)
    with client_of(listener) as client, contextlib.closing(ours), contextlib.closing(theirs):
        for number in range(20):
            sending = [lambda: client.send(query_wire("0.example")), lambda: theirs.send(b"x")]
            for send in sending if number % 2 else sending[::-1]:
                send()
            gevent.sleep(0.001)
            assert number + 1 == patient.accepted
        other.stop()
    assert list(range(20)) == seen


def test_queries_that_are_alike_wait_for_one_reply(listener, patient):
    """Each gets it under its own id; another one waits for its own."""
    with client_of(listener) as client, client_of(listener) as neighbour:
        for number in range(5):
            client.send(query_wire("30.example", id=number))
        neighbour.send(query_wire("30.example", id=7))
        client.send(query_wire("30.EXAMPLE", id=9))
        gevent.sleep(0.015)
        assert 2 == patient.waiting
        gevent.sleep(0.1)
        ids = [struct.unpack_from("!H", reply)[0] for reply in heard(client)]
        assert [0, 1, 2, 3, 4, 9] == sorted(ids)
        (only,) = heard(neighbour)
        assert query_wire("30.example", id=7) == only
    assert 2 == patient.most


def test_what_is_sent_again_while_it_waits_gets_one_reply(listener, patient):
    """Of the same client and port, under the same id."""
    with client_of(listener) as client:
        for _ in range(3):
            client.send(query_wire("20.example", id=5))
        gevent.sleep(0.1)
        assert 1 == len(heard(client))
        client.send(query_wire("20.example", id=5))
        gevent.sleep(0.1)
        assert 1 == len(heard(client))


def test_who_waits_for_another_ones_reply_has_room_of_its_own(listener, patient, monkeypatch):
    """When that is used up, what there is is told at once; all places are free again at the end."""
    room = listener._room
    monkeypatch.setattr(room.sharing, "_most", 3)
    with client_of(listener) as client:
        for number in range(6):
            client.send(query_wire("30.example", id=number))
        gevent.sleep(0.015)
        assert (1, 3) == (room.udp.count, room.sharing.count)
        assert 2 == patient.shed_queries
        gevent.sleep(0.1)
        assert 6 == len(heard(client))
    assert (0, 0) == (room.udp.count, room.sharing.count)
