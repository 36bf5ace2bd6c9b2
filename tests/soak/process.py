"""The registrar's process, that dies and is started again, and what it holds of the machine."""

import contextlib
import io
import os
import re
import signal
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.commands import Running
from tests.lab.shell import wait_until


@dataclass(frozen=True, slots=True)
class Figures:
    """What a process holds: resident memory (KiB), open files, sockets among them, greenlets."""

    rss_kib: int
    files: int
    sockets: int
    greenlets: int


class RegistrarProcess:
    """Starts one registrar after the other, and counts its ``lives``.

    ``broken`` has what none of them may say or do: a traceback, an exit code that is not 0.
    """

    def __init__(self, make: Callable[[], Running]) -> None:
        self._make = make
        self._running: Running | None = None
        self.lives = 0
        self.broken: list[str] = []
        self._words = ""

    def start(self) -> None:
        """A new life."""
        self._running = self._make().__enter__()
        self.lives += 1

    def kill(self) -> None:
        """A crash."""
        assert self._running is not None
        self._running.kill()
        self.stop()

    def stop(self) -> None:
        """End it, if it still runs."""
        running, self._running = self._running, None
        if running is None:
            return
        # It prints its log, which is kept here.
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                running.__exit__(None, None, None)
            except AssertionError:
                self.broken += faults_of(running.log_at_end)
        self._words += running.log_at_end

    @property
    def log(self) -> str:
        """What all of them said."""
        return self._words + (self._running.log if self._running else "")

    def figures(self) -> Figures:
        """Of the life that is."""
        assert self._running is not None
        assert self._running.alive, self.log[-4000:]
        return figures_of(self._running.pid, self._greenlets(self._running))

    @staticmethod
    def _greenlets(running: Running) -> int:
        """By its own word, on SIGUSR1."""
        told = running.log.count("size: ")
        os.kill(running.pid, signal.SIGUSR1)
        wait_until(lambda: running.log.count("size: ") > told, 5)
        return int(re.findall(r"size: (\d+) greenlets", running.log)[-1])


def faults_of(log: str) -> list[str]:
    """The lines of a log that should not be there, or all that is known."""
    lines = log.splitlines()
    return [line for line in lines if "Traceback" in line or "(see --debug)" in line] or lines[-3:]


def figures_of(pid: int, greenlets: int) -> Figures:
    """Read from /proc."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    targets = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            targets.append(str(link.readlink()))
    return Figures(
        rss_kib=int(status["VmRSS"].split()[0]),
        files=len(targets),
        sockets=sum(target.startswith("socket:") for target in targets),
        greenlets=greenlets,
    )


def growth(values: Sequence[int]) -> float:
    """How much the median of the last third lies above that of the first third."""
    third = max(len(values) // 3, 1)
    return statistics.median(values[-third:]) - statistics.median(values[:third])
