"""What a service manager does with the process and hears of it; who it is; what /health says."""

import contextlib
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from dnsproxy.core.endpoint import Endpoint
from seamark.pulse import Pulse
from seamark.sd_notify import Notifier
from seamark.status.parts import Parts
from seamark.status.sampling import Sampler
from seamark.status.server import StatusServer
from seamark.status.site import Told
from tests.asking import addresses, ask, records
from tests.commands import ROOT, Running, command_line, environment, status
from tests.upstream import one_port_for_both
from tests.waits import PATIENCE_S, Waits

FLAGS = ("--http", "off", "--upstream", "127.0.0.1:9", "--consul-dns", "127.0.0.1:9")
HERE = ("--listen", "127.0.0.1:0")


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The name of a notify socket, and the manager's end of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        if request.param == "path":
            name = str(tmp_path / "notify")
            sock.bind(name)
        else:
            name = f"@seamark-test-{os.getpid()}-{time.monotonic_ns()}"
            sock.bind("\0" + name[1:])
        yield name, sock


def heard(sock: socket.socket, what: str) -> dict[str, str]:
    """The next message that has this line; others are passed over."""
    while True:
        lines = dict(line.split("=", 1) for line in sock.recv(4096).decode().splitlines())
        if what in lines:
            return lines


def test_the_service_manager_hears_of_every_turn(manager, tmp_path: Path):
    """Ready when it answers, reloading and ready again, alive meanwhile, stopping."""
    name, sock = manager
    file = tmp_path / "s.toml"
    file.write_text("")
    variables = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"}
    with Running("dnsproxy", *HERE, *FLAGS, "--config", str(file), **variables) as proxy:
        ready = heard(sock, "READY")
        assert "1" == ready["READY"]
        assert "consul. -> 127.0.0.1:9" in ready["STATUS"]
        assert {"127.0.0.1"} == addresses(proxy.port, "localhost")
        assert "1" == heard(sock, "WATCHDOG")["WATCHDOG"]
        proxy.send(signal.SIGHUP)
        assert 0 < int(heard(sock, "RELOADING")["MONOTONIC_USEC"]) <= time.monotonic() * 1_000_000
        assert "1" == heard(sock, "READY")["READY"]
        proxy.send(signal.SIGTERM)
        assert "1" == heard(sock, "STOPPING")["STOPPING"]


# What systemd does between fork and exec: sockets from 3 on, and the variables that tell of them.
_PASS = """
import os, sys
fds, names, *words = sys.argv[1:]
fds = [int(fd) for fd in fds.split(",")]
high = [os.dup2(fd, 100 + number) for number, fd in enumerate(fds)]
for number, fd in enumerate(high):
    os.dup2(fd, 3 + number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": names}
os.execv(words[0], words)
"""


