"""The commands of the page about containers, and what starts them from the image that was built."""

import json
import shlex
from typing import Any

from tests.asking import ask, records
from tests.commands import ROOT
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.lab.product_image import TARGETS

SOCKET = "/var/run/docker.sock"
PAGE = (ROOT / "docs/how-to/run-in-containers.md").read_text()
_MOUNT = f"-v {SOCKET}:{SOCKET}"
BOTH = f"docker run -d --net=host {_MOUNT} seamark up consul://127.0.0.1:8500"
ALONE = f"docker run -d --net=host {_MOUNT} seamark up --advertise 172.20.20.10"
ARTICLE = (
    f"docker run -d -v {SOCKET}:/tmp/docker.sock -h node1 registrar consul://172.20.20.10:8500"
)
DNS = "docker run -d --net=host dnsproxy --consul-dns 127.0.0.1:8600"
_LESS = "--read-only --cap-drop=ALL --security-opt=no-new-privileges --group-add=998"
HARDENED = f"docker run -d {_LESS} {_MOUNT} seamark up --advertise 172.20.20.10"
_ONE_MORE = "--net=host --read-only --cap-drop=ALL --cap-add=NET_BIND_SERVICE --group-add=998"
BINDING = f"docker run -d {_ONE_MORE} {_MOUNT} seamark up --advertise 172.20.20.10"
# How each target is built there; the lab builds them with its own base besides.
BUILDS = {
    "docker build -t seamark .",
    "docker build -t registrar --target registrar .",
    "docker build -t dnsproxy --target dnsproxy .",
}
COMPOSE = {
    "cd conf/compose",
    "docker compose up -d",
    "docker compose logs client",
    "docker compose down",
}
PROXIED = (
    "docker run -d --net=host -e DOCKER_HOST=tcp://127.0.0.1:2375 seamark up "
    "--advertise 172.20.20.10"
)
ROOTLESS = (
    "seamark up --docker unix:///run/user/1000/podman/podman.sock",
    "podman run -d -p 8080:8080 -e SERVICE_NAME=svc1 --name svc1 dummy-http svc1",
    "podman run --rm --dns 192.168.1.20 --dns-search service.consul curl -s http://svc1:8080/",
)


def options(line: str, engine: Engine) -> tuple[str, list[str], list[str]]:
    """A `docker run -d` of the page: the target of its image, options, words behind the image.

    The socket is that of the lab's engine, and 172.20.20.10 the address of this host.
    """
    socket = engine.url.removeprefix("unix://")
    here = line.replace(f"-v {SOCKET}:", f"-v {socket}:").replace(
        "172.20.20.10", engine.bridge_address
    )
    words = shlex.split(here)[3:]
    at = next(number for number, word in enumerate(words) if word in TARGETS)
    return words[at], words[:at], words[at + 1 :]


class Stand:
    """Starts what the page says, from the image that was built."""

    def __init__(self, engine: Engine, containers: Containers, images: dict[str, str]) -> None:
        self.engine, self._containers, self._images = engine, containers, images

    def run(self, line: str, *more: str) -> str:
        """A `docker run -d` of the page, with more options; the container's id."""
        target, given, words = options(line, self.engine)
        return self._containers.run(self._images[target], *words, options=[*given, *more])

    def log(self, container: str) -> str:
        """What it said so far."""
        done = self.engine.docker("logs", container)
        return done.stdout + done.stderr


def inspected(engine: Engine, what: str) -> Any:
    """An image or a container, as the engine tells of it."""
    (found,) = json.loads(engine.docker("inspect", what).stdout)
    return found


def srv(host: str = "127.0.0.1") -> set[str]:
    """Where svc4 is said to be."""
    return records(ask(53, "svc4.service.consul", "SRV", host=host))
