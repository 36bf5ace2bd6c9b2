"""The image of the Dockerfile, as people run it: beside a real Consul, on a real engine.

The commands are those of docs/how-to/run-in-containers.md.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import ask, records
from tests.commands import ROOT, status
from tests.e2e.image_stand import (
    ALONE,
    ARTICLE,
    BINDING,
    BOTH,
    BUILDS,
    COMPOSE,
    DNS,
    HARDENED,
    PAGE,
    PROXIED,
    ROOTLESS,
    SOCKET,
    Stand,
    inspected,
    srv,
)
from tests.e2e.registering import start_service
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers, or_fail
from tests.lab.product_image import TARGETS, product_image, size_mb
from tests.pages import lines
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

BUILD = {"VERSION": "9.8.7", "REVISION": "abc123", "CREATED": "2026-01-02T03:04:05Z"}
BUILD |= {"SOURCE": "https://example.com/source", "DOCUMENTATION": "https://example.com/docs"}
MB_MORE_OR_LESS = 3
NET_BIND_SERVICE = 1 << 10
# Prints what the page is made of.
_FILES = """
import os, pathlib, seamark
os.chdir(pathlib.Path(seamark.__file__).parent / "status" / "page")
print(*pathlib.Path().rglob("*"), sep="\\n")
"""


@pytest.fixture(scope="module")
def images(engine: Engine) -> dict[str, str]:
    """Target -> tag."""
    with or_fail():
        return {target: product_image(engine, target, **BUILD) for target in TARGETS}


@pytest.fixture
def consul(consul_binary: Path, engine: Engine) -> Iterator[ConsulAgent]:
    """On its usual ports, on loopback and the address at which containers reach this host."""
    agent = ConsulAgent(
        consul_binary,
        node="node1",
        advertise=engine.bridge_address,
        client=f"127.0.0.1 {engine.bridge_address}",
    )
    agent.ports |= {"http": 8500, "dns": 8600}
    with agent:
        yield agent


@pytest.fixture
def stand(engine: Engine, containers: Containers, images: dict[str, str]) -> Stand:
    """For the commands of the page."""
    return Stand(engine, containers, images)


def test_no_command_of_the_page_goes_untested() -> None:
    """Each is run here, those of compose in test_compose.py, and the rest in test_engine_access."""
    runs = {BOTH, ALONE, ARTICLE, DNS, HARDENED, BINDING}
    assert runs | BUILDS | COMPOSE | {PROXIED, *ROOTLESS} == set(lines(PAGE, "sh"))


@pytest.mark.parametrize("target", TARGETS)
def test_what_an_image_says_of_itself(engine: Engine, images: dict[str, str], target: str) -> None:
    """A numeric user, no shell in anything that it starts, and all labels."""
    config = inspected(engine, images[target])["Config"]
    assert "65532:65532" == config["User"]
    assert ["/opt/seamark/bin/launch", target] == config["Entrypoint"]
    check = ["CMD", "seamark", "healthcheck", *(["--registrar"] if target == "registrar" else [])]
    assert check == config["Healthcheck"]["Test"]
    prefix = "org.opencontainers.image."
    labels = {k.removeprefix(prefix): v for k, v in config["Labels"].items() if prefix in k}
    assert {"title", "description", "licenses"} == set(labels) - {key.lower() for key in BUILD}
    assert {key.lower(): value for key, value in BUILD.items()}.items() <= labels.items()
    ports = set() if target == "registrar" else {"53/tcp", "53/udp"}
    assert ports == set(config.get("ExposedPorts") or ())


def test_it_is_small(engine: Engine, images: dict[str, str], base_image: str) -> None:
    """Beside its base, as the page says."""
    added = size_mb(engine, images["seamark"]) - size_mb(engine, base_image)
    (said,) = re.findall(r"it is (\d+) MB on top of its base", PAGE)
    assert abs(added - int(said)) < MB_MORE_OR_LESS


def test_the_page_and_its_charts_are_in_it(containers: Containers, images: dict[str, str]) -> None:
    """All files of the page, as they are here."""
    python = ["--entrypoint", "/opt/seamark/bin/python3"]
    done = containers.output(images["seamark"], "-c", _FILES, options=python)
    page = ROOT / "seamark" / "status" / "page"
    here = {str(path.relative_to(page)) for path in page.rglob("*")}
    assert "vendor/uPlot.iife.min.js" in here
    assert here == set(done.stdout.splitlines())


@pytest.mark.usefixtures("consul")
def test_both_halves_in_the_hosts_network(
    stand: Stand, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """On port 53 of every address, as nobody."""
    ours = stand.run(BOTH)
    try:
        # How long an interpreter takes to start says nothing of what it then does.
        waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
        start_service(containers, dummy_image, 4)
        expected = {"SRV 1 1 8084 node1.node.dc1.consul."}
        waits.until("svc4", lambda: srv() == expected)
        stand.engine.docker("kill", "svc4")
        waits.until("svc4 gone", lambda: srv() == set())
        of = status(inspected(stand.engine, ours)["State"]["Pid"])
        assert ("65532", "1") == (of["Uid"].split()[0], of["NoNewPrivs"])
    finally:
        print(stand.log(ours))


def test_both_halves_without_a_consul(
    stand: Stand, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """The catalog is in the container; its node is the host."""
    ours = stand.run(ALONE)
    waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
    start_service(containers, dummy_image, 4)
    waits.until("svc4", lambda: any(" 8084 " in record for record in srv()))
    (address,) = records(ask(53, "svc4.service.consul"))
    assert f"A {stand.engine.bridge_address}" == address


def test_the_articles_registrar(
    stand: Stand, consul: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """At registrator's socket, under the name that its container was given."""
    ours = stand.run(ARTICLE)
    try:
        waits.until("up", lambda: "containers -> " in stand.log(ours), PATIENCE_S)
        start_service(containers, dummy_image, 4)
        waits.until("svc4", lambda: "node1:svc4:8080" in consul.get("agent/services"))
        stand.engine.docker("kill", "svc4")
        waits.until("svc4 gone", lambda: "node1:svc4:8080" not in consul.get("agent/services"))
    finally:
        print(stand.log(ours))


