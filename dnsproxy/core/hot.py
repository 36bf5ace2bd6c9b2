"""Replies that are ready: found by the bytes of the query, sent without looking at either.

A query whose bytes behind its id were seen before gets the same reply under its own id. Its lease
says for how long, and ends with what the reply was made from. Once a second it is looked at: its
TTLs count down, and who keeps what it was made from learns that it is still asked for.
"""

import contextlib
import ctypes
import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dnsproxy.core.wire import Type, scan

# Of each reply and each table, in this process, beside the bytes of the replies.
_ANSWER_BYTES = 900
# Forms of one query that are ready at once: flags, sizes and spellings make more than anybody uses.
_FORMS_MAX = 8
# Clients whose table is known; beyond this all are looked up again.
CLIENTS_MAX = 10_000
# A new order of the addresses this often, at least; sooner where not all of them have their turn.
RENEWED_S = 30.0
_LOOK_S = 1.0
MAX_BYTES = 16 * 1024 * 1024
_TTL = struct.Struct("!I")

Key = bytes


@dataclass(slots=True, eq=False, weakref_slot=True)
class Lease:
    """For how long something that was remembered may be told. Times are monotonic.

    ``kept`` is when its TTLs were what they are there, None if they do not count down. ``used`` is
    told now and then that it is still asked for.
    """

    until: float
    kept: float | None
    used: Callable[[], None] = lambda: None
    answers: list["HotAnswer"] = field(default_factory=list)

    def end(self) -> None:
        """What was made from it is given no more."""
        self.until = 0.0
        for answer in self.answers:
            answer.until = 0.0
        self.answers.clear()

    @property
    def is_full(self) -> bool:
        """Whether enough forms of it are ready."""
        return len(self.answers) >= _FORMS_MAX


@dataclass(frozen=True, slots=True)
class Turns:
    """Replies to one query without their ids, in several orders; after so long in others."""

    bodies: Sequence[bytes]
    renewed_s: float = float("inf")


class HotAnswer:
    """The replies to one query, given in turns.

    ``about`` is for who is told of each. ``turn`` gives the address and the size of the next one.
    Each that is given is counted in ``cell``, and in that of the batch's counts which has the
    number ``kind``.
    """

    __slots__ = (
        "_age",
        "_bodies",
        "_lease",
        "_over",
        "_ttls",
        "about",
        "cell",
        "kind",
        "size",
        "turn",
        "until",
    )

    def __init__(
        self,
        turns: Turns,
        lease: Lease,
        about: Any,
        cell: list[int],
        now: float,
        kind: int = 0,
    ) -> None:
        bodies = turns.bodies
        self._lease = lease
        self._bodies = [ctypes.create_string_buffer(body, len(body)) for body in bodies]
        places = [(ctypes.addressof(body), len(body)) for body in self._bodies]
        self.turn: Callable[[], tuple[int, int]] = itertools.cycle(places).__next__
        self._age = _age(lease, now)
        self._ttls = [_ttls(body) for body in bodies] if lease.kept is not None else []
        self._over = now + turns.renewed_s
        self.about = about
        self.cell = cell
        self.kind = kind
        self.size = _ANSWER_BYTES + sum(map(len, bodies))
        self.until = self._next_look(now)
        lease.answers.append(self)

    def renew(self, now: float) -> bool:
        """Whether it may still be given, with the TTLs of now."""
        if now >= self._lease.until or now >= self._over:
            self.until = 0.0
            # Its place is for the next order of the same.
            with contextlib.suppress(ValueError):
                self._lease.answers.remove(self)
            return False
        self._lease.used()
        self._count_down(_age(self._lease, now))
        self.until = self._next_look(now)
        return True

    def _next_look(self, now: float) -> float:
        """When the next second of the TTLs is over."""
        kept = self._lease.kept
        tick = now + _LOOK_S if kept is None else kept + _age(self._lease, now) + 1
        return min(tick, self._lease.until)

    def _count_down(self, age: int) -> None:
        passed, self._age = age - self._age, age
        if not passed:
            return
        for body, ttls in zip(self._bodies, self._ttls, strict=False):
            for offset in ttls:
                (ttl,) = _TTL.unpack_from(body, offset)
                _TTL.pack_into(body, offset, max(ttl - passed, 0))


# So many kinds of answers are counted apart.
KINDS = 2
# An answer that was given, the client's address, and when: monotonic, and for how long it took.
Note = tuple[HotAnswer, bytes, list[float]]


class HotTable:
    """Answers by the bytes of their queries behind the id, the oldest given up for new ones."""

    def __init__(self, max_bytes: int) -> None:
        self.answers: dict[Key, HotAnswer] = {}
        self.bytes = 0
        self._max_bytes = max_bytes

    def add(self, key: Key, answer: HotAnswer) -> None:
        """Keep an answer in place of the one before."""
        self._drop(key)
        self.answers[key] = answer
        self.bytes += answer.size
        while self.bytes > self._max_bytes:
            self._drop(next(iter(self.answers)))

    def _drop(self, key: Key) -> None:
        answer = self.answers.pop(key, None)
        if answer is not None:
            self.bytes -= answer.size


class HotPlane:
    """The tables of all clients that are answered without a limit.

    ``clients`` has them by address, as its bytes. ``note`` is told of each answer that was given,
    ``given`` of each batch: how many of each kind, and the seconds that each took. ``max_bytes`` is
    the room of a table that is begun from now on.
    """

    def __init__(
        self,
        note: Callable[[Note], object],
        given: Callable[[list[int], float], object],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.clients: dict[bytes, dict[Key, HotAnswer]] = {}
        self.note = note
        self.given = given
        # By identity; the view is held so that no other one comes to have the same.
        self._tables: dict[int, tuple[object, HotTable]] = {}
        self.max_bytes = max_bytes

    def table(self, view: object) -> HotTable:
        """That of all clients with one view."""
        if id(view) not in self._tables:
            self._tables[id(view)] = view, HotTable(self.max_bytes)
        return self._tables[id(view)][1]

    def know(self, client: bytes, view: object) -> None:
        """Answer this client from the table of its view."""
        if len(self.clients) >= CLIENTS_MAX:
            self.clients.clear()
        self.clients[client] = self.table(view).answers

    def clear(self) -> None:
        """Nothing is ready any more, and nobody known."""
        self.clients.clear()
        self._tables.clear()


def _age(lease: Lease, now: float) -> int:
    return 0 if lease.kept is None else int(now - lease.kept)


def _ttls(body: bytes) -> list[int]:
    """Where the TTLs stand that count down: all but the flags of the OPT."""
    message = scan(b"\0\0" + body)
    return [record.rdata - 8 for record in message.records if record.rtype != Type.OPT]
