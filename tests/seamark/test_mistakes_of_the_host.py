"""More ways to get it wrong, whose cause is something on the host: the fix is named too."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import ask, rcode
from tests.commands import ROOT, Running, run
from tests.seamark.mistakes.agent import DENIED, NOT_TLS, UNKNOWN_TOKEN, agent_that_says
from tests.seamark.mistakes.mistake import as_nobody, well_said
from tests.small_engine import SmallEngine
from tests.waits import PATIENCE_S, Waits

HOLDER = """
import socket
kinds = socket.SOCK_DGRAM, socket.SOCK_STREAM
held = [socket.socket(socket.AF_INET, kind) for kind in kinds]
held[0].bind(("127.0.0.1", 0))
held[1].bind(held[0].getsockname())
held[1].listen()
print(held[0].getsockname()[1], flush=True)
input()
"""
UP = ["up", "--docker", "unix:///nowhere.sock"]


@pytest.fixture
def holder() -> Iterator[tuple[int, int]]:
    """The pid of another program, and the port that it holds."""
    words = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        yield other.pid, int(other.stdout.readline())
        other.communicate("\n")


def failed(*args: str, token: str = "") -> str:
    """What a command says that the host does not let do its work."""
    done = run("seamark", *args, CONSUL_HTTP_TOKEN=token)
    assert done.returncode == 1, done
    well_said(done)
    return done.stdout + done.stderr


def test_the_port_is_held(holder: tuple[int, int]):
    """By whom, and what can be done; `seamark check` says the same before."""
    pid, port = holder
    where = f"127.0.0.1:{port}"
    said = failed(*UP, "--listen", where, "--http", "off")
    assert f"(pid {pid}); stop it, or choose another with --listen" in said
    found = failed(
        "check", *UP[1:], "--listen", where, "--http", "off", "--upstream", "127.0.0.1:9"
    )
    for protocol in ("udp", "tcp"):
        assert f"fail  ports      {where} ({protocol}): the port is taken, held by python" in found
    assert f"(pid {pid})\n      hint: stop it, or choose another with --listen" in found


def test_the_address_of_the_status_side_is_held(holder: tuple[int, int]):
    """The way out is --http."""
    said = failed(*UP, "--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{holder[1]}")
    assert "hint: choose another with `--http ADDR:PORT`, or `--http off`" in said


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Not below pytest's own: each run of pytest closes that to everybody else."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_no_permission_on_the_engines_socket(open_folder: Path):
    """The group that may is named."""
    path = open_folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        path.chmod(0o660 if os.geteuid() == 0 else 0)
        docker = ("--docker", f"unix://{path}")
        fix = "run as root, or as a member of the group root (docker run --group-add 0)"
        assert fix in as_nobody("seamark", "plan", *docker)
        checked = as_nobody("seamark", "check", *docker, "--listen", "127.0.0.1:0", *QUIET)
        assert f"hint: {fix}" in checked


QUIET = ["--http", "off", "--upstream", "127.0.0.1:9"]


def test_a_port_below_1024_without_the_right_to_it():
    """The number from which on everybody may is named by the check."""
    limit = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip()
    port = int(limit) - 1
    if port <= 0:
        pytest.fail("everybody may bind every port of this host")
    where = ["--listen", f"127.0.0.1:{port}", *QUIET, "--docker", "unix:///nowhere.sock"]
    fix = "run as root, give the service CAP_NET_BIND_SERVICE, or choose a port above with --listen"
    assert fix in as_nobody("seamark", "up", *where)
    checked = as_nobody("seamark", "check", *where)
    assert f"{fix}, or set sysctl net.ipv4.ip_unprivileged_port_start, which is {limit}" in checked


def test_a_file_that_may_not_be_read(open_folder: Path):
    """Settings and services are read as who starts it."""
    file = open_folder / "secret"
    file.write_text("")
    file.chmod(0 if os.geteuid() else 0o600)
    said = as_nobody("seamark", "up", "--services", str(file))
    assert f"services: {file} cannot be read: Permission denied" in said
    assert "hint: name a file that may be read" in said
    assert "Permission denied\nhint: name a file" in as_nobody(
        "seamark", "up", "--config", str(file)
    )


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (NOT_TLS, "write consul-tls:// instead of consul://"),
        (
            UNKNOWN_TOKEN,
            "it does not know the token (CONSUL_HTTP_TOKEN): give it one that is valid",
        ),
        (DENIED, 'the token (CONSUL_HTTP_TOKEN) needs service_prefix "" { policy = "read" }'),
    ],
)
def test_consul_says_no(engine_without_containers: SmallEngine, answer: tuple[int, str], fix: str):
    """Behind TLS, and asked in plain text; a token that has expired, and one without rights."""
    docker = ("--docker", f"unix://{engine_without_containers.path}")
    with agent_that_says(*answer) as where:
        assert fix in failed("plan", *docker, f"consul://{where}", token="x")


def test_consul_is_asked_over_tls_where_it_speaks_none(engine_without_containers: SmallEngine):
    """The other way round."""
    docker = ("--docker", f"unix://{engine_without_containers.path}")
    with agent_that_says(200, "{}") as where:
        said = failed("plan", *docker, f"consul-tls://{where}")
    assert "that port does not speak TLS: write consul:// and its HTTP port" in said


def test_a_dns_proxy_without_a_consul(waits: Waits):
    """Its log says whom it asks in vain, and what to do."""
    flags = ["--listen", "127.0.0.1:0", "--consul-dns", "127.0.0.1:9", *QUIET]
    with Running("dnsproxy", *flags) as proxy:
        assert rcode(ask(proxy.port, "web.service.consul")) == "SERVFAIL"
        fix = "start the Consul agent there, or name its DNS with --consul-dns"
        waits.until("told", lambda: fix in proxy.log, PATIENCE_S)
        explained = run("seamark", "query", "--server", f"127.0.0.1:{proxy.port}", "web.consul")
        assert "consul.: 127.0.0.1:9: Connection refused" in explained.stdout


def test_a_python_that_is_too_old(tmp_path: Path):
    """`make setup` names the one to take; the venv is not made."""
    python = tmp_path / "python3.9"
    # All that is asked of it is whether it is as new as needed.
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    words = ["make", "--file", str(ROOT / "Makefile"), ".venv", f"PYTHON={python}"]
    done = subprocess.run(words, capture_output=True, check=False, cwd=tmp_path, text=True)
    assert done.returncode == 2
    assert "is older than 3.11; hint: make PYTHON=/path/to/python3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()
