"""Consul's vectors on the embedded catalog, by the numbers of the table that the project keeps.

All services are on one host here, so what the table has on another node has an address instead.
"""

import ipaddress
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service, Status, TaggedAddress, Weights
from dnsproxy.core.replies import write
from tests.dnsproxy.embedding import ask, embedded, owners, records
from tests.dnsproxy.packets import query
from tests.e2e.differential.wire import read

META = {"consul-network-segment": "", "env": "prod", "rfc1035-foo": "bar"}
DUAL = {
    "lan_ipv4": TaggedAddress("10.0.0.21", 23),
    "lan_ipv6": TaggedAddress("2001:db8::21", 23),
}
ILL = Weights(passing=10, warning=2)


def service(name: str, address: str = "", port: int = 1, number: int = 1, **more: Any) -> Service:
    """One instance."""
    return Service(id=f"{name}{number}", name=name, address=address, port=port, **more)


CATALOG = EmbeddedCatalog(
    Node(name="n1", address="127.0.0.1", meta=META),
    [
        service("web", port=8080, tags=("v1", "primary")),
        service("web", "10.2.0.2", 8081, 2, tags=("v2",)),
        service("api", "10.0.0.5", 9000),
        service("db", "10.0.0.7", 5432, tags=("master", "a.b"), weights=ILL),
        service("v6svc", "2001:db8::5", 81),
        service("ext", "www.example.com", 443),
        service("alias", "web.service.consul", 444),
        service("mp", "10.0.0.9", 1001, 1),
        service("mp", "10.0.0.9", 1002, 2),
        service("mp", "10.0.0.10", 1001, 3),
        service("dupe", "10.0.0.11", 1001, 1),
        service("dupe", "10.0.0.11", 1001, 2),
        service("sn", port=1, number=1),
        service("sn", port=2, number=2),
        service("dual", "10.0.0.20", 23, tagged_addresses=DUAL),
        service("crit", "10.0.0.12", status=Status.CRITICAL),
        service("warn", "10.0.0.13", status=Status.WARNING, weights=ILL),
        service("loop-a", "loop-b.service.consul"),
        service("loop-b", "loop-a.service.consul"),
        service("mixcn", "other.example", number=1),
        service("mixcn", "10.0.0.14", number=2),
        service("same", "127.0.0.1", 7),
        *(service("many", f"10.3.0.{n}", 80, n) for n in range(1, 10)),
    ],
)
DNS = embedded(CATALOG)
N1 = "n1.node.dc1.consul."
M = ['TXT "consul-network-segment="', 'TXT "env=prod"', 'TXT "bar"']
SOA = "SOA ns.consul. hostmaster.consul. 1000000 3600 600 86400 0"
HERE = "A 127.0.0.1"
BOTH_SRV = [f"SRV 1 1 8080 {N1}", "SRV 1 1 8081 0a020002.addr.dc1.consul."]
BOTH_A = [HERE, "A 10.2.0.2"]
LOOP = ["CNAME loop-b.service.consul.", "CNAME loop-a.service.consul."] * 2
V6 = "20010db8000000000000000000000005.addr.dc1.consul."
# Number, question, answer, authority, additional; the rcode is NOERROR.
FOUND = [
    (1, "web.service.consul A", BOTH_A, [], []),
    (2, "web.service.consul AAAA", [], [SOA], []),
    (3, "web.service.consul SRV", BOTH_SRV, [], [*BOTH_A, *M, *M]),
    (4, "web.service.consul ANY", BOTH_A, [], []),
    (5, "web.service.consul TXT", BOTH_A, [], []),
    (6, "web.service.consul MX", [], [SOA], []),
    ("6b", "web.service.consul HTTPS", [], [SOA], []),
    ("6c", "web.service.consul DNSKEY", [], [SOA], []),
    ("6d", "web.service.consul PTR", [], [SOA], []),
    (7, "web.service.consul NS", [f"NS {N1}"], [], [HERE]),
    ("7b", "nobody.knows.consul NS", [f"NS {N1}"], [], [HERE]),
    (8, "web.service.consul SOA", [SOA], [f"NS {N1}"], [HERE]),
    ("8b", "consul SOA", [SOA], [f"NS {N1}"], [HERE]),
    (10, "api.service.consul A", ["A 10.0.0.5"], [], []),
    (
        11,
        "api.service.consul SRV",
        ["SRV 1 1 9000 0a000005.addr.dc1.consul."],
        [],
        ["A 10.0.0.5", *M],
    ),
    (12, "v1.web.service.consul A", [HERE], [], []),
    ("12b", "V2.wEb.service.consul A", ["A 10.2.0.2"], [], []),
    ("12c", "a.b.db.service.consul A", ["A 10.0.0.7"], [], []),
    (14, "_web._tcp.service.consul SRV", BOTH_SRV, [], [*BOTH_A, *M, *M]),
    ("14b", "_web._tcp.service.consul A", BOTH_A, [], []),
    ("14c", "_web._v1.service.consul A", [HERE], [], []),
    (16, "_web._tcp.consul SRV", BOTH_SRV, [], [*BOTH_A, *M, *M]),
    ("16b", "_web._tcp.dc1.consul SRV", BOTH_SRV, [], [*BOTH_A, *M, *M]),
    (
        19,
        "db.service.consul SRV",
        ["SRV 1 10 5432 0a000007.addr.dc1.consul."],
        [],
        ["A 10.0.0.7", *M],
    ),
    (20, "v6svc.service.consul A", [], [SOA], []),
    ("20b", "v6svc.service.consul AAAA", ["AAAA 2001:db8::5"], [], []),
    (21, "v6svc.service.consul SRV", [f"SRV 1 1 81 {V6}"], [], ["AAAA 2001:db8::5", *M]),
    *(
        (22, f"ext.service.consul {qtype}", ["CNAME www.example.com."], [], [])
        for qtype in ("A", "AAAA", "MX", "CNAME", "ANY")
    ),
    (23, "ext.service.consul SRV", ["SRV 1 1 443 www.example.com."], [], M),
    (24, "alias.service.consul A", ["CNAME web.service.consul.", *BOTH_A], [], []),
    (
        "24b",
        "alias.service.consul SRV",
        ["SRV 1 1 444 web.service.consul."],
        [],
        [*BOTH_A, *M],
    ),
    (25, "mp.service.consul A", ["A 10.0.0.9", "A 10.0.0.10"], [], []),
    (27, "dupe.service.consul A", ["A 10.0.0.11"], [], []),
    (
        "27b",
        "dupe.service.consul SRV",
        ["SRV 1 1 1001 0a00000b.addr.dc1.consul."],
        [],
        ["A 10.0.0.11", *M],
    ),
    (28, "sn.service.consul SRV", [f"SRV 1 1 {n} {N1}" for n in (1, 2)], [], [HERE, *M] * 2),
    (29, "dual.service.consul A", ["A 10.0.0.21"], [], []),
    ("29b", "dual.service.consul AAAA", ["AAAA 2001:db8::21"], [], []),
    ("29c", "dual.service.consul ANY", ["AAAA 2001:db8::21"], [], []),
    (30, "warn.service.consul A", ["A 10.0.0.13"], [], []),
    (
        "30b",
        "warn.service.consul SRV",
        ["SRV 1 2 1 0a00000d.addr.dc1.consul."],
        [],
        ["A 10.0.0.13", *M],
    ),
    (31, "n1.node.consul A", [HERE], [], M),
    ("31b", "N1.node.dc1.consul ANY", [HERE, *M], [], []),
    ("31c", "n1.node.consul TXT", M, [], []),
    (32, "n1.node.consul AAAA", [], [], M),
    (33, "nope.node.consul MX", [], [], []),
    ("33b", "n1.node.dc2.consul MX", [], [], []),
    (39, "0a000005.addr.dc9.consul A", ["A 10.0.0.5"], [], []),
    ("39b", f"{V6.partition('.')[0]}.addr.a.b.consul AAAA", ["AAAA 2001:db8::5"], [], []),
    *(
        (40, f"0a000005.addr.dc1.consul {qtype}", [], [], ["A 10.0.0.5"])
        for qtype in ("AAAA", "SRV", "TXT")
    ),
    (48, "web.virtual.consul A", [], [], []),
    (49, "web.service.dc1.dc.consul A", BOTH_A, [], []),
    (51, "web.service.consul DS", [], [SOA], []),
    (55, "loop-a.service.consul A", LOOP, [], []),
    (57, "mixcn.service.consul A", ["A 10.0.0.14"], [], []),
    ("57b", "mixcn.service.consul AAAA", ["CNAME other.example."], [], []),
    (58, "same.service.consul SRV", ["SRV 1 1 7 7f000001.addr.dc1.consul."], [], [HERE, *M]),
]
DENIED = [
    (13, "nope.web.service.consul A"),
    (15, "_web._udp.service.consul SRV"),
    (16, "_web._tcp.consul A"),
    ("16b", "_web.service.consul SRV"),
    (30, "crit.service.consul A"),
    (33, "nope.node.consul A"),
    ("33b", "n1.node.dc2.consul A"),
    ("33c", "n1.node.dc1.peer.consul A"),
    (37, "nosuch.query.consul A"),
    (38, "_pq1._tcp.query.consul SRV"),
    (42, "zz000005.addr.consul A"),
    ("42b", "0a0000051.addr.consul A"),
    (46, "consul A"),
    ("46b", "consul ANY"),
    ("46c", "service.consul A"),
    ("46d", "ns.consul A"),
    ("46e", "dc1.consul A"),
    (47, "web.service.dc2.consul A"),
    ("47b", "web.service.dc1.extra.consul A"),
    ("47c", "web.node.service.consul A"),
    ("47d", "web.connect.consul A"),
    ("47e", "web.ingress.consul A"),
    ("47f", "web.service.dc2.dc.consul A"),
    ("47g", "web.service.other.peer.consul A"),
    ("47h", "web.service.http.port.consul SRV"),
    ("odd", r"we\000b.service.consul A"),
    ("odd2", r"a\.b.service.consul A"),
]


