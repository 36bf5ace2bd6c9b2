"""What a server's processes cost: itself and all that it has started."""

import os
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import resident_mib

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Tree:
    """A process and its descendants, as they are when they are asked for."""

    root: int

    def pids(self) -> list[int]:
        """Every process of it that lives."""
        found, left = [], [self.root]
        while left:
            pid = left.pop()
            found.append(pid)
            for listed in Path(f"/proc/{pid}/task").glob("*/children"):
                left += map(int, _text(listed).split())
        return found

    def cpu_s(self) -> float:
        """Processor time so far, of what has ended too: its parent has waited for it."""
        return sum(map(_cpu_s, self.pids()))

    def waited_s(self) -> float:
        """Time so far in which its threads could have run and others had the cores."""
        tasks = [path for pid in self.pids() for path in Path(f"/proc/{pid}/task").glob("*")]
        words = [_text(path / "schedstat").split() for path in tasks]
        return sum(int(one[1]) for one in words if one) / 1e9

    def resident_mib(self) -> float:
        """What they have in memory now; pages that they share count for each."""
        return sum(map(_resident_mib, self.pids()))


def _text(path: Path) -> str:
    """Of a file in /proc, nothing if its process has just ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _cpu_s(pid: int) -> float:
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _resident_mib(pid: int) -> float:
    try:
        return resident_mib(pid)
    except (FileNotFoundError, ProcessLookupError, StopIteration):
        return 0.0
