"""Rules for asking upstreams: what goes out, how often, and when it ends."""

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Self

import dns.message
import pytest

from dnsproxy.edges.binding import SO_RCVBUFFORCE
from tests.asking import ask, rcode
from tests.dnsproxy.scripted import forwarder
from tests.dnsproxy.tcp_upstream import TcpUpstream, read_query, reply_wire
from tests.rules.misbehaving import RIGHT, at_once, found, honest, watched
from tests.upstream import ScriptedUpstream, one_port_for_both
from tests.waits import PATIENCE_S, Waits, pause

CLIENTS = 20


def test_r01_many_who_ask_the_same_at_once_are_one_question():
    """Each further one would give a forger a further chance (RFC 5452 5)."""
    several = threading.Event()

    def slow(query: dns.message.Message) -> list[bytes]:
        several.wait(0.3)
        return honest(query)

    with ScriptedUpstream(slow) as upstream, forwarder(upstream) as running:
        assert [RIGHT] * CLIENTS == at_once(running.port, ["A.example", "a.EXAMPLE"] * 10)
    assert 1 == len(upstream.queries)


def test_r01_ids_are_spread_over_all_there_are():
    """400 of 65,536: each bit is set in about half of them, and hardly one comes twice."""
    with ScriptedUpstream(honest) as upstream, forwarder(upstream) as running:
        for number in range(400):
            assert RIGHT == found(running.port, f"n{number}.example")
    ids = [query.id for query, _ in upstream.queries]
    assert len(set(ids)) > 380
    for bit in range(16):
        assert 120 < sum(number >> bit & 1 for number in ids) < 280


def test_r02_each_question_has_a_port_of_its_own():
    """Of the kernel's whole range, in no order, and none is kept for the next one."""
    with ScriptedUpstream(honest) as upstream, forwarder(upstream) as running:
        for number in range(400):
            assert RIGHT == found(running.port, f"n{number}.example")
    ports = [port for _, port in upstream.queries]
    assert len(set(ports)) > 350
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    quarters = Counter((port - low) * 4 // (high - low + 1) for port in ports)
    assert {0, 1, 2, 3} == quarters.keys()
    assert min(quarters.values()) > 50
    steps = Counter(b - a for a, b in pairwise(ports))
    assert max(steps.values()) < 10


def test_r05_a_silent_upstream_is_asked_three_times_and_no_more():
    """Each with a new id and port, and then the client is told before it gives up."""
    with (
        ScriptedUpstream(lambda query: []) as upstream,
        forwarder(upstream) as running,
    ):
        assert "SERVFAIL" == rcode(ask(running.port, "a.example", timeout=PATIENCE_S))
    assert 3 == len(upstream.queries)
    assert 3 == len({query.id for query, _ in upstream.queries})
    assert 3 == len({port for _, port in upstream.queries})


def test_r05_an_upstream_that_wakes_up_is_heard_in_a_later_try():
    """The first question is lost."""
    lost: list[int] = []

    def script(query: dns.message.Message) -> list[bytes]:
        lost.append(query.id)
        return honest(query) if len(lost) > 1 else []

    with ScriptedUpstream(script) as upstream, forwarder(upstream) as running:
        assert RIGHT == found(running.port, "a.example")


@pytest.mark.parametrize("how", ["byte by byte", "closed in the middle", "never"])
def test_r05_tcp_that_does_not_end_is_left_in_time(how):
    """A length is read, and then not enough behind it; the next upstream is asked."""

    def handler(connection: socket.socket, number: int) -> None:
        query = read_query(connection)
        if query is None:
            return
        wire = reply_wire(query)
        if how == "byte by byte":
            for position in range(len(wire) - 1):
                connection.sendall(wire[position : position + 1])
                pause(0.5)
        elif how == "closed in the middle":
            connection.sendall(wire[:20])
        else:
            connection.recv(1)

    with (
        TcpUpstream(handler) as upstream,
        ScriptedUpstream(honest) as second,
        forwarder(upstream, second) as running,
    ):
        assert RIGHT == found(running.port, "n7.example")


@contextmanager
def headers(port: int) -> Iterator[list[bytes]]:
    """The IP headers and all of what is sent over UDP to a port of 127.0.0.1."""
    seen: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        raw.bind(("127.0.0.1", 0))
        yield seen
        raw.settimeout(0.2)
        end = time.monotonic() + 2
        try:
            while time.monotonic() < end:
                packet = raw.recv(65535)
                if int.from_bytes(packet[22:24], "big") == port:
                    seen.append(packet)
        except TimeoutError:
            pass


def test_r08_path_mtus_that_somebody_tells_are_not_believed():
    """Then DF is not set (RFC 9715 3.1), and what we ask for fits into one packet anywhere."""
    with (
        ScriptedUpstream(honest) as upstream,
        forwarder(upstream) as running,
        headers(upstream.port) as seen,
    ):
        assert RIGHT == found(running.port, "a.example")
    assert [1232] == [query.payload for query, _ in upstream.queries]
    assert seen
    for packet in seen:
        (fragment,) = struct.unpack("!H", packet[6:8])
        assert not fragment & 0x4000


class Mirror:
    """A forwarder whose upstream is who asks it: it hands each query to ``back``, and its reply on.

    Until ``ended`` is set; then it answers by itself.
    """

    def __init__(self) -> None:
        self.back = 0
        self.ended = threading.Event()
        self.replies: list[dns.message.Message] = []
        self.clients: list[str] = []
        self._udp, self._tcp = one_port_for_both()
        self.address = f"127.0.0.1:{self._udp.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._udp.sendto(b"", self._udp.getsockname())
        self._thread.join(5)
        self._udp.close()
        self._tcp.close()

    def _serve(self) -> None:
        while True:
            packet, client = self._udp.recvfrom(65535)
            if not packet:
                return
            threading.Thread(target=self._one, args=(packet, client), daemon=True).start()

    def _one(self, packet: bytes, client: tuple[str, int]) -> None:
        query = dns.message.from_wire(packet)
        name = query.question[0].name.to_text()
        if not name.endswith(".seamark-probe."):
            self.clients.append(name)
        if self.ended.is_set():
            self._udp.sendto(honest(query)[0], client)
            return
        while not self.back:
            pause(0.01)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE_S)
            sock.sendto(packet, ("127.0.0.1", self.back))
            try:
                reply = sock.recv(65535)
            except OSError:
                return
        if name.endswith(".seamark-probe."):
            self.replies.append(dns.message.from_wire(reply))
        self._udp.sendto(reply, client)