@contextlib.contextmanager
def handed(sockets: dict[str, socket.socket], *flags: str) -> Iterator[subprocess.Popen[str]]:
    """A proxy that is started with these sockets, by name."""
    fds = ",".join(str(sock.fileno()) for sock in sockets.values())
    words = [sys.executable, "-c", _PASS, fds, ":".join(sockets)]
    process = subprocess.Popen(
        [*words, *command_line("dnsproxy", *FLAGS, *flags)],
        cwd=ROOT,
        env=environment(),
        pass_fds=[sock.fileno() for sock in sockets.values()],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_sockets_that_are_handed_over_are_answered_on():
    """Queries that came before the process did are answered, and nothing else is bound."""
    udp, tcp = one_port_for_both()
    port = tcp.getsockname()[1]
    with udp, tcp, handed({"dns": udp, "dns-tcp": tcp}) as process:
        # They wait for as long as a busy host takes to start it.
        for tcp_too in (False, True):
            reply = ask(port, "localhost", tcp=tcp_too, timeout=PATIENCE_S)
            assert {"A 127.0.0.1"} == records(reply)
        bound = subprocess.run(["ss", "-Hlnup"], capture_output=True, text=True, check=True).stdout
        own = [line for line in bound.splitlines() if f"pid={process.pid}," in line]
        assert 1 == len(own)
        assert f"127.0.0.1:{port}" in own[0]


def test_a_socket_that_nobody_listens_on_is_an_error():
    """It would be open, and never read."""
    udp, tcp = one_port_for_both()
    with udp, tcp, handed({"dns": udp}, "--listen", "127.0.0.1:5399") as process:
        _, said = process.communicate(timeout=PATIENCE_S)
    assert 2 == process.returncode
    assert "the socket handed to us as dns (udp 127.0.0.1:" in said
    assert "is on none of 127.0.0.1:5399" in said


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody may look into."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_root_becomes_who_is_named_once_all_is_bound(open_folder: Path, waits: Waits):
    """Its groups, no power but to bind, and no way back; new addresses below 1024 still come."""
    nobody = pwd.getpwnam("nobody")
    file = open_folder / "s.toml"
    file.write_text('user = "nobody"\n[dns]\nlisten = ["127.0.0.1:0"]\n')
    file.chmod(0o644)
    with Running("dnsproxy", *FLAGS, "--config", str(file)) as proxy:
        found = status(proxy.pid)
        assert [str(nobody.pw_uid)] * 4 == found["Uid"].split()
        assert [str(nobody.pw_gid)] * 4 == found["Gid"].split()
        groups = os.getgrouplist("nobody", nobody.pw_gid)
        assert {str(group) for group in groups} == set(found["Groups"].split())
        assert 0x400 == int(found["CapEff"], 16) == int(found["CapPrm"], 16)
        assert "1" == found["NoNewPrivs"]
        assert {"127.0.0.1"} == addresses(proxy.port, "localhost")
        file.write_text('user = "nobody"\n[dns]\nlisten = ["127.0.0.88:853"]\n')
        proxy.send(signal.SIGHUP)
        waits.until("reloaded", lambda: "reloaded (" in proxy.log, PATIENCE_S)
        assert {"127.0.0.1"} == addresses(853, "localhost", "127.0.0.88")


def test_who_is_not_there_is_an_error():
    """Before anything is bound."""
    proxy = subprocess.run(
        command_line("dnsproxy", *HERE, *FLAGS, "--user", "no-such-user"),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert 2 == proxy.returncode
    assert "user: there is no `no-such-user` on this host" in proxy.stderr


def test_a_file_that_the_user_cannot_read_is_named(tmp_path: Path):
    """At the start, not when it is needed."""
    secret = tmp_path / "hosts"
    secret.write_text("10.0.0.9 printer.lan\n")
    secret.chmod(0o600)
    with Running(
        "dnsproxy", *HERE, *FLAGS, "--user", "nobody", SEAMARK_HOSTS_FILES=str(secret)
    ) as proxy:
        assert f"nobody: {secret} cannot be read as the user that we are now" in proxy.log


def test_health_fails_when_a_part_has_ended_though_nobody_ended_it(manager, monkeypatch):
    """503 with its name, said once, and no more signs of life to the manager."""
    name, sock = manager
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "200000"})
    part = gevent.spawn(gevent.sleep, 1000)
    pulse = Pulse(lambda: {"a part": not part.ready(), "another": True}, notifier)
    server = StatusServer(
        Endpoint("127.0.0.1", 0), Told(Parts(Sampler(None, dict), dict, pulse.dead))
    )
    server.start()
    pulse.start()
    try:
        assert (200, []) == health(server.port)
        assert "1" == aside(lambda: heard(sock, "WATCHDOG"))["WATCHDOG"]
        part.kill()
        assert (503, ["a part"]) == health(server.port)
        assert "failing: a part" == aside(lambda: heard(sock, "STATUS"))["STATUS"]
        sock.settimeout(0)
        gevent.sleep(0.5)
        with pytest.raises(BlockingIOError):
            sock.recv(4096)
    finally:
        pulse.stop()
        server.stop()
        notifier.close()


def aside(task):
    """Have a thread do what waits, while the loop turns."""
    return gevent.get_hub().threadpool.apply(task)


def health(port: int) -> tuple[int, list[str]]:
    """The status of /health, and what is dead."""

    def look() -> tuple[int, list[str]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
                return answer.status, json.loads(answer.read()).get("dead", [])
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())["dead"]

    found: tuple[int, list[str]] = aside(look)
    return found
