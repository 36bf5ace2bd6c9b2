"""The units and the pages about systemd, on a host that a real systemd has booted."""

import re
from collections.abc import Iterator

import pytest

from tests.commands import ROOT
from tests.lab.engine import Engine
from tests.lab.fixtures import or_fail
from tests.lab.machine import Machine, machine_image
from tests.pages import blocks, lines
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

UNDER = (ROOT / "docs/how-to/run-under-systemd.md").read_text()
BESIDE = (ROOT / "docs/how-to/beside-systemd-resolved.md").read_text()
SERVICE, SOCKET = "seamark.service", "seamark.socket"
# Of ten: what systemd itself says of the unit.
EXPOSURE = 1.5
SETTINGS = """
[catalog]
services = "/etc/seamark/services.json"
[registrar]
docker = "unix:///nobody.sock"
"""


BUILD, INSTALL, EDIT, HELD = (block.splitlines() for block in blocks(UNDER, "sh"))


@pytest.fixture(scope="module")
def image(engine: Engine) -> str:
    """What the machines are booted from."""
    with or_fail():
        return machine_image(engine)


@pytest.fixture
def machine(engine: Engine, image: str) -> Iterator[Machine]:
    """Installed as the page says, with three static services; not started."""
    with or_fail(), Machine(engine, image) as booted:
        booted.run("groupadd --system docker", check=True)
        booted.run(BUILD[-1], check=True)
        booted.write("/etc/seamark/seamark.toml", SETTINGS)
        booted.write("/etc/seamark/services.json", (ROOT / "conf/services.json").read_text())
        for line in INSTALL[:3]:
            booted.run(line, check=True)
        yield booted


def show(machine: Machine, what: str) -> str:
    """A property of the service."""
    return machine.run(f"systemctl show --value --property {what} {SERVICE}").strip()


def dig(machine: Machine, *words: str) -> list[str]:
    """The lines that it prints."""
    return machine.run(f"dig +short +tries=1 +time=2 {' '.join(words)}").splitlines()


def test_no_command_of_the_pages_goes_untested() -> None:
    """What is built is installed by tests/seamark/test_wheel.py."""
    assert ["make wheel", "python3 -m venv /opt/seamark"] == BUILD[:2]
    assert "/opt/seamark/bin/pip install -c constraints.txt dist/seamark-*.whl" == BUILD[2]
    assert ["ln -s /opt/seamark/bin/seamark /usr/local/bin/seamark"] == BUILD[3:]
    assert 5 == len(INSTALL)
    assert ["systemctl edit seamark.service"] == EDIT
    assert 3 == len(HELD)


def test_systemd_finds_nothing_wrong_with_the_units(machine: Machine) -> None:
    """And hardly anything that could be taken away."""
    assert "" == machine.run(f"systemd-analyze verify {SERVICE} {SOCKET}", check=True)
    said = machine.run(f"systemd-analyze security --no-pager {SERVICE}", check=True)
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert float(exposure) <= EXPOSURE
    assert f"gives {exposure} of 10" in UNDER


def test_the_service_starts_when_it_answers_and_ends_well(machine: Machine, waits: Waits) -> None:
    """As a user of its own, with the right to bind low ports and no other; reload is told."""
    for line in INSTALL[3:]:
        machine.run(line, check=True)
    # That `start` is back says that it answers.
    assert ["1 1 8081 host1.node.dc1.consul."] == dig(
        machine, "@127.0.0.1", "svc1.service.consul SRV"
    )
    assert "active" == show(machine, "ActiveState")
    assert "consul. -> the embedded catalog" in show(machine, "StatusText")
    status = machine.run(f"cat /proc/{show(machine, 'MainPID')}/status")
    user = machine.run("id -u seamark").strip()
    assert user == re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0]
    assert ["0000000000000400"] == re.findall(r"^CapEff:\s+(\w+)", status, re.MULTILINE)
    machine.write("/etc/seamark/services.json", '{"services": [{"name": "new", "port": 9}]}')
    machine.run(f"systemctl reload {SERVICE}", check=True)
    srv = ("@127.0.0.1", "new.service.consul SRV")
    waits.until("reloaded", lambda: dig(machine, *srv) == ["1 1 9 host1.node.dc1.consul."])
    machine.run(f"systemctl stop {SERVICE}", check=True)
    assert ("inactive", "success") == (show(machine, "ActiveState"), show(machine, "Result"))
    log = machine.run("journalctl --no-pager --unit seamark")
    assert "Traceback" not in log
    assert "Operation not permitted" not in log