def test_r23_an_upstream_that_asks_us_in_turn_is_found_and_left_out(waits: Waits):
    """By a name that nobody can guess; told once, counted, and no question goes there."""
    with Mirror() as mirror, watched(mirror) as (running, figures):
        mirror.back = running.port
        waits.until("told", lambda: "a loop" in running.log, PATIENCE_S)
        assert mirror.address in running.log
        waits.until("refused", lambda: mirror.replies, PATIENCE_S)
        assert {"REFUSED"} == {rcode(reply) for reply in mirror.replies}
        for number in range(3):
            assert "SERVFAIL" == rcode(ask(running.port, f"n{number}.example"))
        assert [] == mirror.clients
        assert 1 == figures()["seamark_dns_upstream_looped", mirror.address]
        assert 1 == running.log.count("a loop")


def test_r23_a_loop_that_ends_is_over_by_itself(waits: Waits):
    """The next probe does not come back."""
    with Mirror() as mirror, watched(mirror) as (running, figures):
        mirror.back = running.port
        waits.until("told", lambda: "a loop" in running.log, PATIENCE_S)
        mirror.ended.set()
        waits.until(
            "asked again", lambda: RIGHT == found(running.port, "a.example"), 2 * PATIENCE_S
        )
        assert 0 == figures()["seamark_dns_upstream_looped", mirror.address]


def test_r23_another_upstream_answers_while_one_loops(waits: Waits):
    """Nothing else follows from a loop."""
    with (
        Mirror() as mirror,
        ScriptedUpstream(honest) as second,
        forwarder(mirror, second) as running,
    ):
        mirror.back = running.port
        waits.until("told", lambda: "a loop" in running.log, PATIENCE_S)
        assert RIGHT == found(running.port, "a.example")
        assert running.alive


def test_r23_a_probe_is_a_new_name_each_time_and_nobody_elses_counts(waits: Waits):
    """Who repeats one that he has seen, or makes one up, takes no upstream away."""
    with ScriptedUpstream(honest) as upstream, watched(upstream) as (running, figures):
        waits.until("a probe", lambda: upstream.probes, PATIENCE_S)
        for name in (f"{'ab' * 16}.seamark-probe", "seamark-probe", f"{'0' * 32}.example"):
            ask(running.port, name)
        assert 0 == figures()["seamark_dns_upstream_looped", upstream.address]
        assert RIGHT == found(running.port, "a.example")
    with ScriptedUpstream(honest) as other, forwarder(other):
        waits.until("a probe", lambda: other.probes, PATIENCE_S)
    label = {probes[0].question[0].name.labels[0] for probes in (upstream.probes, other.probes)}
    assert 2 == len(label)
    assert {32} == {len(text) for text in label}


def test_r25_questions_on_one_connection_have_different_ids():
    """All at once, and those that were there before them."""
    ids: list[int] = []
    enough = threading.Event()

    def handler(connection: socket.socket, number: int) -> None:
        waiting = []
        while (query := read_query(connection)) is not None:
            ids.append(query.id)
            waiting.append(query)
            # The first is answered at once, all others together.
            if len(ids) == 1 or len(waiting) == CLIENTS:
                for one in reversed(waiting):
                    connection.sendall(reply_wire(one))
                waiting.clear()
        enough.set()

    with TcpUpstream(handler) as upstream, forwarder(upstream) as running:
        assert {"A 192.0.2.0"} == found(running.port, "n0.example")
        names = [f"n{number}.example" for number in range(1, CLIENTS + 1)]
        expected = [{f"A 192.0.2.{number}"} for number in range(1, CLIENTS + 1)]
        assert expected == at_once(running.port, names)
        assert 1 == upstream.connections
    assert CLIENTS + 1 == len(set(ids)) == len(ids)


def test_r25_a_late_answer_is_nobodys():
    """The first question was given up; its answer comes in front of the next one's."""

    def handler(connection: socket.socket, number: int) -> None:
        late = None
        while (query := read_query(connection)) is not None:
            if late is None:
                late = query
                continue
            connection.sendall(reply_wire(late) + reply_wire(query))

    with TcpUpstream(handler) as upstream, forwarder(upstream) as running:
        ask(running.port, "n1.example", timeout=PATIENCE_S)
        for number in range(2, 6):
            assert {f"A 192.0.2.{number}"} == found(running.port, f"n{number}.example")