def names(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """What each row is called."""
    return [f"{row[0]}-{row[1].replace(' ', '-')}" for row in rows]


@pytest.mark.parametrize(
    ("_", "asked", "answer", "authority", "additional"), FOUND, ids=names(FOUND)
)
def test_a_name_that_exists_is_answered_as_by_consul(_, asked, answer, authority, additional):
    """Record for record, twice where Consul says it twice."""
    found = ask(DNS, *asked.split())
    assert 0 == found.rcode
    assert Counter(answer) == records(found.answer)
    assert Counter(authority) == records(found.authority)
    assert Counter(additional) == records(found.additional)


@pytest.mark.parametrize(("_", "asked"), DENIED, ids=names(DENIED))
def test_a_name_that_does_not_exist_is_denied_with_the_soa(_, asked):
    """Also the names that have others below them, as Consul has it."""
    found = ask(DNS, *asked.split())
    assert 3 == found.rcode
    assert (Counter(), Counter([SOA])) == (records(found.answer), records(found.authority))


@pytest.mark.parametrize(
    ("row", "qtype", "target"),
    [(11, "SRV", "0a000005.addr.dc1.consul."), (31, "A", "n1.node.consul.")],
)
def test_what_stands_beside_belongs_to_the_target_and_to_the_node(row, qtype, target):
    """The address to whom the SRV record names, the node's meta to the node."""
    found = ask(DNS, {11: "api.service.consul", 31: "n1.node.consul"}[row], qtype)
    expected = {11: {target, N1}, 31: {target}}[row]
    assert expected == owners(found.additional)


@pytest.mark.parametrize(
    ("edns", "tcp", "answers"),
    [(None, False, 3), (512, False, 3), (1232, False, 9), (None, True, 9)],
)
def test_row_52_three_of_many_go_into_a_small_datagram(edns, tcp, answers):
    """Silently: it is a choice that spreads the load, nothing that has to be asked for again."""
    found = ask(DNS, "many.service.consul", "A", edns=edns, tcp=tcp)
    assert answers == len(found.answer)
    assert not found.flags & 0x0200
    found = ask(DNS, "many.service.consul", "SRV", edns=edns, tcp=tcp)
    assert answers == len(found.answer)
    # Beside a choice stands one record for each target; over TCP the meta of the node, too.
    if answers == 3 or tcp:
        assert (3 if answers == 3 else 9 * 4) == len(found.additional)


def test_row_43_addresses_have_names():
    """The node before its services; who is critical still has a name."""
    shown = {"127.0.0.1": N1, "10.0.0.5": "api.service.dc1.consul."}
    shown |= {"10.0.0.12": "crit.service.dc1.consul.", "2001:db8::5": "v6svc.service.dc1.consul."}
    for text, target in shown.items():
        assert f"PTR {target}" == pointer(text), text


def test_row_45_nobody_is_at_other_addresses():
    """Somebody else may know them."""
    assert pointer("9.9.9.9") is None


def pointer(text: str) -> str | None:
    """What the reverse name of an address points to."""
    ip = ipaddress.ip_address(text)
    asked = query(ip.reverse_pointer, "PTR")
    reply = DNS.pointer(asked.question, ip)
    if reply is None:
        return None
    (shown,) = records(read(write(asked, reply, 65535)).answer)
    return shown