@pytest.mark.usefixtures("consul")
def test_the_dns_proxy_alone(stand: Stand, waits: Waits) -> None:
    """It has no engine, and needs none."""
    ours = stand.run(DNS)
    waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
    assert {f"A {stand.engine.bridge_address}"} == records(ask(53, "node1.node.consul"))


@pytest.mark.parametrize("line", [ALONE, ARTICLE], ids=["both halves", "registrar"])
def test_its_health_is_told_by_the_engine(stand: Stand, waits: Waits, line: str) -> None:
    """Healthy while no Consul is there, unhealthy when it hangs, and healthy again."""
    often = ["--health-interval=1s", "--health-retries=2", "--health-start-period=0s"]
    ours = stand.run(line, *often)

    def health() -> str:
        return str(inspected(stand.engine, ours)["State"]["Health"]["Status"])

    waits.until("healthy", lambda: health() == "healthy", PATIENCE_S)
    stand.engine.docker("kill", "--signal", "STOP", ours)
    waits.until("unhealthy", lambda: health() == "unhealthy", PATIENCE_S)
    stand.engine.docker("kill", "--signal", "CONT", ours)
    waits.until("healthy again", lambda: health() == "healthy", PATIENCE_S)


def test_it_ends_at_once_and_well_when_it_is_stopped(stand: Stand, waits: Waits) -> None:
    """SIGTERM to the first process: no shell is in between to swallow it."""
    ours = stand.run(ALONE)
    waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
    stand.engine.docker("stop", "--time", "20", ours)
    assert 0 == inspected(stand.engine, ours)["State"]["ExitCode"]
    assert "ending" in stand.log(ours)


def test_it_runs_with_nothing_but_what_it_needs(
    stand: Stand, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Read-only, no capability, no new privileges, no shell: then the socket's group is told."""
    group = Path(stand.engine.url.removeprefix("unix://")).stat().st_gid
    ours = stand.run(HARDENED.replace("=998", f"={group}"), *without_shell())
    waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
    assert "" == status(inspected(stand.engine, ours)["State"]["Pid"])["CapEff"].strip("0")
    start_service(containers, dummy_image, 4)
    address = inspected(stand.engine, ours)["NetworkSettings"]["IPAddress"]
    waits.until("svc4", lambda: any(" 8084 " in record for record in srv(address)))


def test_one_capability_is_enough_for_the_hosts_port_53(
    stand: Stand, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """And that is all that it has there."""
    group = Path(stand.engine.url.removeprefix("unix://")).stat().st_gid
    ours = stand.run(BINDING.replace("=998", f"={group}"))
    waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
    of = status(inspected(stand.engine, ours)["State"]["Pid"])
    assert NET_BIND_SERVICE == int(of["CapEff"], 16)
    start_service(containers, dummy_image, 4)
    waits.until("svc4", lambda: any(" 8084 " in record for record in srv()))


def test_without_the_sockets_group_it_says_what_to_do(stand: Stand, waits: Waits) -> None:
    """No new privileges, no group."""
    ours = stand.run(ALONE.replace("--net=host", "--security-opt=no-new-privileges"))
    group = Path(stand.engine.url.removeprefix("unix://")).stat().st_gid
    words = f"no permission on the engine's socket {SOCKET}; "
    waits.until("told", lambda: words in stand.log(ours), PATIENCE_S)
    assert f"(docker run --group-add {group})" in stand.log(ours)


@pytest.mark.parametrize(("path", "joined"), [(SOCKET, True), ("/elsewhere.sock", False)])
def test_no_link_leads_to_a_sockets_group(
    stand: Stand, tmp_path: Path, waits: Waits, path: str, *, joined: bool
) -> None:
    """Anybody in the container can make one in /tmp, to a socket of another service."""
    socket = Path(stand.engine.url.removeprefix("unix://"))
    tmp_path.chmod(0o1777)
    (tmp_path / "docker.sock").symlink_to("/elsewhere.sock")
    ours = stand.run(DNS, "-v", f"{socket}:{path}", "-v", f"{tmp_path}:/tmp")
    waits.until("up", lambda: "try: " in stand.log(ours), PATIENCE_S)
    groups = status(inspected(stand.engine, ours)["State"]["Pid"])["Groups"]
    assert joined == (str(socket.stat().st_gid) in groups.split())


@pytest.mark.parametrize("words", [[], ["sh"], ["../../../bin/sh"]])
def test_nothing_but_our_commands_is_launched(
    engine: Engine, containers: Containers, images: dict[str, str], words: list[str]
) -> None:
    """What has capabilities becomes nobody else."""
    launch = ["--entrypoint", "/opt/seamark/bin/launch"]
    done = containers.output(images["seamark"], *words, options=launch, check=False)
    assert 2 == done.returncode
    assert "hint: seamark, registrar or dnsproxy" in done.stderr


def without_shell() -> list[str]:
    """Nothing is where the base has its shells."""
    return [
        word
        for path in ("/bin/sh", "/bin/dash", "/bin/bash")
        for word in ("-v", f"/dev/null:{path}:ro")
    ]
