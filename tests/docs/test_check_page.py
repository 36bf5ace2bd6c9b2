"""The page on `seamark check`: its transcripts are what is printed, its tables what there is."""

import re
import socket
from pathlib import Path

from seamark.checks import consul, engine, host, ports, settings, upstreams
from seamark.checks.findings import State
from tests.commands import ROOT, run
from tests.lab.consul import free_ports
from tests.pages import blocks, lines
from tests.small_engine import SmallEngine

PAGE = (ROOT / "docs/how-to/check-an-installation.md").read_text()
OFFLINE, ONLINE = blocks(PAGE, "console")


def rows(title: str) -> list[str]:
    """The first column of the table with that title."""
    (_, _, table) = PAGE.partition(f"| {title} |")
    return re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)


def steps(block: str) -> list[tuple[str, str]]:
    """(command, what it prints)."""
    parts = block.split("$ ")[1:]
    return [(command, said) for command, _, said in (part.partition("\n") for part in parts)]


def test_the_settings_of_the_page_are_told_as_there(tmp_path: Path):
    """All of it, on both streams, and the exit code."""
    (_, written), (command, printed), (_, code) = steps(OFFLINE)
    (tmp_path / "seamark.toml").write_text(written)
    program, *words = command.split()
    done = run(program, *words, cwd=tmp_path)
    assert printed.splitlines() == [*done.stdout.splitlines(), done.stderr.splitlines()[-1]]
    assert int(code) == done.returncode


def test_what_is_around_them_is_told_as_there(engine_without_containers: SmallEngine):
    """With a port of this host in the place of 53, and what holds it in that of dnsmasq."""
    engine_without_containers.answers["version"] = {"ApiVersion": "1.45", "Version": "20.10.24"}
    ((command, printed),) = steps(ONLINE)
    port, status, agent, upstream = free_ports(4)
    here = {
        "0.0.0.0:53 ": f"0.0.0.0:{port} ",
        "127.0.0.1:8053": f"127.0.0.1:{status}",
        "127.0.0.1:8500": f"127.0.0.1:{agent}",
        "127.0.0.1:5353": f"127.0.0.1:{upstream}",
        "/var/run/docker.sock": str(engine_without_containers.path),
    }
    for there, ours in here.items():
        command, printed = command.replace(there, ours), printed.replace(there, ours)
    program, *words = command.split()
    words += ["--listen", f"0.0.0.0:{port}", "--http", f"127.0.0.1:{status}"]
    docker = f"unix://{engine_without_containers.path}"
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.create_server(("0.0.0.0", port)),
    ):
        udp.bind(("0.0.0.0", port))
        done = run(program, *words, DOCKER_HOST=docker)
    assert 1 == done.returncode
    shown = re.sub(r"held by \S+ \(pid \d+\)", "held by dnsmasq (pid 431)", done.stdout)
    told = shown.splitlines()
    at = next(number for number, line in enumerate(told) if re.match(r"\w+ +host ", line))
    assert printed.splitlines() == told[:at]


def test_the_tables_have_every_part_and_state():
    """In the order in which they are told."""
    parts = [part.PART for part in (settings, ports, engine, consul, upstreams, host)]
    assert parts == rows("part")
    assert list(State) == rows("state")


def test_the_command_for_programs(tmp_path: Path):
    """As it stands there."""
    (line,) = lines(PAGE, "sh")
    program, *words = line.split()
    done = run(program, *words, cwd=tmp_path)
    assert 0 == done.returncode
    assert all(f'"{key}"' in done.stdout for key in re.findall(r"`(\w+)`", _keys()))


def _keys() -> str:
    (told,) = re.findall(r"objects with (.*):$", PAGE, re.MULTILINE)
    return str(told)


def test_what_the_page_says_of_the_unit():
    """It has no ExecStartPre, and heeds the code of the main process."""
    unit = (ROOT / "conf/systemd/seamark.service").read_text()
    assert "ExecStartPre" not in unit
    assert "RestartPreventExitStatus=2" in unit
