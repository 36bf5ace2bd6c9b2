"""The embedded zone beyond Consul's vectors: settings, limits, odd input, and what costs itself."""

import random
from collections import Counter
from collections.abc import Collection
from typing import Any

import dns.message
import pytest
from hypothesis import given, strategies as st

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service, Status, TaggedAddress
from dnsproxy.core.dns_config import DnsConfig, SoaTimes, ttl_of
from dnsproxy.core.embedded import EmbeddedDns
from dnsproxy.core.replies import write
from tests.dnsproxy.embedding import CONSUL, NOW, ask, embedded, owners, records
from tests.dnsproxy.packets import query

NODE = Node(name="n1", address="10.1.0.1", meta={"env": "prod"})
MANY = [Service(id=f"web{n}", name="web", port=n, address=f"10.2.0.{n}") for n in range(1, 10)]


def of(*services: Service, node: Node = NODE, **config: Any) -> EmbeddedDns:
    """The core over these services."""
    return embedded(EmbeddedCatalog(node, services), DnsConfig(**config))


def test_the_owner_and_the_domain_are_spelled_as_they_were_asked():
    """A client that mixes cases compares them; Consul's current release does the same."""
    found = ask(of(Service(id="a", name="web", port=1)), "WeB.service.CONSUL", "SRV")
    assert {"WeB.service.CONSUL."} == owners(found.answer)
    assert Counter(["SRV 1 1 1 n1.node.dc1.CONSUL."]) == records(found.answer)


def test_every_order_of_the_instances_comes_up():
    """A uniform shuffle for each answer is what spreads the load."""
    side = of(*MANY[:2])
    first = {ask(side, "web.service.consul", "A").answer[0].data for _ in range(64)}
    assert 2 == len(first)


def test_a_second_domain_answers_for_itself():
    """Targets, servers and the SOA are in the domain that was asked for (consul#10224)."""
    catalog = EmbeddedCatalog(NODE, [Service(id="a", name="web", port=1)])
    side = embedded(catalog, domains=[CONSUL, (b"other", b"example")])
    found = ask(side, "web.service.other.example", "SRV")
    assert Counter(["SRV 1 1 1 n1.node.dc1.other.example."]) == records(found.answer)
    assert {"n1.node.dc1.other.example."} == owners(found.additional)
    denied = ask(side, "nope.service.other.example", "A")
    soa = "SOA ns.other.example. hostmaster.other.example. 1000000 3600 600 86400 0"
    assert Counter([soa]) == records(denied.authority)
    assert {"other.example."} == owners(denied.authority)
    assert {"consul."} == owners(ask(side, "nope.service.consul", "A").authority)


def test_of_a_domain_within_the_other_the_longer_one_counts():
    """Whichever is the first."""
    catalog = EmbeddedCatalog(NODE, [Service(id="a", name="web", port=1)])
    for domains in ([CONSUL, (b"dc", *CONSUL)], [(b"dc", *CONSUL), CONSUL]):
        side = embedded(catalog, domains=domains)
        assert {"dc.consul."} == owners(ask(side, "nope.service.dc.consul", "A").authority)
        assert Counter(["A 10.1.0.1"]) == records(ask(side, "web.service.dc.consul", "A").answer)


def test_servers_are_named_in_lower_case():
    """Whatever the node is called, and however the domain was spelled; so Consul."""
    side = of(node=Node(name="Upper-Case", address="10.1.0.1"))
    found = ask(side, "x.CONSUL", "NS")
    assert Counter(["NS upper-case.node.dc1.consul."]) == records(found.answer)
    assert {"upper-case.node.dc1.consul."} == owners(found.additional)


def test_the_root_may_be_the_domain():
    """As a Consul may have it that answers everything."""
    catalog = EmbeddedCatalog(NODE, [Service(id="a", name="web", port=1)])
    side = embedded(catalog, domains=[()])
    assert Counter(["A 10.1.0.1"]) == records(ask(side, "web.service", "A").answer)
    found = ask(side, "web.service", "SRV")
    assert Counter(["SRV 1 1 1 n1.node.dc1."]) == records(found.answer)
    assert {"."} == owners(ask(side, "nope.service", "A").authority)


def test_ttls_are_those_of_the_service_and_of_the_node():
    """Beside an SRV record stand addresses and meta with the service's, as Consul has it."""
    ttls = {"web": 10, "w*": 20, "*": 30}
    services = [Service(id=name, name=name, port=1) for name in ("web", "wide", "other")]
    side = of(*services, service_ttl=ttls, node_ttl=40, soa=SoaTimes(1, 2, 3, 4))
    for name, ttl in (("web", 10), ("wide", 20), ("other", 30)):
        found = ask(side, f"{name}.service.consul", "SRV")
        assert {ttl} == {one.ttl for one in (*found.answer, *found.additional)}
    for name, qtype in (("n1.node.consul", "ANY"), ("0a000001.addr.consul", "A"), ("consul", "NS")):
        found = ask(side, name, qtype)
        assert {40} == {one.ttl for one in (*found.answer, *found.additional)}
    (soa,) = ask(side, "nope.service.consul", "A").authority
    assert (4, "SOA ns.consul. hostmaster.consul. 1000000 1 2 3 4") == (
        soa.ttl,
        next(iter(records([soa]))),
    )


