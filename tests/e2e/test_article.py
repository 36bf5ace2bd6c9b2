"""The story of the article that this project started from, on one host, on real parts.

Three services run, a fourth is started: it can be asked for, another container reaches it by name,
it is killed, and its name is gone.
"""

import subprocess
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.asking import addresses
from tests.commands import Running
from tests.e2e.registering import start_service
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

pytestmark = pytest.mark.lab

NODE = "node3"


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    """What stands for the rest of the world."""
    record = "debian.org. 300 A 192.0.2.80"
    with ScriptedUpstream(lambda query: [reply_to(query, record).to_wire()]) as running:
        yield running


@pytest.fixture(params=["consul", "embedded"])
def host(
    request: pytest.FixtureRequest,
    engine: Engine,
    consul_binary: Path,
    upstream: ScriptedUpstream,
    containers: Containers,
    dummy_image: str,
) -> Iterator[Running]:
    """A host with svc1 to svc3 in containers, and both halves of Seamark beside them."""
    for number in (1, 2, 3):
        start_service(containers, dummy_image, number)
    flags = ["--docker", engine.url, "--node", NODE, "--http", "off"]
    flags += ["--listen", "127.0.0.1:0", "--listen", f"{engine.bridge_address}:53"]
    flags += ["--upstream", upstream.address]
    if request.param == "embedded":
        with Running("seamark", "up", *flags, "--advertise", engine.bridge_address) as running:
            yield running
        return
    with ConsulAgent(consul_binary, node=NODE, advertise=engine.bridge_address) as agent:
        registry = f"consul://{agent.http_address}"
        dns = ["--consul-dns", agent.dns_address]
        with Running("seamark", "up", registry, *dns, *flags) as running:
            yield running


def dig(address: str, *words: str) -> str:
    """What the tool prints that people paste in tickets."""
    done = subprocess.run(
        ["dig", f"@{address}", *words], capture_output=True, check=False, text=True, timeout=20
    )
    return done.stdout


def test_the_articles_story(
    host: Running,
    engine: Engine,
    containers: Containers,
    dummy_image: str,
    base_image: str,
    waits: Waits,
) -> None:
    """Word for word, with every wait bounded at two seconds."""
    address = engine.bridge_address
    for name in ("svc1", "svc2", "svc3"):
        ask_for = partial(addresses, host.port, f"{name}.service.consul")
        found = waits.until(f"{name} from the start", ask_for)
        assert {address} == found

    svc4 = start_service(containers, dummy_image, 4)
    answer = waits.until("svc4 on the fly", lambda: srv_line(address))
    assert answer[:7] == ["svc4.service.consul.", "0", "IN", "SRV", "1", "1", "8084"]
    assert f"{NODE}.node.dc1.consul." == answer[7]
    additional = dig(address, f"{NODE}.node.dc1.consul", "+short")
    assert address == additional.strip()

    # A container that runs need not serve yet: its interpreter takes a moment to start.
    waits.until("svc4 serves", lambda: serves(address, 8084), limit_s=PATIENCE_S)
    said = containers.output(
        base_image,
        "curl",
        "--silent",
        "--show-error",
        "http://svc4:8084/",
        dns=[address],
        options=["--dns-search", "service.consul"],
    )
    own = engine.docker(
        "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", svc4
    ).stdout.strip()
    assert f"Hi! I'm [svc4] service and my Docker container's IP is [{own}]" == said.stdout.strip()

    assert dig(address, "debian.org", "+short").strip() == "192.0.2.80"

    engine.docker("kill", "svc4")
    waits.until(
        "svc4 gone after docker kill", lambda: not dig(address, "+short", "svc4.service.consul")
    )
    assert {address} == addresses(host.port, "svc3.service.consul")


def serves(address: str, port: int) -> bool:
    """Whether an HTTP server answers behind a published port."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/", timeout=2) as reply:
            return bool(reply.read())
    except OSError:
        return False


def srv_line(address: str) -> list[str]:
    """The answer's line of `dig SRV`, in words; empty if there is none."""
    output = dig(address, "svc4.service.consul", "SRV", "+noall", "+answer")
    lines = [line.split() for line in output.splitlines() if "\tSRV\t" in line]
    return lines[0] if lines else []


def test_static_services_answer_alike_from_a_real_agent_and_from_here(
    consul_binary: Path, engine: Engine, waits: Waits
) -> None:
    """conf/services.json is a file that Consul's own agent takes as it is."""
    file = Path("conf/services.json")
    embedded = ["--services", str(file), "--node", NODE, "--advertise", engine.bridge_address]
    with (
        ConsulAgent(
            consul_binary, node=NODE, advertise=engine.bridge_address, config_files=[file]
        ) as agent,
        Running("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", *embedded) as here,
        Running(
            "dnsproxy",
            "--listen",
            "127.0.0.1:0",
            "--http",
            "off",
            "--consul-dns",
            agent.dns_address,
        ) as there,
    ):
        for number in (1, 2, 3):
            words = [f"svc{number}.service.consul", "SRV", "+noall", "+answer", "+additional"]
            answers = [
                set(dig("127.0.0.1", "-p", str(port), *words).splitlines())
                for port in (here.port, there.port)
            ]
            # Current releases tell their version beside it, which is none of ours.
            there_lines = {line for line in answers[1] if "consul-version=" not in line}
            assert len(answers[0]) == 3
            assert answers[0] == there_lines
