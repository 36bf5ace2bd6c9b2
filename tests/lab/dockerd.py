"""A dockerd of the lab's own: started by hand, away from any other, and ended without a trace."""

import fcntl
import ipaddress
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.network import BRIDGE, LabNetwork, free_network
from tests.lab.shell import LabError, cache_dir, end, log_tail, run, say, spawn, tool, wait_until

RUN_DIR = Path("/run/seamark-lab")
SOCKET = RUN_DIR / "docker.sock"
URL = f"unix://{SOCKET}"
_LOCK = Path("/run/seamark-lab.lock")
_POOL = RUN_DIR / "pool"
_EXEC = RUN_DIR / "exec"
_SHIM = "containerd-shim-runc-v2"
_START_LIMIT = 60.0
_STOP_LIMIT = 20.0


@contextmanager
def lock(patience: float) -> Iterator[None]:
    """Hold the machine's one lab engine; a second test run waits for the first to end.

    Both would use the same container names and host ports, so sharing the engine is no help.
    """
    if os.geteuid() != 0:
        raise LabError(
            "no container engine answers and only root can start one; "
            "run the tests as root, or set DOCKER_HOST"
        )
    with _LOCK.open("a+") as file:
        if not _taken(file.fileno()):
            file.seek(0)
            say(
                f"another lab run (pid {file.read().strip() or '?'}) holds the engine; "
                f"waiting up to {patience:.0f} s"
            )
            if not wait_until(lambda: _taken(file.fileno()), patience, every=0.5):
                raise LabError(
                    f"the lab engine is still held by another run after {patience:.0f} "
                    f"s ({_LOCK} names its pid); let it end, or end it"
                )
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Dockerd:
    """The one daemon that the lab starts; call start() and stop() while holding the lock."""

    def __init__(self) -> None:
        self.network = LabNetwork(ipaddress.IPv4Network("0.0.0.0/32"))
        self.log = cache_dir() / "engine.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until its API answers."""
        _program()
        end_leftovers()
        self.network = free_network()
        RUN_DIR.mkdir(mode=0o711, exist_ok=True)
        _POOL.write_text(str(self.network.pool))
        self.log.unlink(missing_ok=True)
        try:
            self.network.up()
            self._process = self._spawn()
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it by its pid, and take away its bridge, rule, socket and containerd."""
        if self._process is not None:
            end(self._process, _STOP_LIMIT)
        end_leftovers()

    def kill(self) -> None:
        """End it without a chance to say goodbye, as a crash would; nothing is cleared away."""
        below = [Path(f"/proc/{pid}") for pid in _ours("containerd")]
        if self._process is not None:
            end(self._process, _STOP_LIMIT, signal.SIGKILL)
        # Its containerd ends with it. A new daemon would lean on one that init has not reaped yet.
        wait_until(lambda: not any(folder.exists() for folder in below), _STOP_LIMIT)

    def start_again(self) -> None:
        """Start it where kill() left it: same socket, same containers.

        Those that ran are not any more: the daemon ends what it finds without live-restore.
        """
        self._process = self._spawn()
        self._wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return spawn([_program(), *self._flags()], self.log)

    def _wait(self) -> None:
        done = wait_until(lambda: self._ended() or answers(URL), _START_LIMIT, every=0.1)
        if not done or self._ended():
            raise LabError(
                f"dockerd did not answer on {URL} within {_START_LIMIT:.0f} s; "
                f"the end of its log {self.log}:\n{log_tail(self.log)}"
            )

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _flags(self) -> list[str]:
        settings = RUN_DIR / "daemon.json"
        settings.write_text("{}\n")
        return [
            f"--config-file={settings}",  # never the machine's own /etc/docker/daemon.json
            f"--data-root={_data_root()}",
            f"--exec-root={_EXEC}",
            f"--pidfile={RUN_DIR / 'docker.pid'}",
            f"--host={URL}",
            "--containerd-namespace=seamark-lab",  # where the machine runs a containerd, it is used
            "--containerd-plugins-namespace=seamark-lab-plugins",
            f"--bridge={BRIDGE}",
            f"--default-address-pool=base={self.network.pool},size=24",
            # No forwarding and no NAT: a packet from a container ends on this machine. Published
            # ports go through docker-proxy, which needs neither, and no rule of dockerd's is left.
            "--ip-forward=false",
            "--ip-masq=false",
            "--iptables=false",
            "--userland-proxy=true",
            # Without --dns a container asks the host itself: refused at once, never the outside.
            f"--dns={self.network.bridge_address}",
            "--shutdown-timeout=2",
            "--log-level=warn",
        ]


def _program() -> str:
    program = tool("dockerd")
    if program is None:
        raise LabError(
            "no container engine answers and dockerd is not installed; "
            "run `python -m tests.lab.prepare` as root"
        )
    return program


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


def end_leftovers() -> None:
    """Clear what a run left that was killed half-way: processes, bridge, rule, sockets.

    A process is ours when its command line names our run folder, which nothing else uses.
    """
    for program in ("dockerd", "containerd", _SHIM):
        for pid in _ours(program):
            if program == _SHIM:
                _kill_children(pid)
            _end_pid(pid, program)
    if _POOL.exists():
        LabNetwork(ipaddress.IPv4Network(_POOL.read_text())).down()
    for folder in (RUN_DIR, _data_root()):
        _unmount_all(folder)
    shutil.rmtree(RUN_DIR, ignore_errors=True)


def _ours(program: str) -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _runs(folder, program)]


def _runs(folder: Path, program: str) -> bool:
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    name = Path(words[0].decode(errors="replace")).name
    return name == program and any(str(RUN_DIR).encode() in word for word in words[1:])


def _kill_children(shim: int) -> None:
    """Kill the containers of a shim: they would outlive it, and nobody would know them any more."""
    try:
        children = Path(f"/proc/{shim}/task/{shim}/children").read_text().split()
    except OSError:
        return
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)


def _end_pid(pid: int, program: str) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        if wait_until(lambda: not _runs(Path(f"/proc/{pid}"), program), _STOP_LIMIT / 2):
            return
    raise LabError(f"{program} (pid {pid}) of an earlier lab run does not end; end it by hand")


def _data_root() -> Path:
    """Return where images live; they survive between runs."""
    return cache_dir() / "engine"


def _unmount_all(folder: Path) -> None:
    """Detach what a killed daemon left mounted at or below a folder, deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted(points, reverse=True):
        if f"{point}/".startswith(f"{folder}/"):
            run(["umount", "--lazy", point], timeout=10, check=False)
