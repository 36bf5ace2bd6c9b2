"""One run at a time: what there is once on a machine is held by a lock on a file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.shell import LabError, say, wait_until

PATIENCE_S = 1800.0


@contextmanager
def lock(file: Path, what: str, patience: float = PATIENCE_S) -> Iterator[None]:
    """Hold what the file stands for; a second run waits for the first to end.

    Both would use the same names and ports, so sharing is no help.
    """
    with file.open("a+") as opened:
        if not _taken(opened.fileno()):
            opened.seek(0)
            say(
                f"another run (pid {opened.read().strip() or '?'}) holds {what}; "
                f"waiting up to {patience:.0f} s"
            )
            if not wait_until(lambda: _taken(opened.fileno()), patience, every=0.5):
                raise LabError(
                    f"{what} is still held by another run after {patience:.0f} s "
                    f"({file} names its pid); let it end, or end it"
                )
        opened.truncate(0)
        opened.write(f"{os.getpid()}\n")
        opened.flush()
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
