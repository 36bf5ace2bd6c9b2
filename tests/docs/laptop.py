"""A laptop: a host in a network namespace, with an engine and its images, and no Consul."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.commands import ROOT
from tests.lab.daemon import Daemon, end_leftovers
from tests.lab.engine import Engine
from tests.lab.images import base_image
from tests.lab.locking import lock
from tests.lab.namespaces import Namespace, added, host_prefix
from tests.lab.shell import cache_dir, run, step

ADDRESS = "192.168.1.20"
BRIDGE = "172.17.0.1"
NAME = "laptop"
_RUN_DIR = Path("/run/seamark-laptop")
# A network card, its other end in the air, and a way to everywhere else at whose end nobody is.
_NETWORK = (
    "link add wlan0 type veth peer name air",
    "link set air up",
    f"address add {ADDRESS}/24 dev wlan0",
    "link set wlan0 up",
    "route add default via 192.168.1.1",
)


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
        return {**self.engine.env, "SEAMARK_UPSTREAM": "192.168.1.1"}

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
def laptop() -> Iterator[Laptop]:
    """Its engine has `python:3-slim` and `curlimages/curl`; no container is left of it."""
    data = cache_dir() / NAME
    with ExitStack() as stack:
        stack.enter_context(lock(_RUN_DIR.with_suffix(".lock"), "the laptop"))
        end_leftovers(_RUN_DIR, data)
        namespace = _host(stack)
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


def _host(stack: ExitStack) -> Namespace:
    if f"seamark-{NAME}" in run(["ip", "netns", "list"], timeout=10).stdout.split():
        run(["ip", "netns", "delete", f"seamark-{NAME}"], timeout=10)
    namespace = added(f"seamark-{NAME}", stack)
    for command in _NETWORK:
        namespace.ip(command)
    namespace.prefix = host_prefix(namespace.name, NAME)
    return namespace


def _images(engine: Engine) -> None:
    """Those that a page takes from a registry; the command line of one is curl's own."""
    with step("images for the laptop"):
        base = base_image(engine)
        engine.docker("tag", base, "python:3-slim")
        folder = cache_dir() / f"{NAME}-curl"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(f'FROM {base}\nENTRYPOINT ["curl"]\n')
        engine.build("curlimages/curl", folder)
