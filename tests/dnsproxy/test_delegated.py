"""Names in Consul's domain that another server forwards to us: whose SOA their denials carry."""

from dataclasses import replace
from ipaddress import ip_address
from time import monotonic

import dns.message
import pytest

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service
from dnsproxy.consul import ConsulOptions, ConsulZone
from dnsproxy.core.consul import Delegated, as_delegated
from dnsproxy.core.embedded import DOMAIN, soa
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.leases import Leases
from dnsproxy.core.memory import Memory
from dnsproxy.core.names import from_text, to_text
from dnsproxy.core.policy import ZonePolicy
from dnsproxy.core.records import Reply, address, pointing
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode, Type, question
from dnsproxy.edges.datacenters import Datacenters
from dnsproxy.edges.upstreams import GroupOptions, UpstreamGroup
from dnsproxy.embedded import EmbeddedZone
from dnsproxy.forwarding import ForwardZone
from tests.asking import ask, rcode
from tests.commands import Running
from tests.dnsproxy.embedding import embedded
from tests.dnsproxy.scripted import scene
from tests.small_engine import SmallEngine

NAMES = "Service.Consul,service.dc1.consul.,dc1.consul,service.int.example"
WEB = "web.service.consul. 0 A 10.0.0.1"


def owners(reply: dns.message.Message) -> list[str]:
    """Whose SOA it carries."""
    return [rrset.name.to_text() for rrset in reply.authority]


def delegated(*texts: str) -> Delegated:
    """As the settings give it."""
    return Delegated((from_text(text), from_text(text)) for text in texts)


@pytest.mark.parametrize(
    ("name", "qtype", "code", "owner"),
    [
        ("nope.service.consul", "A", "NXDOMAIN", "service.consul."),
        ("web.service.consul", "AAAA", "NOERROR", "service.consul."),
        ("a.b.service.consul", "SRV", "NXDOMAIN", "service.consul."),
        ("nOPE.SERVICE.Consul", "A", "NXDOMAIN", "service.consul."),
        ("service.consul", "A", "NXDOMAIN", "service.consul."),
        ("nope.service.dc1.consul", "A", "NXDOMAIN", "service.dc1.consul."),
        ("nope.node.dc1.consul", "A", "NXDOMAIN", "dc1.consul."),
        ("nope.xservice.consul", "A", "NXDOMAIN", "consul."),
        ("nope.node.consul", "A", "NXDOMAIN", "consul."),
        ("consul", "A", "NXDOMAIN", "consul."),
        ("nope.service.int.example", "A", "NXDOMAIN", "service.int.example."),
        ("web.service.int.example", "AAAA", "NOERROR", "service.int.example."),
        ("nope.node.int.example", "A", "NXDOMAIN", "int.example."),
    ],
)
def test_a_denial_below_a_delegated_name_carries_that_names_soa(
    name: str, qtype: str, code: str, owner: str
):
    """By the longest of them, whole labels, any case, in the domain that was asked."""
    flags = ["--alt-domain", "int.example"]
    with scene({"web.service.consul": [WEB]}, {}, *flags, SEAMARK_DELEGATED=NAMES) as running:
        reply = ask(running.port, name, qtype)
        assert code == rcode(reply)
        assert [owner] == owners(reply)
        assert "1 3600 600 86400 0" == reply.authority[0][0].to_text().split(maxsplit=2)[2]


def test_an_answer_stays_as_it_is():
    """And in a denial, what is no SOA."""
    key, ns = from_text("web.service.consul"), pointing(DOMAIN, Type.NS, DOMAIN, 0)
    found = Reply(answer=(address(key, ip_address("10.0.0.1"), 0),), authority=(soa(0), ns))
    assert found == as_delegated(found, key, delegated("service.consul"))
    denied = as_delegated(replace(found, answer=()), key, delegated("service.consul"))
    assert ns == denied.authority[1]
    assert soa(0) != denied.authority[0]


@pytest.mark.parametrize("owner", ["example.", "service.consul.", "web.service.consul.", "."])
def test_only_the_soa_of_a_zone_above_is_told_anew(owner: str):
    """A CNAME may have led to another zone's denial."""
    key = from_text("web.service.consul")
    reply = Reply(int(Rcode.NXDOMAIN), authority=(replace(soa(0), owner=from_text(owner)),))
    told = as_delegated(reply, key, delegated("service.consul"))
    expected = "service.consul." if owner == "." else owner
    assert [expected] == [to_text(found.owner) for found in told.authority]


@pytest.mark.parametrize("suffix", ["consul", "int.example"])
def test_the_denial_of_a_datacenter_that_there_is_not_is_told_so_too(suffix: str):
    """It is made here, without Consul."""
    nobody = UpstreamGroup("consul", [Endpoint("127.0.0.1", 9)], GroupOptions())
    options = ConsulOptions(
        existing=Datacenters(lambda: ["dc1"]), delegated=delegated("service.dc9." + suffix)
    )
    zone = ConsulZone(
        from_text(suffix), ForwardZone("consul.", nobody, ZonePolicy(), Memory(1, 1)), options
    )
    request = Request(question(from_text(f"web.service.dc9.{suffix}"), 1))
    found = zone.ask(request, monotonic() + 10)
    assert Rcode.NXDOMAIN == found.reply.rcode
    assert [f"service.dc9.{suffix}."] == [to_text(r.owner) for r in found.reply.authority]


@pytest.mark.parametrize(
    ("name", "qtype", "owner"),
    [
        ("nope.service.consul", 1, "service.consul."),
        ("WEB.service.consul", 28, "service.consul."),
        ("nope.node.consul", 1, "consul."),
    ],
)
def test_the_embedded_zone_tells_its_denials_so_too(name: str, qtype: int, owner: str):
    """With Consul's own SOA otherwise."""
    catalog = EmbeddedCatalog(
        Node(name="n1", address="10.1.0.1"), [Service(id="web1", name="web", port=80)]
    )
    zone = EmbeddedZone(DOMAIN, embedded(catalog), Leases(), delegated=delegated("service.consul"))
    reply = zone.recall(Request(question(from_text(name), qtype))).reply
    assert [owner] == [to_text(record.owner) for record in reply.authority]


def test_seamark_up_without_a_registry_takes_the_setting(engine_without_containers: SmallEngine):
    """The catalog is in its process."""
    flags = ["--docker", f"unix://{engine_without_containers.path}", "--http", "off"]
    flags += ["--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:9"]
    with Running("seamark", "up", *flags, SEAMARK_DELEGATED="service.consul") as running:
        denied = ask(running.port, "nope.service.consul")
        assert "NXDOMAIN" == rcode(denied)
        assert ["service.consul."] == owners(denied)
        assert ["consul."] == owners(ask(running.port, "nope.node.consul"))
