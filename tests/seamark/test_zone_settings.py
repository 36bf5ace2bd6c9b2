"""Zones in the settings: which server is asked for what, and what is refused before any bind."""

from pathlib import Path

import pytest

from tests.asking import ask, records
from tests.commands import Running, run
from tests.dnsproxy.scripted import asked, says
from tests.upstream import ScriptedUpstream

ZONE = '[[dns.zone]]\nname = "corp.example"\nupstream = ["127.0.0.1:5301"]\n'

REFUSED = [
    (ZONE + ZONE, "dns.zone[1]: `corp.example.` is a zone already", "name each zone once"),
    (
        ZONE + ZONE.replace("corp", "CORP"),
        "dns.zone[1]: `CORP.example.` is a zone already",
        "name each zone once",
    ),
    (
        ZONE.replace("corp.example", "consul"),
        "dns.zone[0]: `consul.` is a zone already",
        "name each zone once",
    ),
    (
        '[dns]\nalt_domain = "consul."',
        "dns.alt_domain: `consul.` is a zone already",
        "name each zone once",
    ),
    (
        ZONE.replace("5301", "5399"),
        "dns.zone[0].upstream: 127.0.0.1:5399 is ourselves",
        "name another server",
    ),
    (
        ZONE.replace('name = "corp.example"', 'cidr = "10.0.0.1/8"'),
        "dns.zone[0].cidr: `10.0.0.1/8` is no network",
        "write networks as `10.20.0.0/16`",
    ),
    (
        ZONE.replace('name = "corp.example"', 'cidr = "0.0.0.0/0"'),
        "dns.zone[0].cidr: ",
        "name a smaller network",
    ),
    (
        ZONE + 'cidr = "10.0.0.0/8"',
        "dns.zone[0]: a zone has either a name or a cidr",
        'write `name = "corp.example"`',
    ),
    (
        '[[dns.zone]]\nname = "corp.example"',
        "dns.zone[0].upstream: nobody to ask for corp.example.",
        'write `upstream = ["10.0.0.2"]`',
    ),
    (
        ZONE + 'clients = ["10.0.0.0/8"]\n' + ZONE + 'clients = ["10.1.0.0/16"]',
        "dns.zone[1].clients: for some of them `corp.example.` is a zone already",
        "name each client in one of the zones",
    ),
    (
        ZONE + 'clients = ["10.1.2.3/8"]',
        "dns.zone[0].clients: `10.1.2.3/8` is no network",
        "write networks as `10.20.0.0/16`",
    ),
    (ZONE.replace("corp.", "corp.."), "dns.zone[0].name: ", "write it as `corp.example`"),
    (ZONE + 'upstreams = ["x"]', "dns.zone[0].upstreams: unknown key", "did you mean `upstream`?"),
    (
        ZONE + "min_ttl_s = 60\nmax_ttl_s = 30",
        "dns.zone[0].min_ttl_s: 60 is more than max_ttl_s, 30",
        "lower the one or raise the other",
    ),
    (
        '[dns]\nconsul_http = "ftp://127.0.0.1"',
        "dns.consul_http: `ftp://127.0.0.1`: unknown scheme",
        "write `HOST:8500`",
    ),
    ("[dns]\nedns_size = 9000", "dns.edns_size: expected `int` <= 4096", ""),
    ('[dns]\ndatacenters = ["a.b"]', "dns.datacenters: `a.b` is no datacenter's name", "`dc2`"),
    (
        '[dns]\ndelegated = ["corp.example"]',
        "dns.delegated: `corp.example.` is not below consul.",
        "name what the other server forwards, as `service.consul`",
    ),
    (
        '[dns]\ndelegated = ["service.consul", "Consul"]',
        "dns.delegated: `consul.` is not below consul.",
        "for the whole domain nothing is needed",
    ),
    (
        '[dns]\nalt_domain = "x.consul"\ndelegated = ["x.consul"]',
        "dns.delegated: `x.consul.` is not below consul. or x.consul.",
        "for the whole domain nothing is needed",
    ),
    (
        '[dns]\ndomain = "corp"\nalt_domain = "int.example"\ndelegated = ["service.consul"]',
        "dns.delegated: `service.consul.` is not below corp. or int.example.",
        "name what the other server forwards",
    ),
    ('[dns]\ndelegated = ["a..consul"]', "dns.delegated: `a..consul` has a label", "write it as"),
    ('[dns]\nconsul_reverse = ["10.0.0.0"]\nupstream = ["x"]', "upstream: `x` does not", "ADDR"),
]


@pytest.mark.parametrize(("text", "problem", "hint"), REFUSED)
def test_settings_that_cannot_work_are_refused_with_path_and_hint(
    tmp_path: Path, text: str, problem: str, hint: str
):
    """Exit 2 before anything is bound; one line says what, one what to do."""
    (tmp_path / "seamark.toml").write_text(text)
    done = run("dnsproxy", "--listen", "127.0.0.1:5399", "--http", "off", cwd=tmp_path)
    assert 2 == done.returncode
    assert f"error: seamark.toml: {problem}" in done.stderr or f"error: {problem}" in done.stderr
    assert hint in done.stderr
    assert "DNS on" not in done.stderr
    assert "Traceback" not in done.stderr


def test_each_name_is_asked_where_its_longest_zone_says(tmp_path: Path):
    """By whole labels, and reverse names by network."""
    everything = {
        "a.corp.example": ["a.corp.example. 60 A 192.0.2.1"],
        "a.lab.corp.example": ["a.lab.corp.example. 60 A 192.0.2.2"],
        "acorp.example": ["acorp.example. 60 A 192.0.2.3"],
        "7.1.21.10.in-addr.arpa": ["7.1.21.10.in-addr.arpa. 60 PTR a.corp.example."],
    }
    with (
        ScriptedUpstream(says(everything)) as root,
        ScriptedUpstream(says(everything)) as corp,
        ScriptedUpstream(says(everything)) as lab,
    ):
        (tmp_path / "seamark.toml").write_text(
            f"""
            [dns]
            upstream = ["{root.address}"]
            [[dns.zone]]
            name = "Corp.example."
            upstream = ["{corp.address}"]
            [[dns.zone]]
            name = "lab.corp.example"
            upstream = ["{lab.address}"]
            max_ttl_s = 7
            [[dns.zone]]
            cidr = "10.20.0.0/15"
            upstream = ["{corp.address}"]
            """
        )
        config = tmp_path / "seamark.toml"
        flags = ["--config", str(config), "--listen", "127.0.0.1:0", "--http", "off"]
        with Running("dnsproxy", *flags) as proxy:
            assert {"A 192.0.2.1"} == records(ask(proxy.port, "A.CORP.example"))
            assert [7] == [r.ttl for r in ask(proxy.port, "a.lab.corp.example").answer]
            assert {"A 192.0.2.3"} == records(ask(proxy.port, "acorp.example"))
            pointer = ask(proxy.port, "7.1.21.10.in-addr.arpa", "PTR")
            assert {"PTR a.corp.example."} == records(pointer)
        assert ["A.CORP.example. A", "7.1.21.10.in-addr.arpa. PTR"] == asked(corp)
        assert ["a.lab.corp.example. A"] == asked(lab)
        assert ["acorp.example. A"] == asked(root)
