"""Engines that are reached in other ways: through a proxy that lets little pass, or without root.

The commands are those of docs/how-to/run-in-containers.md.
"""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Running
from tests.e2e.image_stand import PAGE, PROXIED, ROOTLESS, SOCKET, Stand, srv
from tests.e2e.registering import start_service
from tests.lab.consul import free_ports
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers, or_fail
from tests.lab.haproxy import HAPROXY, Haproxy
from tests.lab.product_image import product_image
from tests.lab.rootless import IMAGE, RootlessPodman
from tests.pages import blocks
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
# What it was asked for, and what it said to that.
_LOGGING = "    log stdout format raw local0\n    option httplog\n"


@pytest.fixture(scope="module")
def haproxy_binary() -> Path:
    """Debian's."""
    with or_fail():
        return HAPROXY.find()


def test_a_proxy_that_lets_reading_pass_is_enough(
    engine: Engine,
    haproxy_binary: Path,
    containers: Containers,
    dummy_image: str,
    waits: Waits,
) -> None:
    """A container comes and goes; nothing else is asked for, and nothing else would pass."""
    with or_fail():
        stand = Stand(engine, containers, {"seamark": product_image(engine, "seamark")})
    (config,) = blocks(PAGE, "haproxy.cfg")
    (port,) = free_ports(1)
    here = config.replace("2375", str(port)).replace(SOCKET, engine.url.removeprefix("unix://"))
    told = here.replace("mode http\n", f"mode http\n{_LOGGING}", 1)
    with Haproxy(haproxy_binary, told) as proxy:
        ours = stand.run(PROXIED.replace("2375", str(port)))
        try:
            waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
            start_service(containers, dummy_image, 4)
            waits.until("svc4", lambda: any(" 8084 " in record for record in srv()))
            engine.docker("kill", "svc4")
            waits.until("svc4 gone", lambda: srv() == set())
        finally:
            print(stand.log(ours))
        assert " 200 " in proxy.log
        refused = [line for line in proxy.log.splitlines() if " 403 " in line]
        assert [] == refused
        for words in (["rm", "-f", "svc4"], ["images"], ["run", "-d", dummy_image]):
            done = subprocess.run(
                ["docker", "-H", f"tcp://127.0.0.1:{port}", *words],
                capture_output=True,
                check=False,
                text=True,
            )
            assert done.returncode, words
            assert "403" in done.stderr or "orbidden" in done.stderr


@pytest.fixture
def rootless() -> Iterator[RootlessPodman]:
    """With an image of the example."""
    with or_fail(), RootlessPodman() as podman:
        base = f"BASE={IMAGE}"
        build = ["build", "-q", "-t", "dummy-http", "--build-arg", base, "examples/dummy-http"]
        podman.podman(*build, timeout=120)
        yield podman


def test_containers_of_a_rootless_engine_find_each_other(
    rootless: RootlessPodman, waits: Waits
) -> None:
    """By the host's own address: the bridge's is nobody's on the host."""
    up, web, client = (shlex.split(line) for line in ROOTLESS)
    flags = ["--node", "host1", "--upstream", "192.168.1.1"]
    url = [word if "://" not in word else rootless.url for word in up[1:]]
    with Running(up[0], *url, *flags, prefix=rootless.prefix):
        rootless.podman(*web[1:])
        at = client.index("curl")
        curl = [*client[1:at], "--entrypoint", "curl", IMAGE, *client[at + 1 :]]

        def greeted() -> bool:
            return "Hi! I'm [svc1]" in rootless.podman(*curl, check=False).stdout

        waits.until(" ".join(client), greeted, PATIENCE_S)
        bridge = [word.replace("192.168.1.20", "172.17.0.1") for word in curl]
        assert "" == rootless.podman(*bridge, "-m", "5", check=False).stdout
