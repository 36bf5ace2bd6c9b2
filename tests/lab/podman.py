"""A podman of the lab's own, with its Docker-compatible API on a Unix socket.

It lives in namespaces of its own: its bridge, its firewall rules, its published ports and what it
keeps in /run are seen by nobody else, and the end of the first process in there ends all of them.
Outside are the socket and the folder with its images, below the cache.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.images import base_tarball
from tests.lab.shell import LabError, cache_dir, end, log_tail, run, spawn, tool, wait_until

IMAGE = "localhost/seamark-lab/web:1"
# What the service calls; netavark makes its networks.
_NEEDED = ("podman", "conmon", "runc", "iptables", "ip", "unshare", "setpriv")
_NETAVARK = (Path("/usr/lib/podman/netavark"), Path("/usr/libexec/podman/netavark"))
# Where podman puts its containers, one for each hierarchy of cgroup v1.
_CGROUPS = ("libpod_parent", "*/libpod_parent")
_START_LIMIT = 60.0
# A tmpfs on /run hides systemd, so that podman does the same with and without it, and /dev/shm
# holds the locks of every podman on the machine. The shell reaps what the containers leave.
_ENTER = """
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
ip link set lo up
"$@" &
wait
"""
_PATIENT = "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"
_CONTAINERS_CONF = """
[containers]
# The default asks for more than a container of the machine's own may be allowed.
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
_STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/root"
runroot = "/run/seamark-podman"
"""


class Podman:
    """A podman service and its command line client; a context manager.

    ``url`` is its socket. There is one image in it: IMAGE, the lab's small Debian. Nothing has a
    name server and nothing reaches the outside. Without systemd nobody runs a HEALTHCHECK by the
    clock: ``podman("healthcheck", "run", ...)`` does what the timer would.
    """

    def __init__(self) -> None:
        self.folder = cache_dir() / f"podman-{os.getpid()}"
        self.url = f"unix://{self.folder / 'podman.sock'}"
        self.log = self.folder / "podman.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        _check()
        _remove_leftovers()
        try:
            self._start()
            self.podman("import", base_tarball(), IMAGE, timeout=120)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.remove_all()
        finally:
            self._stop()

    def podman(
        self, *args: str | Path, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a podman command on it."""
        return run(
            ["podman", "--url", self.url, *args], env=self._env, check=check, timeout=timeout
        )

    def run(self, name: str, *options: str) -> str:
        """Start a container that ends when told to and return its id; options: podman run's."""
        words = ["run", "-d", "--name", name, *options, IMAGE, "sh", "-c", _PATIENT]
        return self.podman(*words).stdout.strip()

    def remove_all(self) -> None:
        """Remove all containers, and all networks but podman's own."""
        self.podman("rm", "-f", "-a", "-t", "0")
        self.podman("network", "prune", "-f")

    @property
    def _env(self) -> dict[str, str]:
        ours = {"CONTAINERS_CONF": "containers.conf", "CONTAINERS_STORAGE_CONF": "storage.conf"}
        return {**os.environ, **{key: str(self.folder / name) for key, name in ours.items()}}

    def _start(self) -> None:
        self.folder.mkdir()
        for name, text in (
            ("containers.conf", _CONTAINERS_CONF),
            ("storage.conf", _STORAGE_CONF),
        ):
            (self.folder / name).write_text(text.format(folder=self.folder))
        enter = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        service = ["podman", "--log-level=info", "system", "service", "--time=0", self.url]
        settings = [f"{key}={value}" for key, value in self._env.items() if "CONTAINERS_" in key]
        # unshare lets no SIGTERM pass.
        guard = ["setpriv", "--pdeathsig", "KILL"]
        # What netavark needs for its other driver is another package, depending on the suite.
        settings.append("NETAVARK_FW=iptables")
        words = [*guard, *enter, "sh", "-c", _ENTER, "sh", "env", *settings, *service]
        self._process = spawn(words, self.log)
        ready = wait_until(lambda: self._ended() or self._answers(), _START_LIMIT, every=0.1)
        if not ready or self._ended():
            raise LabError(
                f"podman's service did not answer on {self.url} within {_START_LIMIT:.0f} s; "
                f"the end of its log {self.log}:\n{log_tail(self.log)}"
            )

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _answers(self) -> bool:
        return self.podman("version", check=False).returncode == 0

    def _stop(self) -> None:
        if self._process is not None:
            end(self._process, 10, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        _remove_cgroups()


def _check() -> None:
    if os.geteuid() != 0:
        raise LabError("only root can start the lab's podman; run the tests as root")
    missing = [name for name in _NEEDED if tool(name) is None]
    missing += [] if any(path.exists() for path in _NETAVARK) else ["netavark"]
    if missing:
        raise LabError(
            f"{', '.join(missing)} not installed; run `python -m tests.lab.prepare` as root"
        )


def _remove_leftovers() -> None:
    """Clear the folders of runs that were killed: their processes went with them."""
    for folder in cache_dir().glob("podman-*"):
        if not Path(f"/proc/{folder.name.removeprefix('podman-')}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def _remove_cgroups() -> None:
    """Take the empty ones away; what is in use by another podman cannot be removed."""
    for pattern in _CGROUPS:
        for parent in Path("/sys/fs/cgroup").glob(pattern):
            for folder in (*parent.glob("*/"), parent):
                with suppress(OSError):
                    folder.rmdir()
