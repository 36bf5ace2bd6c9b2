"""The container engine of the tests: the one that runs already, or a dockerd of the lab's own.

`python -m tests.lab.engine` keeps one running, for trying things by hand, until Ctrl-C.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.daemon import version_of
from tests.lab.dockerd import Dockerd
from tests.lab.locking import lock
from tests.lab.shell import LabError, run, say

LABEL = "seamark.lab=1"
_DEFAULT_URL = "unix:///var/run/docker.sock"
_LOCK = Path("/run/seamark-lab.lock")


class Engine:
    """An engine that answers, and its command line client."""

    def __init__(
        self,
        url: str,
        *,
        version: str,
        bridge_address: str = "",
        daemon: Dockerd | None = None,
    ) -> None:
        self.url = url
        # The process behind it, where it is the lab's own: a test may kill it and start it again.
        self.daemon = daemon
        self.version = version
        self._settings = tempfile.TemporaryDirectory(prefix="seamark-docker-")
        self.bridge_address = bridge_address or self._ask_bridge_address()

    @property
    def own(self) -> bool:
        """Whether the lab started it."""
        return self.daemon is not None

    @property
    def env(self) -> dict[str, str]:
        """The environment in which any client finds this engine, and no user's settings."""
        ours = {"DOCKER_HOST": self.url, "DOCKER_CONFIG": self._settings.name}
        return {**os.environ, **ours, "DOCKER_BUILDKIT": "0", "DOCKER_CLI_HINTS": "false"}

    def docker(
        self, *args: str | Path, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run the docker command against this engine."""
        return run(["docker", "-H", self.url, *args], env=self.env, check=check, timeout=timeout)

    def build(self, tag: str, folder: Path, target: str = "", **arguments: str) -> str:
        """Build the Dockerfile of a folder, with build arguments, and return the tag."""
        given = [word for item in arguments.items() for word in ("--build-arg", "=".join(item))]
        given += ["--target", target] if target else []
        self.docker("build", "-q", "-t", tag, "--label", LABEL, *given, folder, timeout=600)
        return tag

    def remove_containers(self) -> None:
        """Remove all of them, label or not: for an engine of our own."""
        containers = self.docker("ps", "-aq").stdout.split()
        if containers:
            self.docker("rm", "-f", "-v", *containers, timeout=120)

    def remove_leftovers(self) -> None:
        """Remove every container and network that carries the lab's label."""
        containers = self.docker("ps", "-aq", "--filter", f"label={LABEL}").stdout.split()
        if containers:
            self.docker("rm", "-f", "-v", *containers, timeout=120)
        networks = self.docker("network", "ls", "-q", "--filter", f"label={LABEL}").stdout.split()
        for network in networks:
            self.docker("network", "rm", network)

    def close(self) -> None:
        """Forget the client's settings; the engine itself is not touched."""
        self._settings.cleanup()

    def _ask_bridge_address(self) -> str:
        template = "{{range .IPAM.Config}}{{println .Gateway}}{{end}}"
        found = self.docker("network", "inspect", "bridge", "--format", template).stdout.split()
        for address in found:
            if "." in address:
                return address
        raise LabError(
            f"the engine at {self.url} names no IPv4 gateway for its network `bridge`; "
            "stop it to let the lab start its own"
        )


def running_engine() -> tuple[str, str] | None:
    """Return the address and version of an engine that is there already, $DOCKER_HOST first."""
    given = os.environ.get("DOCKER_HOST")
    for url in filter(None, (given, _DEFAULT_URL)):
        version = version_of(url)
        if version is not None:
            return url, version
        if url == given:
            say(f"DOCKER_HOST={url} does not answer; looking further")
    return None


@contextmanager
def open_engine() -> Iterator[Engine]:
    """Yield an engine that answers: a running one, never stopped here, else one of our own.

    Only one lab engine runs on a machine at a time; a second caller waits.
    """
    found = running_engine()
    if found is not None:
        engine = Engine(found[0], version=found[1])
        try:
            yield engine
        finally:
            engine.remove_leftovers()
            engine.close()
        return
    if os.geteuid() != 0:
        raise LabError(
            "no container engine answers and only root can start one; "
            "run the tests as root, or set DOCKER_HOST"
        )
    with lock(_LOCK, "the lab's engine"):
        daemon = Dockerd()
        daemon.start()
        try:
            yield from _own_engine(daemon)
        finally:
            daemon.stop()


def _own_engine(daemon: Dockerd) -> Iterator[Engine]:
    engine = Engine(
        daemon.url,
        version=version_of(daemon.url) or "unknown",
        bridge_address=daemon.network.bridge_address,
        daemon=daemon,
    )
    try:
        _remove_everything(engine)
        yield engine
    finally:
        _remove_everything(engine)
        engine.close()


def _remove_everything(engine: Engine) -> None:
    """Empty an engine of our own, label or not: a test may have started things by hand."""
    engine.remove_containers()
    engine.docker("network", "prune", "-f")


def main() -> None:
    """Keep an engine open until Ctrl-C."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    with open_engine() as engine:
        say(f"engine {engine.version}, host {engine.bridge_address}; Ctrl-C ends it")
        print(f"export DOCKER_HOST={engine.url}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            say("ending")


if __name__ == "__main__":
    main()
