"""Answers of a catalog in this process: for how long the same is told."""

import socket

import pytest

from catalog.embedded import EmbeddedCatalog
from catalog.model import Node, Service
from dnsproxy.core import leases
from dnsproxy.core.access import AllowList
from dnsproxy.core.consul import Delegated
from dnsproxy.core.exchange import Source
from dnsproxy.core.leases import Leases
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Type, question
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.observer import Observer
from dnsproxy.embedded import EmbeddedZone
from dnsproxy.proxy import DnsProxy, ProxyOptions
from dnsproxy.resolver import Resolver, Routes
from tests.dnsproxy.embedding import CONSUL, embedded
from tests.dnsproxy.packets import query_wire

NOW = 1000.0
WEB = Request(question((b"web", b"service", b"consul"), Type.A)).key
DB = Request(question((b"db", b"service", b"consul"), Type.A)).key


def test_what_was_asked_for_before_has_a_lease():
    """The same one while it lasts, so that its forms are counted; then another."""
    kept = Leases()
    assert kept.of(WEB, NOW) is None
    first = kept.of(WEB, NOW)
    assert first is kept.of(WEB, NOW + 1)
    assert first is not None
    assert first.until > NOW + 1
    second = kept.of(WEB, first.until)
    assert second is not None
    assert second is not first
    assert kept.of(DB, NOW) is None


def test_a_change_ends_all():
    """What is asked for after it has a new one at once."""
    kept = Leases()
    kept.of(WEB, NOW)
    before = kept.of(WEB, NOW)
    kept.changed()
    assert before is not None
    assert 0.0 == before.until
    after = kept.of(WEB, NOW)
    assert after is not None
    assert after.until > NOW


def test_names_without_end_take_no_room_without_end(monkeypatch: pytest.MonkeyPatch):
    """A spray of names that do not exist is remembered up to a bound."""
    monkeypatch.setattr(leases, "KEYS_MAX", 10)
    kept = Leases()
    held = []
    for number in range(100):
        key = Request(question((b"x%d" % number,), Type.A)).key
        kept.of(key, NOW)
        held.append(kept.of(key, NOW))
        assert 10 >= len(kept._asked)
        assert 10 >= len(kept._leases)
    # None outlives the place that would end it.
    assert 10 >= sum(lease.until > NOW for lease in held if lease)


def service(number: int) -> Service:
    """One instance of web."""
    return Service(id=f"web-{number}", name="web", port=80, address=f"10.1.0.{number}")


def test_a_change_of_the_catalog_is_in_the_next_answer():
    """However often the one before was given."""
    catalog, kept = EmbeddedCatalog(Node(name="n1", address="10.0.0.1"), [service(1)]), Leases()
    catalog.listeners.add(kept)
    zone = EmbeddedZone(CONSUL, embedded(catalog), kept, delegated=Delegated(()))
    routes = Routes(ZoneTable([((b"consul",), zone)]))
    observer = Observer(ring=10)
    options = ProxyOptions(AllowList(["127.0.0.0/8"]))
    proxy = DnsProxy([], Resolver(lambda client: routes), options, observer)
    wire = query_wire("web.service.consul")
    for expected, change in (
        (2, lambda: catalog.register(service(2))),
        (1, lambda: catalog.deregister("web-1")),
        (0, lambda: catalog.deregister("web-2")),
        (1, lambda: catalog.register(service(3))),
    ):
        for _ in range(3):
            proxy.accept(wire, "127.0.0.1", tcp=False)
        ready = proxy.hot.clients[socket.inet_aton("127.0.0.1")][wire[2:]]
        assert ready.renew(ready.until - 0.5)
        change()
        assert not ready.renew(0.0)
        reply = proxy.accept(wire, "127.0.0.1", tcp=False)
        assert isinstance(reply, bytes)
        assert expected == int.from_bytes(reply[6:8], "big")
    assert Source.EMBEDDED is observer.newest()[0].source


def test_who_listens_no_more_is_not_held():
    """Each change of settings makes another listener."""
    catalog = EmbeddedCatalog(Node(name="n1", address="10.0.0.1"))
    for _ in range(5):
        kept = Leases()
        catalog.listeners.add(kept)
    assert 1 == len(catalog.listeners)
