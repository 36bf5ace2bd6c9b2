"""A Consul whose recursor is the proxy that asks it: each question takes its way once."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import dns.message
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.scripted import asked, says
from tests.lab.consul import ConsulAgent, free_ports
from tests.upstream import ScriptedUpstream

pytestmark = pytest.mark.lab

OUTSIDE = {
    "www.example": ["www.example. 60 A 192.0.2.1"],
    "7.99.18.198.in-addr.arpa": ["7.99.18.198.in-addr.arpa. 60 PTR seven.example."],
}


class Ring(NamedTuple):
    """The proxy, the Consul that it asks and that asks it, and the rest of the world."""

    proxy: Running
    http: int
    agent: ConsulAgent
    upstream: ScriptedUpstream


@pytest.fixture(scope="module")
def ring(consul_binary: Path) -> Iterator[Ring]:
    """Consul with `recursors` that name the proxy: who asks it gets outside names too."""
    port, http = free_ports(2)
    services = [
        {"name": "web", "address": "10.0.0.1", "port": 80},
        {"name": "ext", "address": "www.example", "port": 443},
    ]
    config = {"recursors": [f"127.0.0.1:{port}"], "services": services}
    with (
        ScriptedUpstream(says(OUTSIDE, soa="example. 9 SOA a. b. 1 2 3 4 5", aa=False)) as upstream,
        ConsulAgent(consul_binary, node="n1", config=config) as agent,
        Running(
            *("dnsproxy", "--listen", f"127.0.0.1:{port}", "--no-remember"),
            *("--http", f"127.0.0.1:{http}"),
            *("--consul-dns", agent.dns_address, "--upstream", upstream.address),
            SEAMARK_CONSUL_REVERSE="10.0.0.0/8,198.18.0.0/15",
        ) as proxy,
    ):
        yield Ring(proxy, http, agent, upstream)


def test_outside_names_go_through_consul_to_the_upstream(ring: Ring):
    """What the setting is made for."""
    host, _, port = ring.agent.dns_address.partition(":")
    assert {"A 192.0.2.1"} == records(ask(int(port), "www.example", host=host))


def test_a_reverse_name_that_consul_does_not_know_is_not_sent_round(ring: Ring):
    """Consul passes it on to us with our mark: then it is the upstream's (consul#6183)."""
    reply = ask(ring.proxy.port, "7.99.18.198.in-addr.arpa", "PTR")
    assert {"PTR seven.example."} == records(reply)
    assert "NXDOMAIN" == rcode(ask(ring.proxy.port, "8.99.18.198.in-addr.arpa", "PTR"))
    with urllib.request.urlopen(f"http://127.0.0.1:{ring.http}/metrics") as answer:
        assert b'outcome="timeout"' not in answer.read()


def test_a_private_reverse_name_leaves_nobody(ring: Ring):
    """Consul asks us, and we are the last to ask."""
    name = "9.9.9.10.in-addr.arpa"
    assert "NXDOMAIN" == rcode(ask(ring.proxy.port, name, "PTR"))
    assert f"{name}. PTR" not in asked(ring.upstream)


@pytest.mark.parametrize("name", ["web.service.consul", "nope.service.consul", "consul"])
def test_ds_of_consuls_names_stays_with_consul(ring: Ring, name: str):
    """Asked directly, Consul hands it to its recursors and believes them (row 51)."""
    ours, other = (ask(ring.proxy.port, name, qtype) for qtype in ("DS", "DNSKEY"))
    assert rcode(other) == rcode(ours)
    assert [] == ours.answer
    assert ["consul."] == [rrset.name.to_text() for rrset in ours.authority]
    assert [] == [line for line in asked(ring.upstream) if "consul" in line]


def test_an_outside_address_is_asked_for_once_by_us(ring: Ring):
    """Consul has asked us for it too, and IPv4 is all it asks for."""
    reply = ask(ring.proxy.port, "ext.service.consul")
    assert {"CNAME www.example.", "A 192.0.2.1"} == records(reply)
    assert 60 == reply.answer[-1].ttl


def test_a_consul_of_another_domain_is_told_once(consul_binary: Path):
    """It takes consul. for the world outside, and asks us: REFUSED at once, and why is in the log.

    The world is asked by nobody.
    """
    (port,) = free_ports(1)

    def outside(query: dns.message.Message) -> list[bytes]:
        return [*says({}, aa=False)(query)]

    config = {"recursors": [f"127.0.0.1:{port}"], "domain": "corp."}
    with (
        ScriptedUpstream(outside) as upstream,
        ConsulAgent(consul_binary, node="n1", config=config) as agent,
        Running(
            *("dnsproxy", "--listen", f"127.0.0.1:{port}", "--http", "off"),
            *("--consul-dns", agent.dns_address, "--upstream", upstream.address),
        ) as proxy,
    ):
        for _ in range(2):
            assert "SERVFAIL" == rcode(ask(port, "web.service.consul"))
        assert [] == [line for line in asked(upstream) if "consul" in line]
        assert 1 == proxy.log.count("does not hold consul.: it sent our question for web.service")
