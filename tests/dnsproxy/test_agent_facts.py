"""What an agent tells of itself over HTTP: its datacenters and its faults."""

from collections.abc import Iterator

import pytest

from catalog.model import AgentFacts
from dnsproxy.core.consul import faults_of
from tests.asking import ask, rcode, records
from tests.dnsproxy.facts_server import FactsServer, facts_server
from tests.dnsproxy.scripted import asked, scene
from tests.waits import Waits

WEB = "web.service.dc2.consul. 0 A 10.0.0.1"
CONSUL = {
    "web.service.dc2.consul": [WEB],
    "n1.node.dc2.consul": ["n1.node.dc2.consul. 0 A 10.1.1.1"],
}
DATACENTERS = "/v1/catalog/datacenters"


@pytest.fixture
def agent() -> Iterator[FactsServer]:
    """One without fault, of dc1 and dc2."""
    with facts_server() as server:
        server.is_version("1.22.7")
        server.has_datacenters("dc1", "DC2")
        yield server


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ("1.19.0", True),
        ("1.19.1", True),
        ("1.19.1+ent", True),
        ("1.19.2", False),
        ("1.18.0", False),
        ("1.8.7", False),
        ("1.19.0-rc1", True),
    ],
)
def test_the_releases_with_the_rewritten_server_are_told(version, faulty):
    """consul#21325, #21336, #21560: taken back in 1.19.2."""
    assert faulty == bool(faults_of(AgentFacts(version, "consul."), "consul."))


@pytest.mark.parametrize("domain", ["consul", "consul.", "Consul."])
def test_a_domain_is_the_same_in_any_spelling(domain):
    """With the dot and without."""
    assert [] == faults_of(AgentFacts("1.22.7", domain), "consul.")


def test_an_agent_that_answers_wrongly_is_told_at_the_start(agent, waits: Waits):
    """What it is, what is wrong with it, what to do; answers go on."""
    agent.is_version("1.19.0", domain="corp.")
    with scene(CONSUL, {}, "--consul-http", agent.address) as running:
        waits.until("told", lambda: "has the domain `corp.`" in running.proxy.log)
        assert "is 1.19.0, whose DNS gives wrong targets" in running.proxy.log
        assert "set dns.domain to the one of its configuration" in running.proxy.log
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.dc2.consul"))


def test_a_good_agent_is_not_talked_about(agent, waits: Waits):
    """It is looked at all the same."""
    with scene(CONSUL, {}, "--consul-http", agent.address) as running:
        waits.until("looked at", lambda: "/v1/agent/self" in agent.seen)
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.dc2.consul"))
        assert "WARNING" not in running.proxy.log


def test_a_name_in_a_datacenter_that_there_is_not_is_denied_here(agent):
    """consul#807: its servers would hand the question around; many of them are one look."""
    with scene(CONSUL, {}, "--consul-http", agent.address) as running:
        for name in ("a.service.lan.consul", "b.node.lan.consul", "v1.c.service.LAN.consul"):
            reply = ask(running.port, name)
            assert "NXDOMAIN" == rcode(reply)
            assert ["consul."] == [rrset.name.to_text() for rrset in reply.authority]
        assert [] == asked(running.consul)
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.dc2.consul"))
        assert {"A 10.1.1.1"} == records(ask(running.port, "n1.node.Dc2.consul"))
        assert "NOERROR" == rcode(ask(running.port, "web.service.dc2.consul", "TXT"))


def test_a_datacenter_that_joins_is_known_soon(agent, waits: Waits):
    """A denial holds for a second; what was seen once stays known."""
    name = "web.service.dc2.consul"
    agent.has_datacenters("dc1")
    with scene(CONSUL, {}, "--consul-http", agent.address) as running:
        assert "NXDOMAIN" == rcode(ask(running.port, name))
        agent.has_datacenters("dc1", "dc2")
        waits.until("known", lambda: rcode(ask(running.port, name)) == "NOERROR", limit_s=20)
        assert {"A 10.0.0.1"} == records(ask(running.port, name))
        looks = agent.seen.count(DATACENTERS)
        for _ in range(5):
            ask(running.port, name)
        assert looks == agent.seen.count(DATACENTERS)


def test_where_nobody_tells_consul_decides(agent):
    """An agent without a leader, or one that speaks DNS alone: the question is Consul's."""
    del agent.answers["/v1/catalog/datacenters"]
    for http in (agent.address, "127.0.0.1:9", "off"):
        with scene(CONSUL, {}, "--consul-http", http) as running:
            assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.dc2.consul"))
            assert "NXDOMAIN" == rcode(ask(running.port, "web.service.lan.consul"))
            assert "web.service.lan.consul. A" in asked(running.consul)


def test_a_datacenter_whose_name_is_no_text_costs_itself(agent):
    """Half a surrogate pair, which JSON may hold and UTF-8 not."""
    agent.has_datacenters("dc2", "\ud800")
    with scene(CONSUL, {}, "--consul-http", agent.address) as running:
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.dc2.consul"))
        assert "NXDOMAIN" == rcode(ask(running.port, "web.service.lan.consul"))
        assert ["web.service.dc2.consul. A"] == asked(running.consul)


def test_the_zones_own_records_are_consuls_for_every_name(agent):
    """It gives SOA and NS whatever stands before its domain."""
    with scene(CONSUL, {}, "--consul-http", agent.address) as running:
        ask(running.port, "a.service.lan.consul", "SOA")
        assert ["a.service.lan.consul. SOA"] == asked(running.consul)
