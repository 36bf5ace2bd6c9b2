"""Resolvers of others, as people run them beside us: Debian's, unpacked but never installed.

Installed, their packages would start a server on port 53 of the machine.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import debian
from tests.lab.consul import free_ports
from tests.lab.shell import LabError, cache_dir, end, log_tail, run, spawn, step, wait_until

_START_LIMIT = 60.0


@dataclass(frozen=True)
class Program:
    """A ``command`` of a Debian ``package``.

    ``beside``: packages of the same source, whose libraries must be of the very same version.
    ``also``: commands of the same package that are wanted too.
    ``alone``: what else it leans on is unpacked beside it too, rather than installed.
    """

    command: str
    package: str
    beside: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    alone: bool = False

    def find(self) -> Path:
        """Return one that runs: on PATH, else the one kept here, else this Debian's."""
        path = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
        found = shutil.which(self.command, path=path)
        if found is not None:
            return Path(found)
        kept = cache_dir() / self.package / self.command
        if not kept.is_file():
            self._fetch(kept)
        missing = _missing_libraries(kept)
        if missing:
            debian.install(self._libraries())
            missing = _missing_libraries(kept)
        if missing:
            raise LabError(f"{kept}: libraries are missing: {', '.join(missing)}; install them")
        return kept

    def _fetch(self, kept: Path) -> None:
        with (
            step(f"{self.command} of this Debian"),
            tempfile.TemporaryDirectory(dir=cache_dir(), prefix=f"{self.package}-") as name,
        ):
            folder = Path(name)
            others = debian.brought_by(self.package) if self.alone else self.beside
            for package in (self.package, *others):
                debian.unpack(package, debian.codename(), folder)
            kept.parent.mkdir(exist_ok=True)
            if others:
                for library in folder.glob("**/lib/*/lib*.so*"):
                    library.replace(kept.parent / library.name)
            # Last: where it is, all of it is.
            for command in (*self.also, self.command):
                next(folder.glob(f"usr/*bin/{command}")).replace(kept.parent / command)

    def _libraries(self) -> list[str]:
        """The libraries that the packages would bring: none of them starts anything."""
        depends = ["apt-cache", "depends", "--no-recommends", "--no-suggests"]
        said = run([*depends, self.package, *self.beside], timeout=60)
        words = [line.split() for line in said.stdout.splitlines()]
        return [line[1] for line in words if line[0] == "Depends:" and line[1].startswith("lib")]


def _missing_libraries(binary: Path) -> list[str]:
    env = {**os.environ, "LD_LIBRARY_PATH": str(binary.parent)}
    lines = run(["ldd", binary], env=env, timeout=30).stdout.splitlines()
    return [line.split()[0] for line in lines if "not found" in line]


class Resolver:
    """One resolver on a loopback port; a context manager.

    A subclass writes its configuration into ``_folder``, and says with ``_words`` how it is started
    in the foreground and with ``_READY`` what it says when it answers. ``prefix`` is a command that
    starts it elsewhere and becomes it.
    """

    _READY = ""

    def __init__(self, binary: Path, prefix: Sequence[str] = ()) -> None:
        self._binary = binary
        self._prefix = prefix
        (self._port,) = free_ports(1)
        self._folder = Path(tempfile.mkdtemp(prefix=f"seamark-{binary.name}-"))
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers, UDP and TCP."""
        return f"127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """The same, the port alone."""
        return self._port

    @property
    def pid(self) -> int:
        """Of its process, while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it said so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def __enter__(self) -> Self:
        beside = f"LD_LIBRARY_PATH={self._binary.parent}"
        self._process = spawn(
            [*self._prefix, "env", beside, self._binary, *self._words()], self._log
        )
        if not wait_until(self._is_ready, _START_LIMIT):
            self._fail(f"was not ready within {_START_LIMIT:.0f} s")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        print(self.log)
        self._close()

    def _words(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            self._fail("ended at once")
        return self._READY in self.log

    def _fail(self, how: str) -> None:
        said = log_tail(self._log)
        self._close()
        raise LabError(f"{self._binary.name} {how}; it said:\n{said}")

    def _close(self) -> None:
        if self._process is not None:
            end(self._process, timeout=10)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)
