"""Where lines of the query log go: a file or stderr, written beside the loop, never before it.

Rendering happens in a greenlet in small portions; writing happens in a thread, because a disk or a
pipe may take as long as it likes. Between the two stands a queue with an end: what does not fit is
lost, counted and told, and no answer waits for it.
"""

import logging
import os
import select
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool

from dnsproxy.core.exchange import Exchange
from dnsproxy.core.querylog import line

log = logging.getLogger("dnsproxy")

QUEUE_MAX = 10_000
# Lines wait this long for others, so that a busy proxy writes seldom.
GATHER_S = 0.2
# At the end, what a disk that still works needs.
STOP_S = 2.0
# Rendering a line takes 15 microseconds: the loop turns again after a third of a millisecond.
_PORTION = 20
_QUIET_S = 10.0
# A disk that takes longer is told of what it costs meanwhile.
_PATIENCE_S = 1.0
# People in the group of the process may read who asks for what, nobody else.
_MODE = 0o640
STDERR = "stderr"


class LineFile:
    """A file that is appended to, opened again when it was moved away. ``stderr`` is the stream.

    ``lines`` counts what was written. The methods may block: they belong in a thread.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = 2 if path == STDERR else -1
        self._torn = False
        self.lines = 0

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines. Raises OSError; then the first of them may stand there, and half a line."""
        self._open_again_if_moved()
        for chunk in _chunks(lines):
            self._write(chunk)

    def try_to_write(self, lines: Sequence[bytes]) -> OSError | None:
        """The same with the error as its result: gevent prints what a thread of its raises."""
        try:
            self.write(lines)
        except OSError as error:
            return error
        return None

    def close(self) -> None:
        """End. Raises OSError."""
        if self._fd > 2:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _write(self, chunk: bytes) -> None:
        if self._torn:
            # A full disk took half a line: it must not spoil the next one too.
            chunk = b"\n" + chunk
            self.lines -= 1
        left = memoryview(chunk)
        while left:
            done = os.write(self._fd, left)
            self.lines += bytes(left[:done]).count(b"\n")
            self._torn = left[done - 1] != ord("\n")
            left = left[done:]

    def _open_again_if_moved(self) -> None:
        if self._path == STDERR or (self._fd >= 0 and self._is_in_place()):
            return
        self.close()
        # Nobody at the other end of a pipe is an error, not a reason to wait.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        self._fd = os.open(self._path, flags, _MODE)
        os.set_blocking(self._fd, True)
        self._torn = False

    def _is_in_place(self) -> bool:
        try:
            there = Path(self._path).stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(self._fd), there)


class QueryLog:
    """Writes exchanges as lines of JSON to ``path``, or to ``stderr``.

    ``lost_waiting`` counts exchanges that found the queue full, ``lost_writing`` those that the
    disk did not take.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = LineFile(path)
        self._queue: deque[Exchange] = deque()
        self._some = Event()
        self._ending = Event()
        self._thread = ThreadPool(1)
        self._greenlet: gevent.Greenlet[[], None] | None = None
        self._why = ""
        self._told = 0
        self._quiet_until = 0.0
        self.lost_waiting = 0
        self.lost_writing = 0

    @property
    def lines(self) -> int:
        """How many were written."""
        return self._file.lines

    def put(self, exchange: Exchange) -> None:
        """Have an exchange written soon. Never waits."""
        if len(self._queue) >= QUEUE_MAX:
            self.lost_waiting += 1
            self._why = f"{self._path} takes no more for now"
            return
        self._queue.append(exchange)
        if not self._some.is_set():
            self._some.set()

    def start(self) -> None:
        """Begin to write. A file that cannot be opened is told at once, and tried again."""
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Write what waits, for two seconds at most."""
        if self._greenlet is None:
            return
        self._ending.set()
        self._some.set()
        self._greenlet.join(STOP_S)
        self._greenlet.kill(block=False)
        if self._queue:
            self._why = f"{self._path} takes no more"
            self.lost_waiting += len(self._queue)
            self._queue.clear()
        self._quiet_until = 0.0
        self._tell()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {} if self._greenlet is None else {"query log": not self._greenlet.ready()}

    def _run(self) -> None:
        self._write([])
        while not self._ending.is_set() or self._queue:
            self._some.wait()
            self._ending.wait(GATHER_S)
            self._some.clear()
            try:
                while self._queue:
                    self._write(list(self._portion()))
            except Exception:
                # Costs a portion of lines, never the log.
                log.exception("query log")
            self._tell()

    def _portion(self) -> Iterator[bytes]:
        for _ in range(min(_PORTION, len(self._queue))):
            yield line(self._queue.popleft()).encode()

    def _write(self, lines: Sequence[bytes]) -> None:
        before = self._file.lines
        writing = self._thread.spawn(self._file.try_to_write, lines)
        while not writing.ready():
            writing.wait(_PATIENCE_S)
            if not writing.ready():
                self._tell()
        error = writing.get()
        if error is not None:
            self.lost_writing += len(lines) - (self._file.lines - before)
            self._why = f"cannot write to {self._path}: {error.strerror or error}"
            if not lines:
                log.warning("query log: %s", self._why)

    def _tell(self) -> None:
        """Say what was lost now, then only how much it was: a full disk must not flood the log."""
        lost = self.lost_waiting + self.lost_writing - self._told
        now = monotonic()
        if not lost or now < self._quiet_until:
            return
        log.warning("query log: %d lost: %s", lost, self._why)
        self._told, self._quiet_until = self._told + lost, now + _QUIET_S


def _chunks(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Whole lines, together not longer than what a pipe takes at once or not at all (pipe(7)).

    Words of others on the same stream then never stand in the middle of a line.
    """
    chunk = b""
    for one in lines:
        if chunk and len(chunk) + len(one) > select.PIPE_BUF:
            yield chunk
            chunk = b""
        chunk += one
    if chunk:
        yield chunk
