"""One TCP connection: many questions at once, and deadlines that end only what deserves it.

The listener runs here, in the test's own loop: its answerer says how long each question takes.
"""

import struct
from collections.abc import Iterator, Sized
from time import monotonic

import gevent
import pytest
from gevent import socket as gsocket

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.gate import Query, admit
from dnsproxy.core.hot import HotPlane
from dnsproxy.edges import answerer, tcp
from dnsproxy.edges.answerer import ONE
from dnsproxy.edges.listeners import Listener
from tests.dnsproxy.packets import query_wire
from tests.waits import PATIENCE_S


class Patient:
    """A query named `N.example` is answered N milliseconds later with its own bytes, 0 at once.

    ``padding`` comes behind them.
    """

    def __init__(self) -> None:
        self.hot = HotPlane(lambda note: None, lambda count, took: None)
        self.padding = b""
        self.accepted = 0
        self.waiting = 0
        self.most = 0
        self.shed_queries = 0

    def accept(self, packet: bytes, client: str, *, tcp: bool) -> Query | bytes | None:
        """Silence for a packet that is not even a header."""
        self.accepted += 1
        if len(packet) < 12:
            return None
        query = admit(packet)
        assert isinstance(query, Query)
        return query if _milliseconds(query) else packet + self.padding

    def resolve(self, query: Query, *, tcp: bool, waiting: Sized = ONE) -> bytes:
        """Counts how many wait."""
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            gevent.sleep(_milliseconds(query) / 1000)
        finally:
            self.waiting -= 1
        return query.message.wire + self.padding

    def shed(self, query: Query, *, tcp: bool) -> bytes:
        """Counts."""
        self.shed_queries += 1
        return query.message.wire


def _milliseconds(query: Query) -> int:
    wire = query.message.wire
    return int(wire[13 : 13 + wire[12]])


@pytest.fixture
def patient() -> Patient:
    """What stands behind the listener."""
    return Patient()


@pytest.fixture
def client(patient: Patient) -> Iterator[gsocket.socket]:
    """A connection to it."""
    listener = Listener(Endpoint("127.0.0.1", 0), patient)
    listener.start()
    address = (listener.address.host, listener.address.port)
    with gsocket.create_connection(address, timeout=10) as connected:
        yield connected
    listener.stop(0)


def framed_query(name: str, number: int) -> bytes:
    """A query as it goes over TCP."""
    packet = query_wire(name, id=number)
    return struct.pack("!H", len(packet)) + packet


def ids(client: gsocket.socket) -> list[int]:
    """The ids of all replies until the connection is closed, in their order."""
    found = []
    with client.makefile("rb") as stream:
        while length := stream.read(2):
            found.append(int.from_bytes(stream.read(int.from_bytes(length, "big"))[:2], "big"))
    return found


def test_replies_come_in_the_order_in_which_they_are_ready(client):
    """RFC 7766 6.2.1.1: a slow question does not hold back those behind it."""
    names = ["600.example", "300.example", "1.example", "0.example"]
    client.sendall(b"".join(framed_query(name, n) for n, name in enumerate(names)))
    client.shutdown(gsocket.SHUT_WR)
    assert [3, 2, 1, 0] == ids(client)


def test_a_client_that_has_said_all_still_gets_its_replies(client):
    """It closes its half behind the last query: RFC 7766 6.2.4 does not forbid it."""
    client.sendall(framed_query("200.example", 7))
    client.shutdown(gsocket.SHUT_WR)
    assert [7] == ids(client)


def test_replies_that_are_ready_together_are_written_whole(client, patient):
    """Each in one piece, also where one does not fit into what the kernel takes at once."""
    patient.padding = bytes(60_000)
    count = 8 * tcp.OUTSTANDING
    client.sendall(b"".join(framed_query(f"{50 + n % 2}.example", n) for n in range(count)))
    client.shutdown(gsocket.SHUT_WR)
    # Until the way to here is full, so that each has to wait in its middle.
    gevent.sleep(0.3)
    assert list(range(count)) == sorted(ids(client))


def test_so_many_wait_and_no_more_are_read(client, patient):
    """One connection cannot fill the room of all; nothing that it asked is lost."""
    count = 3 * tcp.OUTSTANDING
    client.sendall(b"".join(framed_query("100.example", n) for n in range(count)))
    client.shutdown(gsocket.SHUT_WR)
    assert list(range(count)) == sorted(ids(client))
    assert tcp.OUTSTANDING == patient.most


def test_what_there_is_no_room_for_is_shed(monkeypatch, patient):
    """The limit of all connections together, as over UDP."""
    monkeypatch.setattr(answerer, "IN_FLIGHT", 4)
    listener = Listener(Endpoint("127.0.0.1", 0), patient)
    listener.start()
    address = (listener.address.host, listener.address.port)
    with gsocket.create_connection(address, timeout=10) as client:
        client.sendall(b"".join(framed_query("200.example", n) for n in range(10)))
        client.shutdown(gsocket.SHUT_WR)
        assert [4, 5, 6, 7, 8, 9, 0, 1, 2, 3] == ids(client)
    listener.stop(0)
    assert 6 == patient.shed_queries


