"""The two products as processes: started alike, told apart by how they are told what to do."""

import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.commands import ROOT, command_line
from tests.lab.shell import LabError, end, log_tail, spawn

SEAMARK = "seamark"
REGISTRATOR = "registrator"


@dataclass(frozen=True, slots=True)
class Product:
    """One of the two; ``host`` is what stands first in its service ids."""

    name: str
    host: str
    binary: Path | None = None

    def words(self, engine_url: str, agent_address: str) -> list[str]:
        """The command that runs it between an engine and an agent."""
        uri = f"consul://{agent_address}"
        if self.binary is not None:
            # The address of published ports, which it would look up by the name of this host.
            return [str(self.binary), "-ip", "127.0.0.1", uri]
        flags = ["--docker", engine_url, "--node", self.host, "--http", "off"]
        return command_line("registrar", *flags, uri)


def products(registrator: Path | None) -> list[Product]:
    """Ours, and the other where there is one."""
    ours = Product(SEAMARK, "host1")
    if registrator is None:
        return [ours]
    return [ours, Product(REGISTRATOR, socket.gethostname(), registrator)]


class Running:
    """A product that runs; a context manager. Nothing of this process's settings reaches it."""

    def __init__(
        self, product: Product, engine_url: str, agent_address: str, **variables: str
    ) -> None:
        self.product = product
        self._folder = Path(tempfile.mkdtemp(prefix="seamark-bench-"))
        self._log = self._folder / "log"
        foreign = [key for key in os.environ if key.startswith(("SEAMARK_", "CONSUL_", "DOCKER_"))]
        given = {"PYTHONPATH": str(ROOT), "DOCKER_HOST": engine_url, **variables}
        self._words = [
            "env",
            *(word for key in foreign for word in ("-u", key)),
            *(f"{key}={value}" for key, value in given.items()),
            *product.words(engine_url, agent_address),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of its process. Raises LabError with its last words if it has ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise LabError(f"{self.product.name} ended by itself:\n{log_tail(self._log)}")
        return self._process.pid

    def __enter__(self) -> Self:
        self._process = spawn(self._words, self._log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            end(self._process, timeout=10)
        shutil.rmtree(self._folder, ignore_errors=True)
