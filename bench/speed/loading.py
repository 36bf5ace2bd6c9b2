"""The load generator as Python sees it: compiled here, its questions, what it counted."""

import json
import math
import os
import struct
import subprocess
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.lab.shell import LabError, run

_HERE = Path(__file__).parent
_A, _IN, _RECURSION_DESIRED = 1, 1, 0x0100


@dataclass(frozen=True, slots=True)
class Native:
    """The compiled programs; the load generator has the first core to itself if there are more."""

    load: Path
    responder: Path
    core: int | None

    @classmethod
    def compiled(cls, folder: Path) -> Self:
        """Compile them into a folder. Raises LabError where there is no C compiler."""
        made = {}
        for name, sources in {
            "load": ("load.c", "transport.c"),
            "responder": ("responder.c",),
        }.items():
            made[name] = folder / name
            run(["cc", "-O2", "-o", made[name], *(_HERE / one for one in sources)], timeout=120)
        cores = sorted(os.sched_getaffinity(0))
        return cls(core=cores[0] if len(cores) > 1 else None, **made)

    def others_elsewhere(self) -> AbstractContextManager[None]:
        """Whatever this process starts meanwhile keeps off the load generator's core."""
        return _on(os.sched_getaffinity(0) - {self.core})

    def beside_it(self) -> AbstractContextManager[None]:
        """Keep this process, and what it starts meanwhile, on the load generator's core."""
        return _on(os.sched_getaffinity(0) if self.core is None else {self.core})


@contextmanager
def _on(cores: Collection[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked, and how. ``rate`` a second by the clock, or ``window`` at a time if it is 0.

    ``connections`` of TCP, none: UDP. ``answers`` is what a good reply has at least. ``once``: each
    question once, then the end.
    """

    questions: Path
    seconds: float
    window: int = 64
    rate: float = 0.0
    connections: int = 0
    answers: int = 1
    once: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """What the load generator saw. ``in_time`` of the answered came while it was still asking."""

    seconds: float
    sent: int
    in_time: int
    answered: int
    lost: int
    bad: int
    last_bad_rcode: int
    stray: int
    closed: int
    p50_us: float
    p99_us: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.in_time / self.seconds if self.seconds else math.nan


def send(native: Native, port: int, load: Load) -> Counted:
    """Run the load generator to its end. Raises LabError when nobody takes its questions."""
    pinned = [] if native.core is None else ["taskset", "-c", str(native.core)]
    numbers = (load.seconds, load.window, load.rate, load.connections, load.answers)
    words = [native.load, port, load.questions, *numbers, int(load.once)]
    # Meanwhile this process has left that core, and so would what it starts.
    done = subprocess.run(
        [*pinned, *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
        timeout=load.seconds + 60,
    )
    if done.returncode != 0:
        raise LabError(f"load generator: exit code {done.returncode}: {done.stderr.strip()}")
    counted = json.loads(done.stdout)
    if not counted["answered"]:
        counted |= {"p50_us": math.nan, "p99_us": math.nan}
    return Counted(**counted)


def query(name: str) -> bytes:
    """A question for the addresses of a name, under the id 0."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    head = struct.pack("!6H", 0, _RECURSION_DESIRED, 1, 0, 0, 0)
    return head + labels + b"\0" + struct.pack("!2H", _A, _IN)


def write_questions(path: Path, names: Iterable[str]) -> Path:
    """A file of questions as the load generator reads it."""
    messages = map(query, names)
    path.write_bytes(b"".join(struct.pack("!H", len(one)) + one for one in messages))
    return path
