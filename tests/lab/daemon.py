"""One dockerd that is started by hand in folders of its own, and ended without a trace."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.lab.shell import LabError, end, log_tail, run, spawn, tool, wait_until

_SHIM = "containerd-shim-runc-v2"
_START_LIMIT = 60.0
_STOP_LIMIT = 20.0


class Daemon:
    """A dockerd; ``folder`` in /run is its alone, ``data`` keeps its images between runs.

    ``flags`` go to dockerd; ``prefix`` is a command that starts it elsewhere and becomes it;
    ``settings`` is what its daemon.json holds.
    """

    def __init__(
        self,
        folder: Path,
        data: Path,
        log: Path,
        flags: Sequence[str],
        prefix: Sequence[str] = (),
        settings: str = "{}\n",
    ) -> None:
        self.folder, self.data, self.log = folder, data, log
        self.url = f"unix://{folder / 'docker.sock'}"
        self._words = [*prefix, program(), *self._common(settings), *flags]
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it and wait for nothing, so that several start at once."""
        self._process = spawn(self._words, self.log)

    def wait(self) -> None:
        """Wait until its API answers."""
        done = wait_until(lambda: self._ended() or answers(self.url), _START_LIMIT, every=0.1)
        if not done or self._ended():
            raise LabError(
                f"dockerd did not answer on {self.url} within {_START_LIMIT:.0f} s; "
                f"the end of its log {self.log}:\n{log_tail(self.log)}"
            )

    def stop(self) -> None:
        """End it by its pid, with its containerd and what it left mounted."""
        if self._process is not None:
            end(self._process, _STOP_LIMIT)
        end_leftovers(self.folder, self.data)

    def kill(self) -> None:
        """End it without a chance to say goodbye, as a crash would; nothing is cleared away."""
        below = [Path(f"/proc/{pid}") for pid in _ours("containerd", self.folder)]
        if self._process is not None:
            end(self._process, _STOP_LIMIT, signal.SIGKILL)
        # Its containerd ends with it. A new daemon would lean on one that init has not reaped yet.
        wait_until(lambda: not any(folder.exists() for folder in below), _STOP_LIMIT)

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _common(self, settings: str) -> list[str]:
        file = self.folder / "daemon.json"
        file.write_text(settings)
        name = "-".join(self.folder.parts[2:])
        return [
            f"--config-file={file}",  # never the machine's own /etc/docker/daemon.json
            f"--data-root={self.data}",
            f"--exec-root={self.folder / 'exec'}",
            f"--pidfile={self.folder / 'docker.pid'}",
            f"--host={self.url}",
            # Where the machine runs a containerd, it is used.
            f"--containerd-namespace={name}",
            f"--containerd-plugins-namespace={name}-plugins",
            "--shutdown-timeout=2",
            "--log-level=warn",
        ]


def program() -> str:
    """Return dockerd's path. Raises LabError."""
    found = tool("dockerd")
    if found is None:
        raise LabError(
            "no container engine answers and dockerd is not installed; "
            "run `python -m tests.lab.prepare` as root"
        )
    return found


def answers(url: str) -> bool:
    """Whether an engine answers there."""
    return version_of(url) is not None


def version_of(url: str) -> str | None:
    """Return the version of the engine that answers there, None where none does."""
    if tool("docker") is None:
        return None
    asked = run(
        ["docker", "-H", url, "version", "--format", "{{.Server.Version}}"],
        timeout=15,
        check=False,
    )
    return asked.stdout.strip() if asked.returncode == 0 else None


def end_leftovers(folder: Path, data: Path) -> None:
    """Clear what a run left that was killed half-way: processes, mounts, the folder in /run.

    A process is ours when its command line names that folder, which nothing else uses.
    """
    for name in ("dockerd", "containerd", _SHIM):
        for pid in _ours(name, folder):
            if name == _SHIM:
                _kill_children(pid)
            _end_pid(pid, name, folder)
    for place in (folder, data):
        _unmount_all(place)
    shutil.rmtree(folder, ignore_errors=True)


def _ours(name: str, folder: Path) -> list[int]:
    found = Path("/proc").glob("[0-9]*")
    return [int(process.name) for process in found if _runs(process, name, folder)]


def _runs(process: Path, name: str, folder: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    known = Path(words[0].decode(errors="replace")).name
    return known == name and any(f"{folder}/".encode() in word for word in words[1:])


def _kill_children(shim: int) -> None:
    """Kill the containers of a shim: they would outlive it, and nobody would know them any more."""
    try:
        children = Path(f"/proc/{shim}/task/{shim}/children").read_text().split()
    except OSError:
        return
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)


def _end_pid(pid: int, name: str, folder: Path) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        if wait_until(lambda: not _runs(Path(f"/proc/{pid}"), name, folder), _STOP_LIMIT / 2):
            return
    raise LabError(f"{name} (pid {pid}) of an earlier lab run does not end; end it by hand")


def _unmount_all(folder: Path) -> None:
    """Detach what a killed daemon left mounted at or below a folder, deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted(points, reverse=True):
        if f"{point}/".startswith(f"{folder}/"):
            run(["umount", "--lazy", point], timeout=10, check=False)
