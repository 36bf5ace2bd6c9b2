"""A host that systemd has booted, with the product installed: a container with an init.

What the units say is then done by a real systemd, and its resolver is there too.
"""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.engine import LABEL, Engine
from tests.lab.images import host_image
from tests.lab.product_image import ROOT, product_image
from tests.lab.shell import LabError, wait_until

NAME = "host1"
_BOOT_S = 60.0
# The folder is where the image has it, and where the page about systemd puts it.
_DOCKERFILE = """\
ARG HOST
ARG PRODUCT
FROM ${PRODUCT} AS product
FROM ${HOST}
COPY --from=product /opt/seamark /opt/seamark
COPY conf /root/conf
"""
# Without --privileged, which asks for more than a machine may have to give: systemd mounts, and
# makes namespaces, for which the engine's filters leave no room.
_OPTIONS = (
    *("--cap-add=SYS_ADMIN", "--cap-add=NET_ADMIN"),
    *("--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"),
    *("--cgroupns=private", "--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp"),
    *("-e", "container=docker", "--hostname", NAME),
)


class Machine:
    """A host, booted from machine_image(); a context manager. Commands run as root, in /root."""

    def __init__(self, engine: Engine, image: str) -> None:
        self._engine = engine
        self._image = image
        self._container = ""

    def __enter__(self) -> Self:
        words = ["run", "-d", "--label", LABEL, *_OPTIONS, self._image, "/sbin/init"]
        self._container = self._engine.docker(*words).stdout.strip()
        if not wait_until(self._is_up, _BOOT_S):
            state = self.run("systemctl --no-pager --failed; systemctl is-system-running")
            self._remove()
            raise LabError(f"systemd did not boot within {_BOOT_S:.0f} s:\n{state}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        print(self.run("journalctl --no-pager --unit seamark"))
        self._remove()

    def run(self, command: str, *, check: bool = False) -> str:
        """Run a line of shell; all that it prints. With ``check`` a failure is a LabError."""
        words = ["exec", "-w", "/root", self._container, "sh", "-c", f"exec 2>&1; {command}"]
        return self._engine.docker(*words, check=check).stdout

    def write(self, path: str, text: str) -> None:
        """Write a file there."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(text)
            file.flush()
            self.run(f"mkdir -p {Path(path).parent}", check=True)
            self._engine.docker("cp", file.name, f"{self._container}:{path}")
        self.run(f"chmod 644 {path}", check=True)

    def _is_up(self) -> bool:
        return self.run("systemctl is-system-running").strip() == "running"

    def _remove(self) -> None:
        self._engine.docker("rm", "-f", "-v", self._container, check=False)


def machine_image(engine: Engine) -> str:
    """Build what a machine is booted from; its tag."""
    with tempfile.TemporaryDirectory(prefix="seamark-machine-") as name:
        shutil.copytree(ROOT / "conf", Path(name, "conf"))
        Path(name, "Dockerfile").write_text(_DOCKERFILE)
        given = {"HOST": host_image(engine), "PRODUCT": product_image(engine, "seamark")}
        return engine.build("seamark-lab/machine", Path(name), **given)