def test_a_service_that_hangs_is_started_again(machine: Machine, waits: Waits) -> None:
    """The watchdog, in two seconds rather than thirty."""
    machine.run(f"systemctl start {SERVICE}", check=True)
    assert "30s" == show(machine, "WatchdogUSec")
    machine.write(f"/etc/systemd/system/{SERVICE}.d/soon.conf", "[Service]\nWatchdogSec=2\n")
    machine.run(f"systemctl daemon-reload; systemctl restart {SERVICE}", check=True)
    first = show(machine, "MainPID")
    machine.run(f"sh -c 'kill -STOP {first}'", check=True)

    def is_new() -> bool:
        return (
            show(machine, "MainPID") not in {first, "0"} and show(machine, "SubState") == "running"
        )

    waits.until("started again", is_new, PATIENCE_S)
    assert ["1 1 8081 host1.node.dc1.consul."] == dig(
        machine, "@127.0.0.1", "svc1.service.consul SRV"
    )


def test_a_port_that_systemd_holds_is_never_closed(machine: Machine) -> None:
    """Queries during a restart wait for it. systemd-resolved has to make room for that."""
    machine.run("systemctl stop systemd-resolved", check=True)
    machine.run(f"systemctl start {SERVICE}", check=True)
    for line in HELD:
        machine.run(line, check=True)
    ask = "dig +short +tries=1 +time=10 @127.0.0.1 svc1.service.consul SRV"
    asking = f"for n in 1 2 3 4 5 6 7 8; do {ask} & done"
    said = machine.run(f"systemctl restart {SERVICE} & {asking}; wait", check=True)
    assert ["1 1 8081 host1.node.dc1.consul."] * 8 == said.splitlines()


def test_a_service_that_cannot_start_fails(machine: Machine) -> None:
    """With the reason in the journal, and not again and again."""
    machine.write("/etc/seamark/seamark.toml", '[dns]\nlisten = ["nowhere"]\n')
    said = machine.run(f"systemctl start {SERVICE}; echo code $?")
    assert "code 1" in said
    log = machine.run("journalctl --no-pager --unit seamark")
    assert ("failed", "0") == (show(machine, "ActiveState"), show(machine, "NRestarts"))
    assert "error: listen: `nowhere` does not start with an IP address" in log


def test_why_the_unit_checks_nothing_before_the_start(machine: Machine, waits: Waits) -> None:
    """What RestartPreventExitStatus= says of the service it does not say of ExecStartPre=."""
    machine.write("/etc/seamark/seamark.toml", '[dns]\nlisten = ["nowhere"]\n')
    checking = "[Service]\nExecStartPre=/usr/local/bin/seamark check --offline\n"
    machine.write(f"/etc/systemd/system/{SERVICE}.d/check.conf", checking)
    machine.run(f"systemctl daemon-reload; systemctl start {SERVICE}")
    waits.until("again", lambda: int(show(machine, "NRestarts")) > 1, PATIENCE_S)
    log = machine.run("journalctl --no-pager --unit seamark")
    assert "seamark.toml: dns.listen: `nowhere` does not start with an IP address" in log


def test_systemd_resolved_asks_for_consuls_names_alone(machine: Machine, waits: Waits) -> None:
    """With the drop-in of its page; 127.0.0.53 stays its own, and nothing goes round."""
    (drop_in,) = blocks(BESIDE, "ini")
    restart, query, ask = lines(BESIDE, "sh")
    machine.run(f"systemctl start {SERVICE}", check=True)
    assert [] == dig(machine, "@127.0.0.53", "svc1.service.consul SRV")
    (path,) = re.findall(r"As `(/etc/systemd/resolved.conf.d/\S+)`:", BESIDE)
    machine.write(path, drop_in)
    machine.run(restart, check=True)
    waits.until("resolvectl", lambda: "svc1.service.consul: " in machine.run(query), PATIENCE_S)
    assert " 1 1 8081 host1.node.dc1.consul." in " ".join(machine.run(ask).split())
    # It has no server of its own here, and did not take ours for one.
    assert "SERVFAIL" in machine.run("dig @127.0.0.53 debian.org")
    machine.run(f"systemctl restart {SERVICE}", check=True)
    assert "all else -> 127.0.0.1" not in machine.run("journalctl --no-pager --unit seamark")