@pytest.mark.parametrize(
    ("service", "ttl"),
    [("db", 1), ("db-master", 2), ("d", 3), ("dbx", 2), ("x", 3), ("", 3), ("db*", 2)],
)
def test_the_longest_beginning_of_a_name_tells_its_ttl(service: str, ttl: int):
    """The name itself first; one that ends in a star is none."""
    assert ttl == ttl_of(service, {"db": 1, "db*": 2, "*": 3})


def test_only_passing_leaves_out_who_warns():
    """And the critical are never there."""
    services = [
        Service(id=status, name="web", address=f"10.0.0.{n}", status=status)
        for n, status in enumerate(Status, start=1)
    ]
    assert Counter(["A 10.0.0.1", "A 10.0.0.2"]) == records(
        ask(of(*services), "web.service.consul", "A").answer
    )
    assert Counter(["A 10.0.0.1"]) == records(
        ask(of(*services, only_passing=True), "web.service.consul", "A").answer
    )


def test_a_limit_of_addresses_is_none_of_srv_records():
    """Consul's `a_record_limit`, over UDP and TCP; each instance is drawn in time."""
    side = of(*MANY, a_record_limit=2)
    found = [ask(side, "web.service.consul", "A") for _ in range(64)]
    assert {2} == {len(one.answer) for one in found}
    assert 9 == len({record for one in found for record in one.answer})
    assert 9 == len(ask(side, "web.service.consul", "SRV").answer)


@pytest.mark.parametrize(("limit", "answers"), [(1, 1), (5, 5), (20, 8)])
def test_the_limit_of_small_datagrams_is_eight_at_most(limit: int, answers: int):
    """Consul's `udp_answer_limit`."""
    found = ask(of(*MANY, udp_answer_limit=limit), "web.service.consul", "A", tcp=False)
    assert answers == len(found.answer)


def test_meta_beside_addresses_may_be_left_out():
    """`enable_additional_node_meta_txt`; who asks for it still gets it."""
    side = of(Service(id="a", name="web", port=1), node_meta_txt=False)
    assert Counter(["A 10.1.0.1"]) == records(ask(side, "web.service.consul", "SRV").additional)
    assert Counter() == records(ask(side, "n1.node.consul", "A").additional)
    assert Counter(['TXT "env=prod"']) == records(ask(side, "n1.node.consul", "TXT").answer)


def test_an_alias_of_itself_is_the_nodes_address():
    """If it is spelled as it was asked for; so Consul."""
    side = of(Service(id="a", name="web", port=1, address="web.service.consul."))
    assert Counter(["A 10.1.0.1"]) == records(ask(side, "web.service.consul", "A").answer)
    found = records(ask(side, "WEB.service.consul", "A").answer)
    assert Counter(["CNAME web.service.consul.", "A 10.1.0.1"]) == found


def test_where_an_alias_leads_has_the_ttl_of_the_alias():
    """Consul's own records get it too."""
    services = [
        Service(id="a", name="web", port=1, address="db.service.consul"),
        Service(id="b", name="db", port=1, address="10.0.0.1"),
    ]
    side = of(*services, service_ttl={"web": 10, "db": 20})
    for qtype in ("A", "SRV"):
        found = ask(side, "web.service.consul", qtype)
        assert {10} == {one.ttl for one in (*found.answer, *found.additional)}


@pytest.mark.parametrize(
    ("qtype", "expected"),
    [
        ("A", ["CNAME db.service.consul.", "A 10.0.0.1", "A 10.0.0.2"]),
        ("AAAA", ["CNAME db.service.consul.", "AAAA fd00::b"]),
        # As Consul does: of an instance with both, IPv6.
        ("ANY", ["CNAME db.service.consul.", "AAAA fd00::b", "A 10.0.0.1"]),
        ("TXT", ["CNAME db.service.consul.", "AAAA fd00::b", "A 10.0.0.1"]),
    ],
)
def test_behind_an_alias_stand_addresses_of_the_family_that_is_asked_for(qtype, expected):
    """Half of a small datagram would else be of no use to who asked."""
    both = {"lan_ipv6": TaggedAddress("fd00::b", 1)}
    side = of(
        Service(id="a", name="web", port=1, address="db.service.consul"),
        Service(id="b", name="db", port=1, address="10.0.0.1"),
        Service(id="c", name="db", port=1, address="10.0.0.2", tagged_addresses=both),
    )
    assert Counter(expected) == records(ask(side, "web.service.consul", qtype).answer)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("::ffff:10.9.9.9", "A 10.9.9.9"),
        ("fe80::1%eth0", "CNAME fe80::1%eth0."),
        ("10.0.0.5:80", "CNAME 10.0.0.5:80."),
        ("010.0.0.5", "CNAME 010.0.0.5."),
    ],
)
def test_an_address_is_read_as_consul_reads_it(address: str, expected: str):
    """IPv4 in IPv6's clothes is IPv4; what is none is taken for a host's name."""
    side = of(Service(id="a", name="web", port=1, address=address))
    assert Counter([expected]) == records(ask(side, "web.service.consul", "A").answer)


