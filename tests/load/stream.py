"""An open loop: questions sent by the clock, whatever comes of those before (one thread)."""

import contextlib
import enum
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.load.packets import NOERROR, SERVFAIL, Answer, read, with_id
from tests.load.threaded import Threaded

# What a stub resolver waits for.
PATIENCE_S = 5.0
# A question that left later than this after its time is counted.
_LATE_S = 0.01
_SOCKETS = 8


class Came(enum.StrEnum):
    """What came of a question."""

    RIGHT = "right"
    STALE = "stale"
    SERVFAIL = "servfail"
    WRONG = "wrong"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Question:
    """``kind`` says for whom it counts; ``right`` are its addresses (none: no such name).

    ``any_data``: whatever a NOERROR brings is right, as of types other than A.
    """

    packet: bytes
    kind: str
    right: frozenset[bytes]
    any_data: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """``at``: monotonic, when it was sent. ``took``: seconds; of a lost one, our patience."""

    at: float
    phase: str
    kind: str
    came: Came
    took: float
    words: str = ""


@dataclass(slots=True)
class Sending:
    """How well the sender kept to its clock."""

    sent: int = 0
    late: int = 0
    unsent: int = 0
    latest_s: float = 0.0


def judge(question: Question, packet: bytes) -> tuple[Came, str]:
    """What a reply is worth, and why if it is wrong."""
    try:
        answer = read(packet)
    except (ValueError, IndexError, struct.error) as error:
        return Came.WRONG, f"unreadable: {error}"
    if answer.rcode == SERVFAIL:
        return Came.SERVFAIL, ""
    if answer.stale and _fits(question, answer):
        return Came.STALE, ""
    if _fits(question, answer):
        return Came.RIGHT, ""
    given = ",".join(socket.inet_ntoa(item) for item in sorted(answer.addresses))
    return Came.WRONG, f"rcode {answer.rcode}, {answer.records} records, addresses [{given}]"


def _fits(question: Question, answer: Answer) -> bool:
    if not question.right and not question.any_data:
        return answer.rcode != NOERROR or not answer.records
    if answer.rcode != NOERROR:
        return False
    return question.any_data or answer.truncated or answer.addresses == question.right


class OpenLoop(Threaded):
    """Asks ``questions`` one after the other at ``rate`` a second; a context manager.

    ``phase`` is noted with each question as it is sent. ``outcomes`` is complete after the end,
    which waits for the answers of the last questions. ``patience_s``: an answer that comes later
    is lost. ``keep`` takes the outcomes in place of the list, where there will be too many.
    """

    def __init__(
        self,
        port: int,
        questions: Iterator[Question],
        rate: float,
        *,
        patience_s: float = PATIENCE_S,
        phase: str = "before",
        keep: Callable[[Outcome], None] | None = None,
    ) -> None:
        super().__init__()
        self.join_s += patience_s
        self._questions = questions
        self._every_s = 1 / rate
        self._patience_s = patience_s
        self.phase = phase
        self.outcomes: list[Outcome] = []
        self._keep = keep or self.outcomes.append
        self.sending = Sending()
        self._sockets = [_connected(port) for _ in range(_SOCKETS)]
        self._selector = selectors.DefaultSelector()
        for number, sock in enumerate(self._sockets):
            self._selector.register(sock, selectors.EVENT_READ, number)
        # In the order of sending: the first is the first whose time is over.
        self._waiting: dict[tuple[int, int], tuple[float, str, Question]] = {}

    def close(self) -> None:
        """All is answered, or nobody waits any more."""
        self._selector.close()
        for sock in self._sockets:
            sock.close()

    def run(self) -> None:
        """Ask until the end, then wait for the last answers."""
        due = time.monotonic()
        while not self.ending.is_set():
            now = time.monotonic()
            while due <= now:
                self._send(due, now)
                due += self._every_s
                now = time.monotonic()
            self._receive(max(due - now, 0))
            self._give_up()
        while self._waiting:
            self._receive(0.05)
            self._give_up()

    def _send(self, due: float, now: float) -> None:
        sending = self.sending
        number = sending.sent + sending.unsent
        question = next(self._questions)
        key = (number % _SOCKETS, number // _SOCKETS & 0xFFFF)
        sending.late += now - due > _LATE_S
        sending.latest_s = max(sending.latest_s, now - due)
        try:
            self._sockets[key[0]].send(with_id(question.packet, key[1]))
        except OSError:
            sending.unsent += 1
            return
        sending.sent += 1
        self._waiting[key] = now, self.phase, question

    def _receive(self, limit_s: float) -> None:
        for found, _ in self._selector.select(limit_s):
            sock: socket.socket = found.fileobj  # type: ignore[assignment]
            # An ICMP error of an earlier packet shows here, and is nobody's answer.
            with contextlib.suppress(OSError):
                while True:
                    packet = sock.recv(65535)
                    key = found.data, int.from_bytes(packet[:2], "big")
                    waiting = self._waiting.pop(key, None)
                    if waiting is not None:
                        self._note(*waiting, *judge(waiting[2], packet))

    def _note(self, at: float, phase: str, question: Question, came: Came, words: str) -> None:
        took = time.monotonic() - at
        self._keep(Outcome(at, phase, question.kind, came, took, words))

    def _give_up(self) -> None:
        limit = time.monotonic() - self._patience_s
        while self._waiting:
            key = next(iter(self._waiting))
            if self._waiting[key][0] > limit:
                return
            self._note(*self._waiting.pop(key), Came.LOST, "")


def _connected(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0)
    sock.connect(("127.0.0.1", port))
    return sock
