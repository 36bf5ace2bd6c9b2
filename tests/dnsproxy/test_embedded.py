"""The embedded zone: Consul's vectors on the answers of the pure core.

The numbers are those of the vector table that the project keeps of Consul.
"""

import random

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, strategies as st

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service, Weights
from dnsproxy.core.embedded import answer
from dnsproxy.core.replies import write
from tests.dnsproxy.packets import query

NODE = Node(name="n1", address="10.1.0.1")
CATALOG = EmbeddedCatalog(
    NODE,
    [
        Service(id="web1", name="web", port=8080, tags=("v1", "primary")),
        Service(id="web2", name="web", port=8081, tags=("V2",), address="10.2.0.2"),
        Service(id="api", name="api", port=9000, address="10.0.0.5"),
        Service(
            id="db",
            name="db",
            port=5432,
            address="10.0.0.7",
            tags=("master", "a.b"),
            weights=Weights(passing=10, warning=2),
        ),
        Service(id="v6svc", name="v6svc", port=81, address="2001:db8::5"),
        Service(id="ext", name="ext", port=443, address="www.example.com"),
        Service(id="mp1", name="mp", port=1001, address="10.0.0.9"),
        Service(id="mp2", name="mp", port=1002, address="10.0.0.9"),
        Service(id="mp3", name="mp", port=1001, address="10.0.0.10"),
        Service(id="dupe1", name="dupe", port=1001, address="10.0.0.11"),
        Service(id="dupe2", name="dupe", port=1001, address="10.0.0.11"),
        Service(id="mix1", name="mixcn", port=1, address="other.example"),
        Service(id="mix2", name="mixcn", port=1, address="10.0.0.12"),
        Service(id="odd", name="odd", port=1, address="not..a.name"),
    ],
)


def ask(name: str, qtype: str) -> dns.message.Message:
    """The reply as a client reads it."""
    asked = query(name, qtype)
    found = answer(asked.question, CATALOG, 1_000_000, random.shuffle)
    return dns.message.from_wire(write(asked, found, 65535))


def records(section: list[dns.rrset.RRset]) -> set[str]:
    """A section as `TYPE data`."""
    return {
        f"{dns.rdatatype.to_text(rrset.rdtype)} {item.to_text()}"
        for rrset in section
        for item in rrset
    }


N1 = "n1.node.dc1.consul."
SOA = "SOA ns.consul. hostmaster.consul. 1000000 3600 600 86400 0"
ROWS = [
    (1, "web.service.consul", "A", {"A 10.1.0.1", "A 10.2.0.2"}, set(), set()),
    (2, "web.service.consul", "AAAA", set(), {SOA}, set()),
    (
        3,
        "web.service.consul",
        "SRV",
        {f"SRV 1 1 8080 {N1}", "SRV 1 1 8081 0a020002.addr.dc1.consul."},
        set(),
        {"A 10.1.0.1", "A 10.2.0.2"},
    ),
    (4, "web.service.consul", "ANY", {"A 10.1.0.1", "A 10.2.0.2"}, set(), set()),
    (5, "web.service.consul", "TXT", {"A 10.1.0.1", "A 10.2.0.2"}, set(), set()),
    (6, "web.service.consul", "MX", set(), {SOA}, set()),
    (7, "web.service.consul", "NS", {f"NS {N1}"}, set(), {"A 10.1.0.1"}),
    (8, "web.service.consul", "SOA", {SOA}, {f"NS {N1}"}, {"A 10.1.0.1"}),
    (10, "api.service.consul", "A", {"A 10.0.0.5"}, set(), set()),
    (
        11,
        "api.service.consul",
        "SRV",
        {"SRV 1 1 9000 0a000005.addr.dc1.consul."},
        set(),
        {"A 10.0.0.5"},
    ),
    (12, "v1.web.service.consul", "A", {"A 10.1.0.1"}, set(), set()),
    ("12b", "v2.web.service.consul", "A", {"A 10.2.0.2"}, set(), set()),
    ("12c", "a.b.db.service.consul", "A", {"A 10.0.0.7"}, set(), set()),
    ("12d", "WEB.Service.DC1.Consul", "A", {"A 10.1.0.1", "A 10.2.0.2"}, set(), set()),
    (
        14,
        "_api._tcp.service.consul",
        "SRV",
        {"SRV 1 1 9000 0a000005.addr.dc1.consul."},
        set(),
        {"A 10.0.0.5"},
    ),
    (
        16,
        "_api._tcp.consul",
        "SRV",
        {"SRV 1 1 9000 0a000005.addr.dc1.consul."},
        set(),
        {"A 10.0.0.5"},
    ),
    (
        19,
        "db.service.consul",
        "SRV",
        {"SRV 1 10 5432 0a000007.addr.dc1.consul."},
        set(),
        {"A 10.0.0.7"},
    ),
    (20, "v6svc.service.consul", "A", set(), {SOA}, set()),
    ("20b", "v6svc.service.consul", "AAAA", {"AAAA 2001:db8::5"}, set(), set()),
    (
        21,
        "v6svc.service.consul",
        "SRV",
        {"SRV 1 1 81 20010db8000000000000000000000005.addr.dc1.consul."},
        set(),
        {"AAAA 2001:db8::5"},
    ),
    (22, "ext.service.consul", "A", {"CNAME www.example.com."}, set(), set()),
    ("22b", "ext.service.consul", "MX", {"CNAME www.example.com."}, set(), set()),
    (23, "ext.service.consul", "SRV", {"SRV 1 1 443 www.example.com."}, set(), set()),
    (25, "mp.service.consul", "A", {"A 10.0.0.9", "A 10.0.0.10"}, set(), set()),
    (27, "dupe.service.consul", "A", {"A 10.0.0.11"}, set(), set()),
    (
        "27b",
        "dupe.service.consul",
        "SRV",
        {"SRV 1 1 1001 0a00000b.addr.dc1.consul."},
        set(),
        {"A 10.0.0.11"},
    ),
    (31, "n1.node.consul", "A", {"A 10.1.0.1"}, set(), set()),
    (32, "n1.node.consul", "AAAA", set(), set(), set()),
    ("33b", "nope.node.consul", "MX", set(), set(), set()),
    (39, "0a000005.addr.dc9.consul", "A", {"A 10.0.0.5"}, set(), set()),
    (40, "0a000005.addr.dc1.consul", "AAAA", set(), set(), {"A 10.0.0.5"}),
    (57, "mixcn.service.consul", "A", {"A 10.0.0.12"}, set(), set()),
    ("57b", "mixcn.service.consul", "AAAA", {"CNAME other.example."}, set(), set()),
    ("odd", "odd.service.consul", "SRV", set(), {SOA}, set()),
]


