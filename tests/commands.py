"""Our commands as a user starts them: real processes, their words read from stderr."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.waits import pause

ROOT = Path(__file__).parents[1]
_START_S = 60.0
_STOP_S = 10.0
# What a command of ours is started by: the same code as the console script, by name.
_SCRIPTS = {
    "seamark": "from seamark.__main__ import main; main()",
    "registrar": "from seamark.__main__ import registrar; registrar()",
    "dnsproxy": "from seamark.__main__ import dnsproxy; dnsproxy()",
}


def command_line(command: str, *args: str | Path) -> list[str]:
    """The words that start one of our commands with this interpreter."""
    return [sys.executable, "-c", _SCRIPTS[command], *map(str, args)]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what steers our commands."""
    foreign = ("SEAMARK_", "CONSUL_", "DOCKER_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return kept | {"PYTHONPATH": str(ROOT)} | variables


def run(
    command: str,
    *args: str | Path,
    cwd: Path | None = None,
    prefix: Sequence[str] = (),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself; ``prefix`` as for :class:`Running`."""
    return subprocess.run(
        [*prefix, *command_line(command, *args)],
        capture_output=True,
        check=False,
        cwd=cwd or ROOT,
        env=environment(**variables),
        text=True,
        timeout=60,
    )


class Running:
    """A command of ours that runs until it is told to end; a context manager.

    Give ``--listen`` with port 0; ``port`` is the one it got. ``prefix`` is a command that starts
    it elsewhere and becomes it, such as `ip netns exec NAME`. Leaving checks that it ended by
    itself with exit code 0 and never showed a traceback.
    """

    # For a process that the test damages from outside.
    shows_tracebacks = False

    def __init__(
        self,
        command: str,
        *args: str | Path,
        ready: str = "try: |containers -> ",
        faults_expected: bool = False,
        prefix: Sequence[str] = (),
        **variables: str,
    ) -> None:
        self._words = [*prefix, *command_line(command, *args)]
        self._variables = variables
        self._ready = re.compile(ready)
        self._faults_expected = faults_expected
        self._log = Path(tempfile.mkstemp(prefix="seamark-test-", suffix=".log")[1])
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self.port = 0
        self.log_at_end = ""

    @property
    def log(self) -> str:
        """Everything it said so far."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._words,
                cwd=ROOT,
                env=environment(**self._variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()
        found = re.search(r"DNS on (?:\S*):(\d+)", self.log)
        self.port = int(found[1]) if found else 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        code = self.stop()
        log = self.log_at_end = self.log
        self._log.unlink()
        print(log)
        if kind is None:
            assert self.shows_tracebacks or "Traceback" not in log, log
            assert self._faults_expected or "(see --debug)" not in log, log
            assert code == (-signal.SIGKILL if self._killed else 0), log

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it without a chance to say goodbye, as a crash would."""
        assert self._process is not None
        assert self._process.poll() is None, self.log
        self._killed = True
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it as an init system does; its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            pytest.fail(f"did not end within {_STOP_S:.0f} s of SIGTERM:\n{self.log}")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._ready.search(self.log):
            if not self.alive or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"did not come up; it said:\n{self.log}")
            pause(0.02)


def status(pid: int) -> dict[str, str]:
    """What the kernel tells of a process (proc_pid_status(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
