"""Files in the form of hosts(5), read again when they change."""

import errno
import logging
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import gevent

from dnsproxy.core.hosts import HostsTable, parse
from dnsproxy.core.records import Reply
from dnsproxy.core.wire import Question
from dnsproxy.errors import HostsError

log = logging.getLogger("dnsproxy")

LOOK_EVERY_S = 1.0
# Some 1000 lines are read within the time of a few queries; more would hold them up.
AT_ONCE_BYTES = 64 * 1024
_CHUNK_LINES = 500

Clock = Callable[[], float]
Pause = Callable[[], object]


class HostsFile:
    """One file. Raises :class:`HostsError` if it cannot be read now.

    Later it is looked at when a question comes, once a second at most (``clock`` in seconds). While
    it cannot be read, what was last read stays. A large file is read beside the queries; until it
    is read, the old answers stand.
    """

    def __init__(self, path: Path, clock: Clock = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._table = HostsTable()
        self._mark: tuple[int, ...] = ()
        self._trouble = ""
        self._reading = False
        self._next_look = clock() + LOOK_EVERY_S
        try:
            self._read(gevent.sleep)
        except OSError as error:
            hint = "name a file in the form of hosts(5) that we may read"
            raise HostsError(str(path), _words(error), hint) from error

    def __len__(self) -> int:
        """How many names it has."""
        return len(self._table)

    def answer(self, question: Question) -> Reply | None:
        """What the file has for a question. Never waits: it may be called where nothing can."""
        if not self._reading and self._clock() >= self._next_look:
            self._look()
        return self._table.answer(question)

    def _look(self) -> None:
        self._next_look = self._clock() + LOOK_EVERY_S
        try:
            mark = _mark(self._path)
        except OSError as error:
            self._failed(error)
            return
        if mark == self._mark:
            return
        if mark[1] <= AT_ONCE_BYTES:
            self._read_again(lambda: None)
        else:
            self._reading = True
            gevent.spawn(self._read_again, gevent.sleep)

    def _read_again(self, pause: Pause) -> None:
        try:
            self._read(pause)
            self._trouble = ""
            log.info("%s: read again, %d names", self._path, len(self._table))
        except OSError as error:
            self._failed(error)
        finally:
            self._reading = False

    def _read(self, pause: Pause) -> None:
        """Raises OSError. The mark is taken first: what is written meanwhile is seen next time."""
        mark = _mark(self._path)
        # A comment in another encoding is no reason to lose the file.
        lines = self._path.read_text("utf-8-sig", errors="replace").split("\n")
        table = HostsTable()
        bad: list[HostsError] = []
        for start in range(0, len(lines), _CHUNK_LINES):
            chunk = enumerate(lines[start : start + _CHUNK_LINES], start=start + 1)
            entries, errors = parse((f"{self._path}:{number}", line) for number, line in chunk)
            table.add(entries)
            bad += errors
            pause()
        self._table, self._mark = table, mark
        if bad:
            more = f" ({len(bad) - 1} more lines like it)" if len(bad) > 1 else ""
            log.warning("%s; the line is left out%s; %s", bad[0], more, bad[0].hint)

    def _failed(self, error: OSError) -> None:
        """Say it once; whatever is there next time is read."""
        self._mark = ()
        trouble = _words(error)
        if trouble != self._trouble:
            log.warning("%s: %s; its last names stay", self._path, trouble)
        self._trouble = trouble


class Hosts:
    """Tables one above the other: the first that has a name answers for it."""

    def __init__(self, table: HostsTable, files: Iterable[HostsFile] = ()) -> None:
        self._sources: tuple[HostsTable | HostsFile, ...] = (table, *files)

    def answer(self, question: Question) -> Reply | None:
        """What is written down for a question; None if nothing is. Never waits."""
        for source in self._sources:
            reply = source.answer(question)
            if reply is not None:
                return reply
        return None


def _mark(path: Path) -> tuple[int, ...]:
    """Time, size and inode, by which a change is seen. Raises OSError, also for what is no file."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        # Opening a pipe would wait for somebody who writes.
        raise OSError(errno.EINVAL, "not a regular file")
    return found.st_mtime_ns, found.st_size, found.st_ino


def _words(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
