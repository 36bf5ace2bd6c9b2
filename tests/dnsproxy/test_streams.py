"""TCP connections to upstreams: kept, shared, and lost at any moment without losing an answer."""

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import dns.message
import pytest

from dnsproxy.edges.streams import QUERIES_MAX
from tests.asking import ask, records
from tests.dnsproxy.scripted import forwarder
from tests.dnsproxy.tcp_upstream import Handler, TcpUpstream, read_query, reply_wire


def found(port: int, number: int) -> set[str]:
    """What is at the name of that number."""
    return records(ask(port, f"n{number}.example"))


def right(number: int) -> set[str]:
    """What has to be there."""
    return {f"A 192.0.2.{number % 250}"}


def patient(connection: socket.socket, number: int) -> None:
    """Answers whatever comes, for ever."""
    while (query := read_query(connection)) is not None:
        connection.sendall(reply_wire(query))


def closing_after(count: int) -> Handler:
    """Ends each connection behind so many answers, as Consul does after 128."""

    def handler(connection: socket.socket, number: int) -> None:
        for _ in range(count):
            query = read_query(connection)
            if query is None:
                return
            connection.sendall(reply_wire(query))

    return handler


def counting(carried: Counter[int]) -> Handler:
    """Answers whatever comes, and counts it by the number of its connection."""

    def handler(connection: socket.socket, number: int) -> None:
        while (query := read_query(connection)) is not None:
            carried[number] += 1
            connection.sendall(reply_wire(query))

    return handler


def test_one_connection_carries_many_questions():
    """A handshake for each is what makes TCP slow."""
    with TcpUpstream(patient) as upstream, forwarder(upstream) as running:
        for number in range(20):
            assert right(number) == found(running.port, number)
        assert 1 == upstream.connections


def test_a_connection_is_left_before_a_server_would_end_it():
    """Consul resets one at its 128th query, and what is on the way then is lost."""
    carried: Counter[int] = Counter()
    with TcpUpstream(counting(carried)) as upstream, forwarder(upstream) as running:
        for number in range(2 * QUERIES_MAX + 10):
            assert right(number) == found(running.port, number)
    assert [QUERIES_MAX, QUERIES_MAX, 10] == [carried[number] for number in sorted(carried)]


def test_many_who_ask_at_once_do_not_fill_it_either():
    """There is always one that waits, so that none of them ends the connection."""
    carried: Counter[int] = Counter()
    several = range(2 * QUERIES_MAX + 10)
    with (
        TcpUpstream(counting(carried)) as upstream,
        forwarder(upstream) as running,
        ThreadPoolExecutor(40) as threads,
    ):
        replies = list(threads.map(lambda number: found(running.port, number), several))
    assert [right(number) for number in several] == replies
    assert max(carried.values()) <= QUERIES_MAX


@pytest.mark.parametrize("count", [1, 3])
def test_a_connection_that_is_closed_behind_an_answer_costs_nothing(count: int):
    """RFC 7766 6.2.4: a server may do so at any time."""
    with TcpUpstream(closing_after(count)) as upstream, forwarder(upstream) as running:
        for number in range(12):
            assert right(number) == found(running.port, number)
        assert upstream.connections >= 12 // count


def test_questions_that_a_kept_connection_takes_down_are_asked_again():
    """The second one answers what the first left open when it died."""

    def dying(connection: socket.socket, number: int) -> None:
        if number:
            patient(connection, number)
            return
        query = read_query(connection)
        assert query is not None
        connection.sendall(reply_wire(query))
        read_query(connection)

    with TcpUpstream(dying) as upstream, forwarder(upstream) as running:
        assert right(0) == found(running.port, 0)
        with ThreadPoolExecutor(10) as threads:
            several = range(1, 11)
            replies = threads.map(lambda number: found(running.port, number), several)
            assert [right(number) for number in several] == list(replies)
        assert upstream.connections >= 2


def test_replies_may_come_in_any_order():
    """RFC 7766 7: each is handed to who asked for it."""

    def reversing(connection: socket.socket, number: int) -> None:
        first = read_query(connection)
        assert first is not None
        connection.sendall(reply_wire(first))
        while True:
            waiting: list[dns.message.Message] = []
            while len(waiting) < 4:
                query = read_query(connection)
                if query is None:
                    return
                waiting.append(query)
            for query in reversed(waiting):
                connection.sendall(reply_wire(query))

    with TcpUpstream(reversing) as upstream, forwarder(upstream) as running:
        # The connection stands before several questions want it at once.
        assert right(0) == found(running.port, 0)
        with ThreadPoolExecutor(4) as threads:
            replies = threads.map(lambda number: found(running.port, number), range(1, 5))
            assert [right(number) for number in range(1, 5)] == list(replies)
        assert 1 == upstream.connections


def test_what_is_no_reply_of_ours_on_a_connection_is_passed_over():
    """Another id, another name, and no message at all; then the right one."""

    def noisy(connection: socket.socket, number: int) -> None:
        while (query := read_query(connection)) is not None:
            reply = bytearray(reply_wire(query))
            other = reply.copy()
            other[2] ^= 0xFF
            named = reply.copy()
            named[15] ^= 1
            for packet in (other, named, b"\x00\x03abc", b"\x00\x00", reply):
                connection.sendall(packet)

    with TcpUpstream(noisy) as upstream, forwarder(upstream) as running:
        for number in range(5):
            assert right(number) == found(running.port, number)
        assert 1 == upstream.connections