@pytest.mark.parametrize(
    ("name", "qtype", "answers", "authority", "additional"),
    [row[1:] for row in ROWS],
    ids=[f"{row[0]}-{row[1]}-{row[2]}" for row in ROWS],
)
def test_a_name_that_exists_is_answered_as_consul_does(name, qtype, answers, authority, additional):
    """NOERROR, and record for record."""
    found = ask(name, qtype)
    assert found.rcode() == dns.rcode.NOERROR
    assert answers == records(found.answer)
    assert authority == records(found.authority)
    assert additional == records(found.additional)
    assert all(rrset.ttl == 0 for rrset in found.answer + found.authority + found.additional)


@pytest.mark.parametrize(
    ("name", "qtype"),
    [
        ("nope.service.consul", "A"),
        ("nope.web.service.consul", "A"),
        ("_api._udp.service.consul", "SRV"),
        ("_api._tcp.consul", "A"),
        ("_web.service.consul", "SRV"),
        ("nope.node.consul", "A"),
        ("x.query.consul", "A"),
        ("zz000005.addr.consul", "A"),
        ("0a0000051.addr.consul", "A"),
        ("consul", "A"),
        ("service.consul", "A"),
        ("web.service.dc2.consul", "A"),
        ("web.service.dc1.extra.consul", "A"),
        ("web.virtual.consul", "A"),
        ("web.node.service.consul", "A"),
        (r"we\000b.service.consul", "A"),
        (r"\255.service.consul", "A"),
    ],
)
def test_a_name_that_does_not_exist_is_nxdomain_with_soa(name, qtype):
    """Also the empty non-terminals, as Consul has it."""
    found = ask(name, qtype)
    assert found.rcode() == dns.rcode.NXDOMAIN
    assert found.answer == []
    assert {SOA} == records(found.authority)


def test_the_owner_is_spelled_as_it_was_asked():
    """A client that mixes cases compares it."""
    assert ask("WeB.service.CONSUL", "A").answer[0].name.to_text() == "WeB.service.CONSUL."


def test_every_order_of_the_instances_comes_up():
    """A uniform shuffle for each answer is what spreads the load."""
    first = {ask("web.service.consul", "A").answer[0][0].to_text() for _ in range(64)}
    assert {"10.1.0.1", "10.2.0.2"} == first


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
    catalog = EmbeddedCatalog(node, many)
    wire = write(asked, answer(asked.question, catalog, 0, random.shuffle), 65535)
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
    catalog = EmbeddedCatalog(
        NODE,
        [
            Service(id="a", name="web", port=1, address=address),
            Service(id="b", name=name, port=1, address=address),
        ],
    )
    asked = query("web.service.consul", qtype)
    found = answer(asked.question, catalog, 0, random.shuffle)
    dns.message.from_wire(write(asked, found, 65535))
