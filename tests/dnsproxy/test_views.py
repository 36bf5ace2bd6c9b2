"""Split horizon: what is answered depends on who asks."""

from pathlib import Path

import dns.message
import dns.query
import pytest

from dnsproxy.core.views import Views
from tests.asking import records
from tests.commands import Running
from tests.dnsproxy.scripted import asked, says
from tests.upstream import ScriptedUpstream

ZONES = """
[[dns.zone]]
name = "corp.example"
upstream = ["{inside}"]
clients = ["127.0.0.2/32", "127.0.0.4/32"]

[[dns.zone]]
name = "10.in-addr.arpa"
upstream = ["{inside}"]
clients = ["127.0.0.2/32"]
"""


def answered(address: str) -> ScriptedUpstream:
    """Says that of two names, for a minute."""
    names = ["a.corp.example", "b.example"]
    told: dict[str, list[str]] = {name: [f"{name}. 60 A {address}"] for name in names}
    told["1.0.0.10.in-addr.arpa"] = ["1.0.0.10.in-addr.arpa. 60 PTR a.corp.example."]
    return ScriptedUpstream(says(told))


def ask_from(client: str, port: int, name: str, qtype: str = "A") -> dns.message.Message:
    """One question from that address of this host."""
    query = dns.message.make_query(name, qtype)
    return dns.query.udp(query, "127.0.0.1", port=port, source=client, timeout=6)


@pytest.fixture
def horizon(tmp_path: Path):
    """Two upstreams, the first of which only some may ask, and the port of the proxy."""
    file = tmp_path / "seamark.toml"
    with answered("192.0.2.1") as inside, answered("192.0.2.2") as outside:
        file.write_text(ZONES.format(inside=inside.address))
        flags = ("--listen", "127.0.0.1:0", "--http", "off", "--config", str(file))
        with Running("dnsproxy", *flags, "--upstream", outside.address) as proxy:
            yield inside, outside, proxy.port


def test_a_zone_is_there_for_its_clients_alone(horizon):
    """Also when one side's answer is remembered already, and whoever asks first."""
    inside, outside, port = horizon
    for _ in range(2):
        assert {"A 192.0.2.1"} == records(ask_from("127.0.0.2", port, "a.corp.example"))
        assert {"A 192.0.2.2"} == records(ask_from("127.0.0.3", port, "a.corp.example"))
        assert {"A 192.0.2.1"} == records(ask_from("127.0.0.4", port, "a.corp.example"))
        assert {"A 192.0.2.2"} == records(ask_from("127.0.0.2", port, "b.example"))
    assert ["a.corp.example. A"] == asked(inside)
    assert ["a.corp.example. A", "b.example. A"] == asked(outside)


def test_where_the_zone_is_not_seen_the_rule_for_its_names_holds(horizon):
    """Nothing of a private network leaves for those who do not see the zone that is set for it."""
    inside, outside, port = horizon
    name = "1.0.0.10.in-addr.arpa"
    assert {"PTR a.corp.example."} == records(ask_from("127.0.0.2", port, name, "PTR"))
    assert 3 == ask_from("127.0.0.4", port, name, "PTR").rcode()
    assert [f"{name}. PTR"] == asked(inside)
    assert [] == asked(outside)


def test_each_view_is_built_once():
    """By the set of lists that a client is in, not by client."""
    built: list[frozenset[int]] = []
    views = Views([["10.0.0.0/8", "fd00::/8"], ["10.1.0.0/16"]], built.append)
    for host in ("10.0.0.1", "10.0.0.2", "fd00::1", "::ffff:10.0.0.1", "10.1.0.1", "192.0.2.1"):
        views.of(host)
    assert [{0}, {0, 1}, set()] == built
