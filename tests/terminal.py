"""A command of ours at a real terminal: each of its streams is one, or is not."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import Signals
from types import MappingProxyType
from typing import NamedTuple

from tests.commands import command_line, environment

_LIMIT_S = 60.0
NO_SIGNALS: Mapping[str, Signals] = MappingProxyType({})


class Seen(NamedTuple):
    """What came out of a command, byte for byte but for the line ends of a terminal."""

    code: int
    stdout: str
    stderr: str


def at_terminal(
    command: str,
    *args: str | Path,
    terminals: Sequence[str] = ("stdout", "stderr"),
    signals: Mapping[str, Signals] = NO_SIGNALS,
    **variables: str,
) -> Seen:
    """Run a command of ours with some of its streams at a terminal of their own.

    ``signals``: what it gets as soon as these words stand on stderr, each once.
    """
    words = command_line(command, *args)
    return words_at_terminal(words, terminals, signals, environment(**{"NO_COLOR": ""} | variables))


def words_at_terminal(
    words: Sequence[str],
    terminals: Sequence[str],
    signals: Mapping[str, Signals],
    variables: Mapping[str, str],
) -> Seen:
    """The same of any program."""
    ends = {
        name: pty.openpty() if name in terminals else os.pipe() for name in ("stdout", "stderr")
    }
    # The second is where the command writes.
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=ends["stdout"][1],
        stderr=ends["stderr"][1],
        env={"TERM": "xterm"} | dict(variables),
    )
    for _, theirs in ends.values():
        os.close(theirs)
    ours = {mine: name for name, (mine, _) in ends.items()}
    found = {"stdout": b"", "stderr": b""}
    waiting = dict(signals)
    deadline = time.monotonic() + _LIMIT_S
    while ours and time.monotonic() < deadline:
        for number in select.select(list(ours), [], [], 0.1)[0]:
            part = b""
            # What was at the other end of a terminal has gone: EIO.
            with suppress(OSError):
                part = os.read(number, 65536)
            found[ours[number]] += part
            if not part:
                os.close(number)
                del ours[number]
        for said in [said for said in waiting if said.encode() in found["stderr"]]:
            process.send_signal(waiting.pop(said))
    if ours:
        process.kill()
    code = process.wait()
    assert not ours, f"did not end within {_LIMIT_S:.0f} s: {found}"
    text = {name: part.decode().replace("\r\n", "\n") for name, part in found.items()}
    return Seen(code, text["stdout"], text["stderr"])
