"""A real resolver of the lab's own: Debian's unbound, fetched and unpacked but never installed.

Installed, the package would start a server on port 53 of the machine.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import debian
from tests.lab.consul import free_ports
from tests.lab.shell import LabError, cache_dir, end, log_tail, run, spawn, step, wait_until

_START_LIMIT = 15.0
# It answers on one port what it knows itself, and asks nobody.
_SERVER = """
server:
    interface: 127.0.0.1
    port: {port}
    access-control: 127.0.0.0/8 allow
    directory: "{folder}"
    pidfile: ""
    chroot: ""
    username: ""
    use-syslog: no
    logfile: ""
    do-daemonize: no
    module-config: "iterator"
    num-threads: 1
    do-not-query-address: 0.0.0.0/0
    do-not-query-address: ::/0
{server}
remote-control:
    control-enable: no
"""


class Unbound:
    """One unbound on a loopback port; a context manager.

    ``server`` are lines of its ``server:`` clause, ``clauses`` whole clauses behind it, in the form
    of unbound.conf(5). ``files`` are written to its folder, where relative names are looked for.
    """

    def __init__(
        self, binary: Path, server: str, clauses: str = "", files: dict[str, str] | None = None
    ) -> None:
        self._binary = binary
        (self._port,) = free_ports(1)
        self._folder = Path(tempfile.mkdtemp(prefix="seamark-unbound-"))
        self._log = self._folder / "unbound.log"
        self._config = self._folder / "unbound.conf"
        lines = "\n".join(f"    {line.strip()}" for line in server.strip().splitlines())
        text = _SERVER.format(port=self._port, folder=self._folder, server=lines)
        self._config.write_text(text + clauses)
        for name, content in (files or {}).items():
            (self._folder / name).write_text(content)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers, UDP and TCP."""
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._process = spawn([self._binary, "-d", "-c", self._config], self._log)
        if not wait_until(self._is_ready, _START_LIMIT):
            said = log_tail(self._log)
            self._close()
            raise LabError(f"unbound was not ready within {_START_LIMIT:.0f} s; it said:\n{said}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            said = log_tail(self._log)
            self._close()
            raise LabError(f"unbound ended at once; it said:\n{said}")
        return self._log.exists() and "start of service" in self._log.read_text(errors="replace")

    def _close(self) -> None:
        if self._process is not None:
            end(self._process, timeout=10)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)


def find_unbound() -> Path:
    """Return an unbound that runs: on PATH, else the one kept here, else this Debian's."""
    found = shutil.which("unbound", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    if found is not None:
        return Path(found)
    kept = cache_dir() / "unbound" / "unbound"
    if not kept.is_file():
        _fetch(kept)
    missing = _missing_libraries(kept)
    if missing:
        debian.install(_libraries())
        missing = _missing_libraries(kept)
    if missing:
        raise LabError(f"{kept}: libraries are missing: {', '.join(missing)}; install them")
    return kept


def _fetch(kept: Path) -> None:
    with (
        step("unbound of this Debian"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix="unbound-") as folder,
    ):
        debian.unpack("unbound", debian.codename(), Path(folder))
        kept.parent.mkdir(exist_ok=True)
        (Path(folder) / "usr/sbin/unbound").replace(kept)


def _missing_libraries(binary: Path) -> list[str]:
    lines = run(["ldd", binary], timeout=30).stdout.splitlines()
    return [line.split()[0] for line in lines if "not found" in line]


def _libraries() -> list[str]:
    """The libraries that the package would bring: none of them starts anything."""
    said = run(["apt-cache", "depends", "--no-recommends", "--no-suggests", "unbound"], timeout=60)
    words = [line.split() for line in said.stdout.splitlines()]
    return [line[1] for line in words if line[0] == "Depends:" and line[1].startswith("lib")]
