"""The query log on real files, pipes and disks: nothing waits for them or is lost silently."""

import errno
import fcntl
import json
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from dnsproxy.edges.observer import Observer
from dnsproxy.edges.querylog import QUEUE_MAX, STOP_S, LineFile, QueryLog
from tests.commands import ROOT
from tests.dnsproxy.exchanges import HOSTILE, exchange
from tests.waits import PATIENCE_S


def until(look) -> None:
    """Let the loop turn until something is true."""
    with gevent.Timeout(PATIENCE_S):
        while not look():
            gevent.sleep(0.005)


def read(path: Path) -> list[dict[str, object]]:
    """The lines of a log; each must be whole."""
    return [json.loads(text) for text in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is to be."""
    return tmp_path / "queries.log"


@pytest.fixture
def lines(path: Path) -> Iterator[QueryLog]:
    """A query log that runs."""
    log = QueryLog(str(path))
    log.start()
    yield log
    log.stop()


@pytest.fixture
def pipe(path: Path) -> Iterator[int]:
    """A pipe in place of the file, whose reader does not read."""
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield reader
    os.close(reader)


def test_exchanges_become_lines_in_their_order(lines, path):
    """A few thousand, over many portions."""
    for number in range(3000):
        lines.put(exchange(size=number))
    until(lambda: lines.lines == 3000)
    assert list(range(3000)) == [found["size"] for found in read(path)]
    assert (0, 0) == (lines.lost_waiting, lines.lost_writing)


def test_r11_hostile_names_stay_on_their_lines(lines, path):
    """In the file itself: as many lines as exchanges, no byte outside printable ASCII."""
    for name in HOSTILE.values():
        lines.put(exchange(name=name))
    until(lambda: lines.lines == len(HOSTILE))
    assert len(HOSTILE) == len(read(path))
    assert {*range(0x20, 0x7F), 0x0A} >= set(path.read_bytes())


def test_what_waits_at_the_end_is_written(path):
    """A stop does not wait for others to come, and takes nothing away."""
    log = QueryLog(str(path))
    log.start()
    for _ in range(500):
        log.put(exchange())
    log.stop()
    assert 500 == len(read(path))


def test_a_log_is_appended_to_and_others_cannot_read_it(path):
    """Who asked for what is nobody else's business."""
    for size in (1, 2):
        log = QueryLog(str(path))
        log.start()
        log.put(exchange(size=size))
        log.stop()
    assert [1, 2] == [found["size"] for found in read(path)]
    assert 0 == path.stat().st_mode & 0o007


@pytest.mark.parametrize("successor", [False, True], ids=["no file", "a new file"])
def test_a_file_that_was_moved_away_is_opened_anew(lines, path, successor):
    """What logrotate does, with `create` and without; no signal is needed."""
    lines.put(exchange(size=1))
    until(lambda: lines.lines == 1)
    old = path.rename(path.with_suffix(".1"))
    if successor:
        path.touch()
    lines.put(exchange(size=2))
    until(lambda: lines.lines == 2)
    assert [1] == [found["size"] for found in read(old)]
    assert [2] == [found["size"] for found in read(path)]


def test_a_full_disk_costs_lines_and_says_so(caplog, capfd):
    """/dev/full is one. Told at once and at the end, not each time that something was lost."""
    log = QueryLog("/dev/full")
    log.start()
    for _ in range(3):
        lost = log.lost_writing
        for _ in range(100):
            log.put(exchange())
        until(lambda: log.lost_writing == lost + 100)  # noqa: B023
    log.stop()
    assert 0 == log.lines
    told = [record.getMessage() for record in caplog.records]
    why = "lost: cannot write to /dev/full: No space left on device"
    assert [f"query log: 100 {why}", f"query log: 200 {why}"] == told
    assert "" == capfd.readouterr().err


def test_a_folder_that_is_not_there_is_told_at_once_and_tried_again(tmp_path, caplog):
    """A name mistyped is seen at the start; a disk mounted late is used from then on."""
    path = tmp_path / "late" / "queries.log"
    log = QueryLog(str(path))
    log.start()
    until(lambda: caplog.records)
    where = f"cannot write to {path}: No such file or directory"
    assert f"query log: {where}" == caplog.records[0].getMessage()
    log.put(exchange(size=1))
    until(lambda: log.lost_writing == 1)
    path.parent.mkdir()
    log.put(exchange(size=2))
    log.stop()
    assert [2] == [found["size"] for found in read(path)]
    assert f"query log: 1 lost: {where}" in caplog.messages


def test_a_pipe_that_nobody_reads_holds_up_nothing(pipe, lines, path, caplog):
    """The loop turns, the queue has an end, and what is read later are whole lines."""
    for _ in range(3):
        for _ in range(QUEUE_MAX):
            lines.put(exchange())
        gevent.sleep(0.01)
    assert QUEUE_MAX < lines.lost_waiting < 3 * QUEUE_MAX
    assert len(lines._queue) <= QUEUE_MAX
    until(lambda: f"lost: {path} takes no more for now" in caplog.text)
    taken = 3 * QUEUE_MAX - lines.lost_waiting
    text = b""
    with gevent.Timeout(30):
        while text.count(b"\n") < taken:
            gevent.sleep(0.001)
            try:
                text += os.read(pipe, 1 << 20)
            except BlockingIOError:
                continue
    assert taken == len([json.loads(one) for one in text.splitlines()])


_ENDS = """
import sys
import gevent
from dnsproxy.edges.querylog import QueryLog
from tests.dnsproxy.exchanges import exchange
log = QueryLog(sys.argv[1])
log.start()
for _ in range(5000):
    log.put(exchange())
gevent.sleep(0.5)
log.stop()
print(log.lost_waiting + log.lost_writing + log.lines)
"""


def ends(path: str) -> subprocess.CompletedProcess[str]:
    """A process that logs 5000 queries and ends."""
    return subprocess.run(
        [sys.executable, "-c", _ENDS, path],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=STOP_S + 20,
    )


def test_a_pipe_that_nobody_reads_keeps_no_process_from_its_end(pipe, path):
    """Two seconds of grace, and every line is accounted for but the few in the thread's hands."""
    done = ends(str(path))
    assert (0, "") == (done.returncode, done.stderr.partition("query log: ")[0])
    assert " lost: " in done.stderr
    assert 4980 <= int(done.stdout) <= 5000


def test_stderr_gets_lines_among_its_words():
    """`--query-log stderr`."""
    done = ends("stderr")
    assert (0, "5000\n") == (done.returncode, done.stdout)
    assert 5000 == len([json.loads(text) for text in done.stderr.splitlines()])


def test_a_line_that_was_torn_by_a_full_disk_spoils_no_other(path):
    """A file of 1000 bytes at most is the disk; then there is room again."""
    file = LineFile(str(path))
    whole = [b"x" * 299 + b"\n"] * 5
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError) as caught:
            file.write(whole)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert errno.EFBIG == caught.value.errno
    assert (3, 1000) == (file.lines, path.stat().st_size)
    file.write(whole[:2])
    file.close()
    assert [299, 299, 299, 100, 299, 299] == list(map(len, path.read_bytes().splitlines()))
    assert 5 == file.lines


def test_a_line_is_never_broken_over_two_writes(pipe, path):
    """Others write to the same stream; up to PIPE_BUF bytes stay together (pipe(7))."""
    file = LineFile(str(path))
    file.write([])
    # Packet mode: a read gives what one write has put there, PIPE_BUF bytes at most.
    fcntl.fcntl(file._fd, fcntl.F_SETFL, os.O_WRONLY | os.O_DIRECT)
    file.write([b"x" * 700 + b"\n"] * 12)
    assert [5 * 701, 5 * 701, 2 * 701] == [len(os.read(pipe, 1 << 16)) for _ in range(3)]
    file.close()


def test_record_is_safe_where_nothing_may_wait(path, caplog):
    """In the hub's own callback, where the listener reads its packets."""
    observer = Observer(lines=QueryLog(str(path)))
    observer.start()
    gevent.get_hub().loop.run_callback(observer.record, exchange())
    assert observer.lines is not None
    until(lambda: observer.lines.lines == 1)
    observer.stop()
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]
