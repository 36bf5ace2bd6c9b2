"""A way to get it wrong, and what a command has to say of it."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.commands import command_line, environment, run

# Files are named as `{folder}/NAME` in arguments, variables and fixes.
_FOLDER = "{folder}"
NOBODY = 65534


@dataclass(frozen=True)
class Mistake:
    """``args`` to ``command`` end with ``code`` and with ``fix``, word for word.

    ``files`` are written before. ``on_stdout``: it is data, not an error. ``checked``: `seamark
    check --offline` with the same says so too.
    """

    name: str
    args: str
    fix: str
    code: int = 2
    command: str = "seamark"
    files: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    on_stdout: bool = False
    checked: bool = False

    def make(self, folder: Path, args: str = "") -> subprocess.CompletedProcess[str]:
        """Make it in a folder; ``args`` for others than its own."""
        for name, text in self.files.items():
            (folder / name).write_text(text)
        words = (args or self.args).replace(_FOLDER, str(folder)).split()
        variables = {k: v.replace(_FOLDER, str(folder)) for k, v in self.variables.items()}
        return run(self.command, *words, cwd=folder, **variables)

    def judge(self, done: subprocess.CompletedProcess[str], folder: Path) -> None:
        """The code, the fix, and nothing that only we could read."""
        fix = self.fix.replace(_FOLDER, str(folder))
        assert done.returncode == self.code, done
        assert fix in (done.stdout if self.on_stdout else done.stderr), done
        well_said(done)


def well_said(done: subprocess.CompletedProcess[str]) -> None:
    """Not with a traceback, nor as a fault of ours."""
    for text in (done.stdout, done.stderr):
        assert "Traceback" not in text
        assert "a fault of ours" not in text


def as_nobody(*words: str) -> str:
    """What the command says to a user without any rights; its exit code is 1 or 2."""
    program, *args = words
    interpreter, flag, code, *rest = command_line(program, *args)
    # What is imported late would be read as nobody, who may not enter root's home.
    late = "import encodings.idna, docker.transport, falcon.asgi_spec, gevent.pywsgi"
    late += ", seamark.app, seamark.dns_side, seamark.registering"
    late += ", seamark.commands.whole, seamark.commands.check"
    drop = f"import os; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})"
    code = code.replace("; main()", f"; {late}; {drop}; main()")
    assert interpreter == sys.executable
    done = subprocess.run(
        [interpreter, flag, code, *rest],
        capture_output=True,
        check=False,
        cwd="/",
        env=environment(),
        text=True,
        timeout=60,
    )
    assert done.returncode in {1, 2}, done
    well_said(done)
    return done.stdout + done.stderr