def test_backquotes_in_meta_are_doubled():
    """RFC 1464, as Consul writes it."""
    side = of(node=Node(name="n1", address="10.1.0.1", meta={"q": "a`b=c"}))
    assert Counter(['TXT "q=a``b=c"']) == records(ask(side, "n1.node.consul", "TXT").answer)


def test_beside_a_choice_stand_addresses_and_where_aliases_lead():
    """Not the node's meta, under whose name an address may stand too."""
    services = [
        Service(id=f"a{n}", name="web", port=n, address="db.service.consul") for n in range(1, 5)
    ]
    services.append(Service(id="b", name="db", port=1, address="two.service.consul"))
    services.append(Service(id="c", name="two", port=1))
    found = ask(of(*services), "web.service.consul", "SRV", tcp=False)
    assert Counter(["CNAME two.service.consul.", "A 10.1.0.1"]) == records(found.additional)
    here = [Service(id=f"h{n}", name="here", port=n) for n in range(1, 4)]
    here.append(Service(id="x", name="here", port=9, address="10.0.0.9"))
    for _ in range(20):
        found = ask(of(*here), "here.service.consul", "SRV", tcp=False)
        assert {1} == {one.rtype for one in found.additional}


def test_a_node_whose_name_cannot_stand_in_an_ns_record_is_in_none():
    """Consul skips names with an underscore or a dot there."""
    for name in ("under_score", "dot.name"):
        side = of(node=Node(name=name, address="10.1.0.1"))
        found = ask(side, "consul", "NS")
        assert (0, (), (), ()) == (found.rcode, *found.sections)
        assert Counter(["A 10.1.0.1"]) == records(ask(side, f"{name}.node.consul", "A").answer)


@pytest.mark.parametrize("padding", range(0, 60, 3))
def test_an_answer_longer_than_a_pointer_can_reach_is_still_read(padding):
    """Past 16383 bytes a name cannot be pointed to (RFC 1035 4.1.4), wherever the border falls."""
    many = [
        Service(id=str(n), name="many", port=n, address=f"10.3.{n // 250}.{n % 250 + 1}")
        for n in range(1, 500)
    ]
    node = Node(name="x" * padding or "n1", address="10.1.0.1")
    many.append(Service(id="0", name="many", port=1))
    asked = query("many.service.consul", "SRV")
    wire = write(asked, of(*many, node=node).answer(asked.question, 0), 65535)
    found = dns.message.from_wire(wire)
    assert len(wire) > 0x4000
    assert len(found.answer[0]) == 500
    targets = {item.target for item in found.answer[0]}
    assert targets == {rrset.name for rrset in found.additional}


@given(
    st.text(max_size=20),
    st.one_of(st.text(max_size=20), st.ip_addresses().map(str)),
    st.sampled_from(["A", "AAAA", "SRV", "ANY", "TXT", "MX"]),
)
def test_any_registered_text_costs_at_most_its_own_answer(name, address, qtype):
    """Names and addresses come from people: no reply is ever broken by them."""
    side = of(
        Service(id="a", name="web", port=1, address=address),
        Service(id="b", name=name, port=1, address=address),
        Service(id="c", name="web", port=2, address="10.9.0.1"),
    )
    asked = query("web.service.consul", qtype)
    found = dns.message.from_wire(write(asked, side.answer(asked.question, 0), 65535))
    if qtype == "A":
        assert "10.9.0.1" in {item.to_text() for rrset in found.answer for item in rrset}


def test_an_answer_costs_as_much_with_many_services_as_with_few():
    """Counted in steps, not in seconds: nothing but its own instances is looked at."""

    class Counting(EmbeddedCatalog):
        looked_at = 0

        def instances(self, name: str) -> Collection[Service]:
            found = super().instances(name)
            self.looked_at += len(found)
            return found

    others = [Service(id=f"s{n}", name=f"s{n}", port=1) for n in range(2000)]
    catalog = Counting(NODE, [*MANY, *others])
    side = EmbeddedDns(catalog, [CONSUL], DnsConfig(), random.shuffle)
    side.answer(query("web.service.consul", "A").question, NOW)
    assert 9 == catalog.looked_at