def test_who_waits_for_an_answer_is_not_idle(monkeypatch, client):
    """Idle is a client that has nothing to say and nothing to get."""
    monkeypatch.setattr(tcp, "TCP_IDLE_S", 0.3)
    client.sendall(framed_query("1100.example", 1))
    start = monotonic()
    assert [1] == ids(client)
    # Closed only after the reply, and after the idle time that began with it.
    assert monotonic() - start >= 1.4


def test_an_idle_client_is_let_go(monkeypatch, client):
    """Its place is for somebody who asks."""
    monkeypatch.setattr(tcp, "TCP_IDLE_S", 0.3)
    client.sendall(framed_query("0.example", 1))
    assert [1] == ids(client)


def test_a_message_that_stops_in_the_middle_costs_no_reply_before_it(monkeypatch, client):
    """What was asked whole is answered."""
    monkeypatch.setattr(tcp, "TCP_MESSAGE_S", 0.2)
    client.sendall(framed_query("500.example", 1) + framed_query("0.example", 2)[:-1])
    assert [1] == ids(client)


def test_a_message_that_comes_drop_by_drop_has_one_deadline(monkeypatch, client):
    """A byte now and then keeps no connection."""
    monkeypatch.setattr(tcp, "TCP_MESSAGE_S", 0.5)
    gone = False
    for byte in framed_query("0.example", 1) * 3:
        try:
            client.sendall(bytes([byte]))
        except OSError:
            gone = True
            break
        gevent.sleep(0.05)
    assert gone


def test_what_is_no_query_ends_the_connection_after_its_replies(client):
    """Silence is what it gets, and whoever sent it is no resolver."""
    client.sendall(framed_query("200.example", 1) + b"\0\3abc" + framed_query("0.example", 2))
    assert [1] == ids(client)


@pytest.mark.parametrize("name", ["1.example", "0.example"], ids=["that wait", "at once"])
def test_a_client_that_does_not_read_is_cut_off(monkeypatch, client, patient, name):
    """What it is owed is dropped, not kept, and nothing more is read of it."""
    monkeypatch.setattr(tcp, "TCP_MESSAGE_S", 0.3)
    patient.padding = bytes(60_000)
    client.sendall(b"".join(framed_query(name, n) for n in range(400)))
    with gevent.Timeout(5, AssertionError("nobody has given up")):
        while not patient.accepted or patient.waiting:
            gevent.sleep(0.01)
        gevent.sleep(1)
        received = 0
        while data := client.recv(1 << 20):
            received += len(data)
    assert received < 400 * 60_000
    assert patient.accepted < 400


def test_a_client_that_neither_reads_nor_says_more_is_cut_off_as_well(monkeypatch, client, patient):
    """The one who reads it is woken, and does not wait for the idle time to be over."""
    monkeypatch.setattr(tcp, "TCP_MESSAGE_S", 0.3)
    monkeypatch.setattr(tcp, "OUTSTANDING", 400)
    patient.padding = bytes(60_000)
    with gsocket.create_connection(client.getpeername(), timeout=10) as second:
        second.sendall(b"".join(framed_query("100.example", n) for n in range(400)))
        with gevent.Timeout(5, AssertionError("nobody has given up")):
            while not patient.accepted or patient.waiting:
                gevent.sleep(0.01)
            gevent.sleep(1)
            while second.recv(1 << 20):
                pass
    assert 400 == patient.accepted


def test_who_still_waits_when_we_end_is_let_go(patient):
    """No greenlet of a connection outlives it."""
    listener = Listener(Endpoint("127.0.0.1", 0), patient)
    listener.start()
    address = (listener.address.host, listener.address.port)
    with gsocket.create_connection(address, timeout=10) as client:
        client.sendall(framed_query("60000.example", 1))
        with gevent.Timeout(PATIENCE_S, AssertionError("not asked")):
            while not patient.waiting:
                gevent.sleep(0.01)
        listener.stop(0)
        with gevent.Timeout(PATIENCE_S, AssertionError("somebody still waits")):
            while patient.waiting:
                gevent.sleep(0.01)
        assert [] == ids(client)


def test_a_connection_that_always_has_more_leaves_others_their_turn(client, patient):
    """Where neither reading nor writing waits, no other greenlet would run."""
    turns = 0

    def other() -> None:
        nonlocal turns
        while True:
            gevent.sleep(0)
            turns += 1

    greenlet = gevent.spawn(other)
    reader = gevent.spawn(ids, client)
    client.sendall(framed_query("0.example", 1) * 2000)
    client.shutdown(gsocket.SHUT_WR)
    assert 2000 == len(reader.get(timeout=PATIENCE_S))
    greenlet.kill()
    assert turns >= 2000 // tcp.OUTSTANDING
