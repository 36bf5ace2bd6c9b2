"""Private addresses in answers about names outside (DNS rebinding)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.edns
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running, run
from tests.dnsproxy.scripted import says, scene
from tests.rules.scripts import errors
from tests.upstream import ScriptedUpstream

BLOCKED = dns.edns.EDECode.BLOCKED
INSIDE = [
    "0.0.0.0",
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "::",
    "::1",
    "fd00::1",
    "fe80::1",
    "::ffff:10.1.2.3",
    "::10.1.2.3",
    "64:ff9b::a01:203",
]
OUTSIDE = ["192.0.2.1", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::ffff:192.0.2.1"]


def of(address: str) -> tuple[str, list[str]]:
    """The type of a record with that address, and the record."""
    qtype = "AAAA" if ":" in address else "A"
    return qtype, [f"www.example. 60 {qtype} {address}"]


@contextmanager
def guarded(known: dict[str, list[str]], **variables: str) -> Iterator[Running]:
    """A proxy that keeps private addresses out, and an upstream that has these."""
    with scene(
        {"web.service.consul": ["web.service.consul. 0 A 10.0.0.1"]},
        known,
        SEAMARK_STOP_REBIND="true",
        **variables,
    ) as running:
        yield running.proxy


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_this_network_is_no_answer_from_outside(address: str):
    """The name has none, and a client of EDNS is told why; from memory, too."""
    qtype, found = of(address)
    with guarded({"www.example": found}) as proxy:
        for _ in range(2):
            reply = ask(proxy.port, "www.example", qtype, edns=1232)
            assert ("NOERROR", set(), [BLOCKED]) == (rcode(reply), records(reply), errors(reply))


@pytest.mark.parametrize("address", OUTSIDE)
def test_any_other_address_is(address: str):
    """Neighbours of the private networks among them."""
    qtype, found = of(address)
    with guarded({"www.example": found}) as proxy:
        assert 1 == len(records(ask(proxy.port, "www.example", qtype)))


def test_of_a_mixed_answer_the_outside_stays():
    """A browser tries all addresses in turn."""
    mixed = ["www.example. 60 A 192.0.2.1", "www.example. 60 A 10.0.0.1"]
    with guarded({"www.example": mixed}) as proxy:
        assert {"A 192.0.2.1"} == records(ask(proxy.port, "www.example"))


def test_a_cname_does_not_lead_around_it():
    """Neither to another name outside, nor into Consul's zone: to a browser both are one site."""
    known = {
        "a.example": ["a.example. 60 CNAME b.example.", "b.example. 60 A 10.0.0.9"],
        "c.example": ["c.example. 60 CNAME web.service.consul."],
    }
    with guarded(known) as proxy:
        for name in known:
            (record,) = records(ask(proxy.port, name))
            assert record.startswith("CNAME ")
        assert {"A 10.0.0.1"} == records(ask(proxy.port, "web.service.consul"))


def test_names_may_be_allowed_to():
    """And those below them, by whole labels; what counts is the name that is asked for."""
    known = {
        name: [f"{name}. 60 A 10.0.0.9"]
        for name in ("vpn.example", "a.vpn.example", "xvpn.example")
    }
    known["d.example"] = ["d.example. 60 CNAME vpn.example.", "vpn.example. 60 A 10.0.0.9"]
    with guarded(known, SEAMARK_REBIND_ALLOWED="VPN.example") as proxy:
        for name in known:
            expected = name in {"vpn.example", "a.vpn.example"}
            assert expected == ("A 10.0.0.9" in records(ask(proxy.port, name)))


def test_what_is_of_this_network_may_say_so(tmp_path: Path):
    """Zones of one's own, hosts entries and Consul."""
    with ScriptedUpstream(says({"a.corp.example": ["a.corp.example. 60 A 10.0.0.9"]})) as corp:
        (tmp_path / "seamark.toml").write_text(
            f"""
            [dns]
            stop_rebind = true
            hosts = ["10.0.0.8 printer.example"]
            upstream = ["127.0.0.1:9"]
            consul_dns = "127.0.0.1:9"
            [[dns.zone]]
            name = "corp.example"
            upstream = ["{corp.address}"]
            """
        )
        flags = ["--config", str(tmp_path / "seamark.toml"), "--listen", "127.0.0.1:0"]
        with Running("dnsproxy", *flags, "--http", "off") as proxy:
            assert {"A 10.0.0.9"} == records(ask(proxy.port, "a.corp.example"))
            assert {"A 10.0.0.8"} == records(ask(proxy.port, "printer.example"))


def test_by_default_nothing_is_kept_out():
    """Upstreams of companies give private addresses on purpose."""
    with scene({}, {"www.example": ["www.example. 60 A 10.0.0.1"]}) as running:
        assert {"A 10.0.0.1"} == records(ask(running.port, "www.example"))


def test_it_is_told_once_a_name_and_of_some_names_only():
    """Whoever may ask must not fill the log."""
    known = {f"n{n}.example": [f"n{n}.example. 60 A 10.0.0.1"] for n in range(30)}
    with guarded(known) as proxy:
        for _ in range(2):
            for name in known:
                ask(proxy.port, name)
        lines = [line for line in proxy.log.splitlines() if "dns.rebind_allowed" in line]
        assert 1 == sum("n0.example." in line for line in lines)
        assert 1 < len(lines) <= 10


def test_names_that_are_allowed_for_nothing_are_a_mistake(tmp_path: Path):
    """Somebody believes to be guarded."""
    (tmp_path / "seamark.toml").write_text('[dns]\nrebind_allowed = ["corp.example"]')
    done = run("dnsproxy", "--listen", "127.0.0.1:5399", "--http", "off", cwd=tmp_path)
    assert 2 == done.returncode
    assert "error: dns.rebind_allowed: names are given" in done.stderr
    assert "stop_rebind = true" in done.stderr
