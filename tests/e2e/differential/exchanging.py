"""Many questions to one server: UDP from one socket with a few outstanding, TCP in a row.

Questions that a server may take for the same are never outstanding together: answered with one
reply of Consul's, they would get back each other's spelling of the zone.
"""

import selectors
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from io import BufferedReader
from typing import NoReturn

import pytest

from tests.e2e.differential.questions import Question

# Few enough that no socket buffer overflows, many enough that nobody waits for one round trip.
WINDOW = 8
# Consul resets a connection after 128 queries.
PER_CONNECTION = 100
LIMIT_S = 15.0

Packets = list[bytes]


def ask_all(host: str, port: int, questions: Sequence[Question]) -> Packets:
    """The reply to each question, over the transport that it names; no reply fails the test."""
    replies: dict[int, bytes] = {}
    numbers = range(len(questions))
    _over_udp(host, port, {n: questions[n] for n in numbers if not questions[n].tcp}, replies)
    for part in _connections({n: questions[n] for n in numbers if questions[n].tcp}):
        _over_tcp(host, port, part, replies)
    return [replies[n] for n in numbers]


def _over_udp(
    host: str, port: int, questions: dict[int, Question], replies: dict[int, bytes]
) -> None:
    waiting = deque(questions)
    flying: set[int] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, selectors.DefaultSelector() as s:
        sock.connect((host, port))
        s.register(sock, selectors.EVENT_READ)
        while waiting or flying:
            for _ in range(len(waiting)):
                if len(flying) >= WINDOW:
                    break
                number = waiting.popleft()
                if questions[number].key in {questions[n].key for n in flying}:
                    waiting.append(number)
                    continue
                sock.send(questions[number].wire(number))
                flying.add(number)
            if not s.select(LIMIT_S):
                _fail([questions[n] for n in flying])
            packet = sock.recv(65535)
            number = int.from_bytes(packet[:2], "big")
            assert number in flying, f"a reply that nobody waits for: {packet[:40]!r}"
            flying.remove(number)
            replies[number] = packet


def _connections(questions: dict[int, Question]) -> Iterator[dict[int, Question]]:
    """The questions in parts, each for a connection of its own."""
    while questions:
        part: dict[int, Question] = {}
        keys = set()
        for number, question in questions.items():
            if question.key not in keys and len(part) < PER_CONNECTION:
                part[number] = question
                keys.add(question.key)
        questions = {n: question for n, question in questions.items() if n not in part}
        yield part


def _over_tcp(
    host: str, port: int, questions: dict[int, Question], replies: dict[int, bytes]
) -> None:
    """All of them at once, and then their replies; in whatever order (RFC 7766 6.2.1.1)."""
    with (
        socket.create_connection((host, port), timeout=LIMIT_S) as sock,
        sock.makefile("rb") as stream,
    ):
        packets = [question.wire(number) for number, question in questions.items()]
        sock.sendall(b"".join(struct.pack("!H", len(packet)) + packet for packet in packets))
        for _ in questions:
            packet = _next_message(stream)
            if packet is None:
                _fail([questions[number] for number in questions if number not in replies])
            replies[int.from_bytes(packet[:2], "big")] = packet


def _next_message(stream: BufferedReader) -> bytes | None:
    """One message with its length; None if the connection was closed, or nothing comes."""
    try:
        length = stream.read(2)
        packet = stream.read(int.from_bytes(length, "big"))
    except OSError:
        return None
    return packet if len(length) == 2 else None


def _fail(questions: list[Question]) -> NoReturn:
    shown = "\n".join(map(str, questions[:20]))
    pytest.fail(f"no reply within {LIMIT_S:.0f} s to {len(questions)} questions:\n{shown}")
