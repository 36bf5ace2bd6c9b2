"""The lab keeps its word: what the other tests take for granted is proven here."""

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import network
from tests.lab.consul import ConsulAgent, free_ports
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.lab.shell import end, log_tail, run, spawn, wait_until
from tests.waits import PATIENCE_S

pytestmark = pytest.mark.lab

_OUTSIDE = "198.51.100.2"  # TEST-NET-2: nobody has it but the host that a test makes


def test_engine_runs_a_container(containers: Containers, base_image: str) -> None:
    said = containers.output(base_image, "python3", "-c", "print(6 * 7)")

    assert said.stdout == "42\n"


def test_name_look_up_in_a_container_is_glibcs_own(containers: Containers, base_image: str) -> None:
    said = containers.output(base_image, "getent", "hosts", "localhost")

    assert "localhost" in said.stdout


def test_dns_tools_run_in_a_container(containers: Containers, base_image: str) -> None:
    """They are unpacked without what Debian only recommends with them."""
    asked = "dig -v 2>&1; kdig --version; drill -v"
    said = containers.output(base_image, "sh", "-ec", asked).stdout

    assert ["DiG 9", "kdig (Knot DNS)", "drill version"] == [
        words for words in ("DiG 9", "kdig (Knot DNS)", "drill version") if words in said
    ]


def test_dummy_http_says_the_articles_line(containers: Containers, dummy_image: str) -> None:
    port, svc4 = _svc4(containers, dummy_image)
    address = containers.engine.docker(
        "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", svc4
    ).stdout.strip()

    line = f"Hi! I'm [svc4] service and my Docker container's IP is [{address}]\n"
    assert _get(f"http://127.0.0.1:{port}/any/path") == line


def test_dummy_http_ends_at_once_when_told_to(containers: Containers, dummy_image: str) -> None:
    port, svc4 = _svc4(containers, dummy_image)
    assert _get(f"http://127.0.0.1:{port}/")

    containers.engine.docker("stop", "-t", "30", svc4, timeout=10)

    state = containers.engine.docker("inspect", "--format", "{{.State.ExitCode}}", svc4)
    assert state.stdout.strip() == "0"


def test_published_port_answers_a_container_through_the_host(
    containers: Containers, dummy_image: str, base_image: str, engine: Engine
) -> None:
    port, _ = _svc4(containers, dummy_image)
    url = f"http://{engine.bridge_address}:{port}/"

    assert "[svc4]" in _get(url)
    assert "[svc4]" in containers.output(base_image, "curl", "-sS", "-m", "5", url).stdout


def test_container_asks_the_hosts_dns(
    containers: Containers, base_image: str, engine: Engine, consul_binary: Path
) -> None:
    """A query over UDP from a container is answered by a server on the host's bridge address."""
    lookup = ("python3", "-c", _LOOKUP)
    with ConsulAgent(
        consul_binary, advertise=engine.bridge_address, client=engine.bridge_address
    ) as agent:
        host, _, port = agent.dns_address.partition(":")
        said = containers.output(base_image, *lookup, host, port)

    assert said.stdout == "1 answers\n"


_LOOKUP = r"""
import socket, sys
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(5)
name = b"\5node1\4node\6consul\0"
query = b"\7\7\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"
asker.sendto(query, (sys.argv[1], int(sys.argv[2])))
print(asker.recv(4096)[7], "answers")
"""


def test_outside_is_unreachable_from_a_container(
    containers: Containers, base_image: str, engine: Engine, tmp_path: Path
) -> None:
    """The host reaches a neighbour that would answer; a container does not."""
    if not engine.own:
        pytest.skip("this engine is not the lab's: how it forwards is its owner's business")
    with _neighbour(tmp_path) as url:
        tried = containers.output(base_image, "curl", "-sS", "-m", "3", url, check=False)
        looked_up = containers.output(base_image, "getent", "hosts", "example.org", check=False)

    assert tried.returncode in {7, 28}, tried.stderr
    assert looked_up.returncode == 2, looked_up.stdout


def test_consul_answers_dig_and_is_gone_when_stopped(consul_binary: Path) -> None:
    service = {"name": "svc1", "port": 8081}
    with ConsulAgent(
        consul_binary, node="node3", advertise="172.20.20.30", config={"services": [service]}
    ) as agent:
        assert _dig(agent, "svc1.service.consul") == "1 1 8081 node3.node.dc1.consul."
        agent.stop()
        assert not agent.running
        assert not agent.ready()
        agent.restart()
        assert _dig(agent, "svc1.service.consul") == "1 1 8081 node3.node.dc1.consul."

    assert not agent.folder.exists()


def test_consul_finds_its_services_again(consul_binary: Path) -> None:
    with ConsulAgent(consul_binary, persistent=True) as agent:
        agent.put("agent/service/register", {"Name": "kept", "Port": 1})
        agent.kill()
        agent.start()

        assert "kept" in agent.get("agent/services")


def test_no_free_port_comes_twice() -> None:
    """Several servers are made before the first of them starts and holds its own."""
    drawn = [port for _ in range(100) for port in free_ports(5)]

    assert len(drawn) == len(set(drawn))


def _svc4(containers: Containers, image: str) -> tuple[int, str]:
    """Start the article's svc4 on a free host port, and wait until it serves."""
    port = free_ports(1)[0]
    svc4 = containers.run(
        image, "svc4", name="svc4", ports=[f"{port}:8080"], env={"SERVICE_NAME": "svc4"}
    )
    assert wait_until(lambda: _answers(f"http://127.0.0.1:{port}/"), timeout=PATIENCE_S)
    return port, svc4


def _get(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as reply:
        text: str = reply.read().decode()
    return text


def _answers(url: str) -> bool:
    try:
        return bool(_get(url))
    except OSError:
        return False


def _dig(agent: ConsulAgent, name: str) -> str:
    host, _, port = agent.dns_address.partition(":")
    asked = run(["dig", f"@{host}", "-p", port, "+short", name, "SRV"], timeout=20)
    return asked.stdout.strip()


# http.server would look its own host name up first, and wait for a DNS that is out of reach.
_SERVER = r"""
import socket
with socket.create_server(("", 8080)) as server:
    while True:
        client = server.accept()[0]
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
        client.close()
"""


@contextmanager
def _neighbour(folder: Path) -> Iterator[str]:
    """Make another host beside this one, in a network namespace, that knows the way back to us."""
    host, near = "seamark-out", _OUTSIDE.replace(".2", ".1")
    log = folder / "neighbour.log"
    network.ip("netns", "add", host)
    server: subprocess.Popen[bytes] | None = None
    try:
        for command in (
            f"link add seamark-out0 type veth peer name eth0 netns {host}",
            f"address add {near}/24 dev seamark-out0",
            "link set seamark-out0 up",
            f"-n {host} address add {_OUTSIDE}/24 dev eth0",
            f"-n {host} link set eth0 up",
            f"-n {host} route add default via {near}",
        ):
            network.ip(*command.split())
        server = spawn(["nsenter", f"--net=/run/netns/{host}", "python3", "-c", _SERVER], log)
        url = f"http://{_OUTSIDE}:8080/"
        assert wait_until(lambda: _answers(url), timeout=PATIENCE_S), log_tail(log)
        yield url
    finally:
        if server is not None:
            end(server, timeout=5)
        network.ip("netns", "delete", host)
