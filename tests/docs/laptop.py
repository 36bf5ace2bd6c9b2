"""A laptop: a host in a network namespace, with an engine and its images, and no Consul."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.commands import ROOT
from tests.lab.daemon import Daemon, end_leftovers
from tests.lab.engine import Engine
from tests.lab.home import ROUTER, home
from tests.lab.images import base_image
from tests.lab.locking import lock
from tests.lab.namespaces import Namespace, host_prefix
from tests.lab.shell import cache_dir, step

BRIDGE = "172.17.0.1"
NAME = "laptop"
_RUN_DIR = Path("/run/seamark-laptop")


class Laptop:
    """``prefix`` starts a command there; ``env`` is the environment of its user."""

    def __init__(self, namespace: Namespace, engine: Engine) -> None:
        self.namespace, self.engine = namespace, engine
        self.prefix = namespace.prefix

    def words(self, command: str) -> list[str]:
        """What runs a line of a page there; `sudo` is left out, for the tests are root."""
        return [*self.prefix, "bash", "-c", f"exec {command.removeprefix('sudo ')}"]

    @property
    def env(self) -> dict[str, str]:
        """In which `docker` is its engine's; a resolv.conf is no host's own here."""
        return {**self.engine.env, "SEAMARK_UPSTREAM": ROUTER}

    def shell(self, command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """What a line in a terminal there gives."""
        return subprocess.run(
            self.words(command),
            capture_output=True,
            check=False,
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
        )

    @contextmanager
    def running(self, command: str, log: Path) -> Iterator[None]:
        """A line that runs until Ctrl-C, in a terminal of its own; what it says goes to ``log``."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.words(command),
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stderr=output,
            )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(20)
            print(log.read_text())
        assert 0 == code


@contextmanager
def laptop() -> Iterator[Laptop]:
    """Its engine has `python:3-slim` and `curlimages/curl`; no container is left of it."""
    data = cache_dir() / NAME
    with ExitStack() as stack:
        stack.enter_context(lock(_RUN_DIR.with_suffix(".lock"), "the laptop"))
        end_leftovers(_RUN_DIR, data)
        namespace = home(f"seamark-{NAME}", stack)
        namespace.prefix = host_prefix(namespace.name, NAME)
        _RUN_DIR.mkdir(mode=0o711)
        data.mkdir(exist_ok=True)
        flags = [f"--bip={BRIDGE}/16"]
        log = cache_dir() / f"{NAME}-engine.log"
        log.unlink(missing_ok=True)
        daemon = Daemon(_RUN_DIR, data, log, flags, namespace.prefix)
        stack.callback(daemon.stop)
        daemon.launch()
        daemon.wait()
        engine = Engine(daemon.url, version="", bridge_address=BRIDGE)
        stack.callback(engine.close)
        engine.remove_containers()
        stack.callback(engine.remove_containers)
        _images(engine)
        yield Laptop(namespace, engine)


def _images(engine: Engine) -> None:
    """Those that a page takes from a registry; the command line of one is curl's own."""
    with step("images for the laptop"):
        base = base_image(engine)
        engine.docker("tag", base, "python:3-slim")
        folder = cache_dir() / f"{NAME}-curl"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f'FROM {base}\nENTRYPOINT ["curl"]\n')
        engine.build("curlimages/curl", folder)
