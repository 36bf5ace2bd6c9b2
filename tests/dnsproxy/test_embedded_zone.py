"""The embedded zone as the resolver has it: the grammar of its names, leases, reverse names."""

import time
from typing import Any

import pytest

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service
from dnsproxy.core.consul import Delegated
from dnsproxy.core.dns_config import DnsConfig
from dnsproxy.core.exchange import Source
from dnsproxy.core.grammar import NodeLookup, ServiceLookup, VirtualLookup, parse
from dnsproxy.core.leases import Leases
from dnsproxy.core.names import from_text
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode, Type, question
from dnsproxy.embedded import EmbeddedReverse, EmbeddedZone
from tests.dnsproxy.embedding import CONSUL, embedded

NODE = Node(name="n1", address="10.1.0.1")
MANY = [Service(id=f"web{n}", name="web", port=n, address=f"10.2.0.{n}") for n in range(1, 10)]


GRAMMAR = [
    ("x._tcp", Type.SRV, ServiceLookup("_tcp", "x")),
    ("a._web", Type.SRV, ServiceLookup("_web", "a")),
    ("_web._tcp.service.dc1.dc", Type.A, ServiceLookup("web")),
    ("web.service.http.port", Type.A, ServiceLookup("web", port=b"http")),
    ("web.service.dc2.dc.dc1.dc", Type.A, ServiceLookup("web")),
    ("web.service.dc1.dc.dc2.peer", Type.A, None),
    ("n1.node.dc1.dc.dc2.peer", Type.A, None),
    ("web.service.a.port.b.port.c.port.d.port", Type.A, None),
    ("web.service.x.sg", Type.A, None),
    ("web.service.dc1.peer", Type.A, None),
    ("n1.node.dc2", Type.A, NodeLookup("n1", here=False)),
    ("n1.node.dc2.extra", Type.A, None),
    ("a.b.node", Type.A, NodeLookup("a.b")),
    (r"a\.b.node", Type.A, NodeLookup(r"a\.b")),
    (r"\ \255.node", Type.A, NodeLookup(r"\ \255")),
    ("web.virtual.any", Type.A, VirtualLookup()),
    ("virtual", Type.A, None),
]


@pytest.mark.parametrize(("name", "qtype", "expected"), GRAMMAR, ids=[row[0] for row in GRAMMAR])
def test_a_name_says_what_is_asked_for(name: str, qtype: int, expected: object):
    """The grammar of the current release."""
    assert expected == parse(from_text(name), qtype)


def zone(*services: Service, empty_names: bool = False, **config: Any) -> EmbeddedZone:
    """The zone `consul.`."""
    side = embedded(EmbeddedCatalog(NODE, services), DnsConfig(**config))
    return EmbeddedZone(CONSUL, side, Leases(), delegated=Delegated(()), empty_names=empty_names)


def test_a_choice_is_drawn_anew_for_each_answer():
    """Kept ready, one of two addresses would be everybody's for seconds."""
    request = Request(question(from_text("web.service.consul"), Type.A))
    for limit, is_kept in ((2, False), (0, True)):
        asked = zone(*MANY, a_record_limit=limit)
        assert [False, is_kept] == [asked.recall(request).lease is not None for _ in range(2)]


def test_names_without_records_may_be_said_to_be_there():
    """`dns.empty_names`, as in front of a Consul."""
    for empty_names, rcode in ((False, Rcode.NXDOMAIN), (True, Rcode.NOERROR)):
        asked = zone(empty_names=empty_names)
        for name, expected in (("service.consul", rcode), ("nope.service.consul", 3)):
            request = Request(question(from_text(name), Type.A))
            assert expected == asked.recall(request).reply.rcode


@pytest.mark.parametrize(
    ("qtype", "answers"), [(Type.PTR, 1), (Type.ANY, 1), (Type.A, 0), (Type.TXT, 0)]
)
def test_a_reverse_name_has_a_pointer_and_nothing_else(qtype: int, answers: int):
    """Consul gives the pointer whatever is asked for."""
    reverse = EmbeddedReverse(embedded(EmbeddedCatalog(NODE, MANY)))
    request = Request(question(from_text("3.0.2.10.in-addr.arpa"), qtype))
    found = reverse.recall(request)
    assert found is not None
    assert (Source.EMBEDDED, answers) == (found.source, len(found.reply.answer))
    assert found == reverse.ask(request, time.monotonic())
    other = Request(question(from_text("99.0.2.10.in-addr.arpa"), qtype))
    assert reverse.recall(other) is None
