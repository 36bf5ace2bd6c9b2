"""Names that never leave: hosts entries, special names, private reverse zones."""

from pathlib import Path

import pytest

from tests.asking import ask, rcode, records
from tests.dnsproxy.scripted import asked, scene

PRIVATE = "9.8.168.192.in-addr.arpa"


@pytest.mark.parametrize(
    ("name", "qtype", "code", "found"),
    [
        ("localhost", "A", "NOERROR", {"A 127.0.0.1"}),
        ("x.LocalHost", "AAAA", "NOERROR", {"AAAA ::1"}),
        ("1.0.0.127.in-addr.arpa", "PTR", "NOERROR", {"PTR localhost."}),
        ("a.invalid", "A", "NXDOMAIN", set()),
        ("a.onion", "A", "NXDOMAIN", set()),
        ("printer.local", "A", "NXDOMAIN", set()),
        (PRIVATE, "PTR", "NXDOMAIN", set()),
        ("1.100.64.100.in-addr.arpa", "PTR", "NXDOMAIN", set()),
    ],
)
def test_special_names_are_answered_here(name, qtype, code, found):
    """RFC 6761, RFC 6303: with an SOA, so that a denial is remembered; nothing of it leaks."""
    with scene({}) as running:
        reply = ask(running.port, name, qtype)
        assert code == rcode(reply)
        assert found == records(reply)
        assert bool(reply.authority) != bool(found)
        assert [] == asked(running.upstream)


def test_special_names_may_be_left_to_the_upstreams():
    """Who has a server for .local that speaks DNS says so."""
    local = {"printer.local": ["printer.local. 60 A 192.0.2.1"]}
    with scene({}, local, SEAMARK_SPECIAL="false") as running:
        assert {"A 192.0.2.1"} == records(ask(running.port, "printer.local"))


def test_a_zone_that_was_configured_stands_before_the_rule(tmp_path: Path):
    """RFC 6303 3: where somebody serves the private reverse names, they are asked."""
    pointer = {PRIVATE: [f"{PRIVATE}. 60 PTR printer.corp."]}
    with scene({}, pointer) as outer:
        file = tmp_path / "seamark.toml"
        file.write_text(
            f'[[dns.zone]]\ncidr = "192.168.0.0/16"\nupstream = ["{outer.upstream.address}"]\n'
        )
        with scene({}, {}, "--config", str(file)) as running:
            assert {"PTR printer.corp."} == records(ask(running.port, PRIVATE, "PTR"))
            assert "NXDOMAIN" == rcode(ask(running.port, "1.0.0.10.in-addr.arpa", "PTR"))


def test_a_private_reverse_name_is_asked_of_consul_first():
    """It may be a node's or a service's."""
    consul = {PRIVATE: [f"{PRIVATE}. 0 PTR n1.node.dc1.consul."]}
    with scene(consul) as running:
        assert {"PTR n1.node.dc1.consul."} == records(ask(running.port, PRIVATE, "PTR"))


def test_hosts_entries_stand_before_everything(tmp_path: Path):
    """Also before a zone of ours; other types of the name are NODATA, its address has its name."""
    file = tmp_path / "seamark.toml"
    file.write_text('[dns]\nhosts = ["192.0.2.9 www.example alias.service.consul"]\n')
    with scene({}, {"www.example": ["www.example. 60 A 192.0.2.1"]}, "--config", str(file)) as run:
        assert {"A 192.0.2.9"} == records(ask(run.port, "WWW.example"))
        assert {"A 192.0.2.9"} == records(ask(run.port, "alias.service.consul"))
        nodata = ask(run.port, "www.example", "AAAA")
        assert ("NOERROR", set()) == (rcode(nodata), records(nodata))
        pointer = ask(run.port, "9.2.0.192.in-addr.arpa", "PTR")
        assert {"PTR www.example."} == records(pointer)
        assert [] == asked(run.upstream) == asked(run.consul)


@pytest.mark.parametrize(
    ("name", "upstreams"),
    [
        ("10.in-addr.arpa", ["10.in-addr.arpa. DS"]),
        ("home.arpa", ["home.arpa. DS"]),
        ("onion", []),
        ("localhost", []),
        ("1.10.in-addr.arpa", []),
        ("x.home.arpa", []),
    ],
)
def test_whether_a_private_zone_is_signed_its_parent_says(name: str, upstreams: list[str]):
    """RFC 4035 3.1.4.1: who validates needs the proof; of a name without a parent nothing leaks."""
    with scene({}, {name: ()}) as running:
        assert [] == ask(running.port, name, "DS").answer
        assert upstreams == asked(running.upstream)
