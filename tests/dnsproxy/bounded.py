"""What a message costs, by stages and through the real process: `python -m tests.dnsproxy.bounded`.

Prints a table in milliseconds.
"""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import TypeVar

import dns.flags
import dns.message

from dnsproxy.core.chains import is_complete, is_dangling, targets
from dnsproxy.core.memory import Memory, TtlPolicy, rotated, settled
from dnsproxy.core.records import Reply, unpack
from dnsproxy.core.replies import write
from dnsproxy.core.wire import Message, scan
from dnsproxy.errors import MalformedMessage
from tests.commands import Running
from tests.dnsproxy.packets import query, query_wire
from tests.dnsproxy.scripted import asked
from tests.dnsproxy.worst_replies import WORST
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S

T = TypeVar("T")
Stages = dict[str, float]

# In capitals: the question's spelling is given back, which compares owners with it.
QUERY = query("WEB.EXAMPLE", "A", 1232)
_TRIES = 5
_FRESH = "remembered.example"


def stages(wire: bytes) -> Stages:
    """Seconds of processor time of each stage that a reply goes through, the best of five.

    A reply that is refused in a stage has no later ones.
    """
    found: Stages = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        best, result = min((_once(work) for _ in range(_TRIES)), key=itemgetter(0))
        found[name] = best
        if isinstance(result, MalformedMessage):
            raise result
        return result

    try:
        message: Message = timed("scan", lambda: scan(wire))
        reply: Reply = timed("unpack", lambda: unpack(message))
    except MalformedMessage:
        return found
    told = timed("settle", lambda: settled(reply, TtlPolicy()))
    timed("chain", lambda: _chain(told))
    timed("rotate", lambda: rotated(told, random.shuffle))
    key = (QUERY.question.key, 1, False, False, True)
    timed("keep", lambda: Memory(1 << 24, 1000).keep("example.", key, told, TtlPolicy(), 1.0))
    for name, limit in (("write 64 KiB", 65535), ("write 512", 512)):
        timed(name, partial(write, QUERY, told, limit))
    return found


def _once(work: Callable[[], T]) -> tuple[float, T | MalformedMessage]:
    start = time.process_time()
    result: T | MalformedMessage
    try:
        result = work()
    except MalformedMessage as error:
        result = error
    return time.process_time() - start, result


def _chain(reply: Reply) -> None:
    targets(QUERY.question, reply)
    is_complete(QUERY.question, reply)
    is_dangling(QUERY.question, reply)


def stalls(kinds: Iterable[str], rounds: int) -> dict[str, float]:
    """Seconds for which a query that needs nobody waits while a client is told such a reply.

    The longest wait of each round counts, and the median of the rounds: any process has to wait
    for its processor now and then.
    """
    replies: dict[str, bytes] = {}

    def udp(asking: dns.message.Message) -> list[bytes]:
        reply = reply_to(asking, f"{_FRESH}. 3600 A 192.0.2.1")
        if str(asking.question[0].name).rstrip(".") != _FRESH:
            reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    def tcp(asking: dns.message.Message) -> list[bytes]:
        wire = replies[str(asking.question[0].name).rstrip(".")]
        return [struct.pack("!H", asking.id) + wire[2:]]

    with (
        ScriptedUpstream(udp, tcp) as upstream,
        Running(
            "dnsproxy",
            *("--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", "127.0.0.1:9"),
            *("--upstream", upstream.address),
        ) as proxy,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
    ):
        probe.settimeout(PATIENCE_S)
        probe.connect(("127.0.0.1", proxy.port))
        _wait(probe)
        found = {}
        for kind in kinds:
            waits = []
            for number in range(rounds):
                name = f"{kind.replace(' ', '-')}{number}.example".lower()
                replies[name] = WORST[kind](query(name).question.wire)
                waits.append(_longest_wait(probe, proxy.port, name))
            found[kind] = sorted(waits)[rounds // 2]
        assert f"{_FRESH}. A" == asked(upstream)[0]
        return found


def _longest_wait(probe: socket.socket, port: int, name: str) -> float:
    done = threading.Event()

    def ask() -> None:
        try:
            _ask_over_tcp(port, name)
        finally:
            done.set()

    thread = threading.Thread(target=ask)
    thread.start()
    longest = 0.0
    while not done.is_set():
        longest = max(longest, _wait(probe))
    thread.join()
    return longest


def _wait(probe: socket.socket) -> float:
    start = time.monotonic()
    probe.send(query_wire(_FRESH))
    probe.recv(512)
    return time.monotonic() - start


def _ask_over_tcp(port: int, name: str) -> None:
    packet = query_wire(name)
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(struct.pack("!H", len(packet)) + packet)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 17):
            pass


def main() -> None:
    """Print the table."""
    names = ("scan", "unpack", "settle", "chain", "rotate", "keep", "write 64 KiB", "write 512")
    waits = stalls(WORST, rounds=9)
    print("| reply of 65,000 bytes | " + " | ".join(names) + " | all | others wait |")
    print("|---" * (len(names) + 3) + "|")
    for kind, make in WORST.items():
        taken = stages(make(QUERY.question.wire))
        cells = [f"{taken[name] * 1000:.1f}" if name in taken else "-" for name in names]
        total = f"{sum(taken.values()) * 1000:.0f}"
        print(f"| {kind} | " + " | ".join([*cells, total, f"{waits[kind] * 1000:.0f}"]) + " |")


if __name__ == "__main__":
    main()
