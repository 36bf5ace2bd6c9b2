"""A podman of a user who is not root, on a host at home.

What it needs of the machine's files (who the user is, which ids are his, the device of slirp4netns)
is put over them in a mount namespace of its own, and nobody else sees it.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.home import home
from tests.lab.images import base_tarball
from tests.lab.namespaces import host_prefix
from tests.lab.shell import LabError, end, log_tail, run, spawn, tool, wait_until

IMAGE = "localhost/seamark-lab/base:1"
_NEEDED = ("podman", "conmon", "runc", "newuidmap", "slirp4netns", "unshare", "setpriv")
_USER = 61234
_NAME = "seamark-lab"
_START_LIMIT = 60.0
_ENTER = """
set -e
cd "$0"
for file in subuid subgid passwd; do mount --bind $file /etc/$file; done
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mknod --mode=666 /run/tun c 10 200
mount --bind /run/tun /dev/net/tun
"$@" &
wait
"""
_CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
_STORAGE_CONF = """
[storage]
driver = "vfs"
"""


class RootlessPodman:
    """Its service and its command line; a context manager. ``url`` is its socket.

    ``prefix`` starts a command on the same host. There is one image in it, IMAGE.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.prefix: tuple[str, ...] = ()
        self.url = ""

    def __enter__(self) -> Self:
        missing = [name for name in _NEEDED if tool(name) is None]
        if os.geteuid() != 0 or missing:
            raise LabError(
                f"the lab's rootless podman takes root, and {' '.join(missing) or 'nothing else'}; "
                "run `python -m tests.lab.prepare --tests` as root"
            )
        with ExitStack() as stack:
            namespace = home("seamark-rootless", stack)
            self.prefix = host_prefix(namespace.name, "host1")
            folder = self._folder(stack)
            self.url = f"unix://{folder / 'run' / 'podman.sock'}"
            self._start(folder, stack)
            self.podman("import", base_tarball(), IMAGE, timeout=120)
            stack.callback(self.podman, "rm", "-f", "-a", "-t", "0", check=False)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def podman(
        self, *args: str | Path, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a podman command on it."""
        return run(["podman", "--url", self.url, *args], check=check, timeout=timeout)

    def _folder(self, stack: ExitStack) -> Path:
        """The user's home."""
        folder = Path(tempfile.mkdtemp(prefix="seamark-rootless-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        for name in ("subuid", "subgid"):
            (folder / name).write_text(f"{_NAME}:200000:65536\n")
            # A file is put over it.
            Path("/etc", name).touch()
        user = f"{_NAME}:x:{_USER}:{_USER}::{folder}:/bin/sh\n"
        (folder / "passwd").write_text(Path("/etc/passwd").read_text() + user)
        (folder / "containers.conf").write_text(_CONTAINERS_CONF)
        (folder / "storage.conf").write_text(_STORAGE_CONF)
        (folder / "run").mkdir()
        for path in (folder, folder / "run"):
            os.chown(path, _USER, _USER)
        return folder

    def _start(self, folder: Path, stack: ExitStack) -> None:
        own = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder / "run",
            "CONTAINERS_CONF": folder / "containers.conf",
            "CONTAINERS_STORAGE_CONF": folder / "storage.conf",
        }
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        user = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
        environment = ["env", "-i", *(f"{key}={value}" for key, value in own.items())]
        service = ["podman", "system", "service", "--time=0", self.url]
        # unshare lets no SIGTERM pass.
        guard = ["setpriv", "--pdeathsig", "KILL"]
        log = folder / "log"
        process = spawn(
            [
                *guard,
                *self.prefix,
                *enter,
                "sh",
                "-c",
                _ENTER,
                folder,
                *user,
                *environment,
                *service,
            ],
            log,
        )
        stack.callback(end, process, 10)
        ready = wait_until(
            lambda: process.poll() is not None or self._answers(), _START_LIMIT, every=0.1
        )
        if not ready or process.poll() is not None:
            raise LabError(f"the rootless podman does not answer; it said:\n{log_tail(log)}")

    def _answers(self) -> bool:
        return self.podman("version", check=False).returncode == 0
