"""What every part of the lab needs: commands, processes, waits and words for a person."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class LabError(RuntimeError):
    """A part of the lab is not to be had; the message says what, where and what to do."""


def say(text: str) -> None:
    """Print one progress line, at once: a person is watching a make target."""
    print(f"lab: {text}", flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step that takes a while, and say how long it took."""
    say(f"{what} ...")
    start = time.monotonic()
    yield
    say(f"{what}: done ({time.monotonic() - start:.0f} s)")


def tool(name: str) -> str | None:
    """Find a command, also where only root's login shell has it on PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def cache_dir() -> Path:
    """Return the folder that keeps what is slow to fetch or build between runs."""
    folder = Path.home() / ".cache" / "seamark"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(
    args: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; a failure is a LabError that shows the command's last words."""
    words = [str(arg) for arg in args]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            check=False,
            cwd=cwd,
            env=env,
            errors="replace",
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise LabError(
            f"{words[0]} is not installed; run `python -m tests.lab.prepare` as root"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"`{' '.join(words)}` did not end within {timeout:.0f} s") from error
    if check and done.returncode != 0:
        said = last_lines(done.stderr or done.stdout, 8)
        raise LabError(f"`{' '.join(words)}` failed with exit code {done.returncode}:\n{said}")
    return done


def last_lines(text: str, count: int) -> str:
    """Return the end of a program's output, indented to stand under an error message."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:])


def log_tail(log: Path, count: int = 25) -> str:
    """Return the end of a log file; a log that is not there yet is worth saying too."""
    if not log.exists():
        return f"    (no log at {log})"
    return last_lines(log.read_text(errors="replace"), count)


def pause(seconds: float) -> None:
    """Sleep in the plain, blocking way: the lab runs no event loop."""
    time.sleep(seconds)  # noqa: TID251


def wait_until(ready: Callable[[], bool], timeout: float, every: float = 0.05) -> bool:
    """Ask again and again until the answer is yes; False when the time is up."""
    end = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > end:
            return False
        pause(every)
    return True


def spawn(args: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """Start a server that cannot outlive us, its output in a file.

    The kernel ends it when the *thread* that started it ends (prctl's parent-death signal), so
    also after kill -9 of a test run. Start servers from the main thread.
    """
    guard = ["setpriv", "--pdeathsig", "TERM", "--"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*guard, *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], timeout: float, sign: int = signal.SIGTERM) -> None:
    """End a process of ours and reap it: politely, and by force when that takes too long."""
    if process.poll() is None:
        process.send_signal(sign)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout)
