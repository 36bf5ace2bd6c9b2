"""Real shells at a terminal, in which somebody types and presses Tab."""

import os
import pty
import re
import select
import subprocess
import sysconfig
import time
from pathlib import Path

from tests.commands import environment

PROMPT = "ready> "
_LIMIT_S = 60.0
# How a shell is started without anybody's settings, and what it is told first.
_SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], f"PS1='{PROMPT}'\n"),
    "zsh": (["zsh", "-f", "-i"], f"PS1='{PROMPT}'; autoload -U compinit; compinit -u -D\n"),
}
# Readline puts in everything that there is; zsh goes through it one by one.
_KEYS = {"bash": "\x1b*", "zsh": "\t"}
_TO_THE_BEGINNING, _TO_THE_END = "\x01", "\x05"


def pressed(shell: str, line: str, folder: Path, script: str | None = None) -> list[str]:
    """The words of a line after a Tab at its end: all that could be, or in zsh the one that can.

    The shell runs in ``folder``, and reads what `seamark completion` prints, or ``script``.
    """
    words, setup = _SHELLS[shell]
    setup += f"{script or f'source <(seamark completion {shell})'}\n"
    typed = f"{line}{_KEYS[shell]}{_TO_THE_BEGINNING}printf '<%s>\\n' {_TO_THE_END}; echo do''ne\n"
    ours, theirs = pty.openpty()
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    process = subprocess.Popen(
        words,
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(PATH=path, TERM="dumb", HOME=str(folder), HISTFILE=""),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        os.write(ours, setup.encode())
        # The echo of what is typed has the prompt in quotes.
        _read(ours, rf"{PROMPT}(?!')", times=2)
        os.write(ours, typed.encode())
        shown = _read(ours, r"^done\r?$")
        return re.findall(r"^<(.*)>\r*$", shown, re.MULTILINE)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(number: int, until: str, times: int = 1) -> str:
    """What a terminal shows until something stands there that often."""
    shown, deadline = "", time.monotonic() + _LIMIT_S
    while len(re.findall(until, shown, re.MULTILINE)) < times:
        assert time.monotonic() < deadline, f"{until!r} never came: {shown!r}"
        if select.select([number], [], [], 0.2)[0]:
            shown += os.read(number, 65536).decode(errors="replace")
    return shown
