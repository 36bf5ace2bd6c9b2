"""What the process holds of the machine, by its own word and by the kernel's."""

import contextlib
import os
import re
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.commands import Running
from tests.lab.shell import LabError, wait_until
from tests.soak.process import figures_of

_STATES = {1: "established", 6: "time wait", 7: "udp", 8: "close wait", 10: "listening"}
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_SIZE = re.compile(r"size: (\d+) greenlets, \d+ open files, (\d+) objects")


@dataclass(frozen=True, slots=True)
class Point:
    """``at_s`` since the start; ``sockets`` by the kernel's states."""

    at_s: float
    phase: str
    rss_kib: int
    files: int
    greenlets: int
    objects: int
    sockets: dict[str, int]


def look(running: Running, at_s: float, phase: str) -> Point:
    """Now. Raises LabError if the process does not say its size."""
    told = len(_SIZE.findall(running.log))
    os.kill(running.pid, signal.SIGUSR1)
    if not wait_until(lambda: len(_SIZE.findall(running.log)) > told, 30):
        raise LabError("the process says no size on SIGUSR1")
    greenlets, objects = map(int, _SIZE.findall(running.log)[-1])
    figures = figures_of(running.pid, greenlets)
    return Point(
        at_s,
        phase,
        figures.rss_kib,
        figures.files,
        greenlets,
        objects,
        dict(sockets_by_state(running.pid)),
    )


def sockets_by_state(pid: int) -> Counter[str]:
    """The process's own sockets, of all that the kernel lists."""
    own = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            own |= {found[1]} if found else set()
    states: Counter[str] = Counter()
    for table in _TABLES:
        with contextlib.suppress(FileNotFoundError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[9] in own:
                    states[_STATES.get(int(words[3], 16), f"state {words[3]}")] += 1
    return states
