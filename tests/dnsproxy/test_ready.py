"""What is made ready to be sent, from whom, and when it is not."""

import ctypes
import math
import socket
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import dns.edns
import dns.message
import pytest

from dnsproxy.core.access import AllowList
from dnsproxy.core.clients import ClientLimits, Clients
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.exchange import Source
from dnsproxy.core.gate import Query
from dnsproxy.core.hot import RENEWED_S
from dnsproxy.core.memory import Memory
from dnsproxy.core.policy import ZonePolicy
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.observer import Observer
from dnsproxy.edges.upstreams import UpstreamGroup
from dnsproxy.forwarding import ForwardZone
from dnsproxy.proxy import DnsProxy, ProxyOptions
from dnsproxy.resolver import Resolver, Routes
from tests.asking import ask, records
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import asked, says, scene
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S

CLIENT = "127.0.0.1"
KEY = bytes([127, 0, 0, 1])
SOA = "example. 900 SOA ns.example. admin.example. 1 2 3 4 60"
ANSWERS = {
    "www.example": [f"www.example. 600 A 192.0.2.{number}" for number in range(1, 5)],
    "one.example": ["one.example. 600 A 192.0.2.1"],
    "crowd.example": [f"crowd.example. 600 A 192.0.2.{number}" for number in range(1, 61)],
    "long.example": [
        f"long.example. 600 SRV 1 1 80 {'x' * 60}.n{number}.example." for number in range(8)
    ],
    "brief.example": ["brief.example. 0 A 192.0.2.1"],
    "alias.example": ["alias.example. 600 CNAME web.other."],
    "web.other": ["web.other. 600 A 192.0.2.9"],
}
# Asked for the first time, then often enough to be worth it, then once more to be made ready.
OFTEN = 4


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    """Of all names."""
    with ScriptedUpstream(says(ANSWERS, soa=SOA, aa=False)) as server:
        yield server


def proxy_for(upstream: ScriptedUpstream, limits: ClientLimits | None = None) -> DnsProxy:
    """One that remembers what that server says; it listens nowhere."""
    server = Endpoint("127.0.0.1", upstream.port)

    def zone(name: str) -> ForwardZone:
        return ForwardZone(name, UpstreamGroup(name, [server]), ZonePolicy(), memory)

    memory = Memory(2**20, 1000)
    routes = Routes(ZoneTable([((), zone(".")), ((b"other",), zone("other."))]))
    options = ProxyOptions(AllowList(["127.0.0.0/8"]))
    clients = Clients(b"secret of 16 byt", limits) if limits else None
    return DnsProxy([], Resolver(lambda client: routes), options, Observer(), clients)


def send(proxy: DnsProxy, wire: bytes, *, times: int = OFTEN, tcp: bool = False) -> bytes:
    """The last reply to so many of these queries, as the listener asks for them."""
    found = None
    for _ in range(times):
        found = proxy.accept(wire, CLIENT, tcp=tcp)
        if isinstance(found, Query):
            found = proxy.resolve(found, tcp=tcp)
    assert isinstance(found, bytes)
    return found


def ready(proxy: DnsProxy, wire: bytes) -> bool:
    """Whether the next one needs no look at it."""
    return wire[2:] in proxy.hot.clients.get(KEY, {})


def test_what_is_asked_for_often_is_made_ready(upstream):
    """Once is no habit."""
    proxy, wire = proxy_for(upstream), query_wire("www.example")
    send(proxy, wire, times=2)
    assert not ready(proxy, wire)
    send(proxy, wire)
    assert ready(proxy, wire)
    assert 1 == len(asked(upstream))


def test_denials_too(upstream):
    """A search list makes more of them than of answers."""
    proxy, wire = proxy_for(upstream), query_wire("nope.example")
    send(proxy, wire)
    assert ready(proxy, wire)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(query_wire("WwW.example"), id="random case"),
        pytest.param(query_wire("brief.example"), id="holds for no time"),
        pytest.param(query_wire("alias.example"), id="its alias lies in another zone"),
        pytest.param(query_wire("www.example", "ANY"), id="answered by a rule"),
    ],
)
def test_what_is_not_worth_it_or_not_one_answer_is_not(upstream, wire: bytes):
    """Names in random case would fill the table with what nobody asks for again."""
    proxy = proxy_for(upstream)
    send(proxy, wire)
    assert {} == proxy.hot.clients


@pytest.mark.parametrize("option", [dns.edns.CookieOption(b"12345678", b""), None])
def test_queries_with_options_are_not(upstream, option):
    """A cookie is another with each client; what else there is nobody sends twice."""
    proxy = proxy_for(upstream)
    options = [option] if option else []
    message = dns.message.make_query("www.example", "A", use_edns=0, payload=1232, options=options)
    send(proxy, message.to_wire())
    assert (option is None) == ready(proxy, message.to_wire())


def test_clients_with_a_limit_are_counted_one_by_one(upstream):
    """Theirs is not passed because an answer is ready."""
    proxy = proxy_for(upstream, ClientLimits(rate=1000, rate_private=1000))
    send(proxy, query_wire("www.example"))
    assert {} == proxy.hot.clients


def test_tcp_has_its_own_size(upstream):
    """What is asked for over TCP says nothing of what fits into a datagram."""
    proxy = proxy_for(upstream)
    send(proxy, query_wire("www.example"), tcp=True)
    assert {} == proxy.hot.clients


def test_new_settings_begin_with_nothing_ready(upstream):
    """Another may be let in, sizes may differ, and zones."""
    proxy, wire = proxy_for(upstream), query_wire("www.example")
    send(proxy, wire)
    proxy.swap([], proxy._term.resolver, replace(proxy._options, edns_size=512))
    assert not ready(proxy, wire)


def test_each_address_comes_first_as_often_as_the_others(upstream):
    """One of one has nothing to turn."""
    proxy = proxy_for(upstream)
    found = {}
    for name in ("one.example", "www.example"):
        wire = query_wire(name)
        send(proxy, wire)
        found[name] = proxy.hot.clients[KEY][wire[2:]]
    one, four = found.values()
    assert 1 == len({one.turn() for _ in range(50)})
    assert 4 == len({four.turn() for _ in range(50)})
    bodies = [ctypes.string_at(*four.turn()) for _ in range(4)]
    firsts = {dns.message.from_wire(b"\0\0" + body).answer[0][0].to_text() for body in bodies}
    assert {f"192.0.2.{number}" for number in range(1, 5)} == firsts


@pytest.mark.parametrize(
    ("name", "qtype", "size", "renewed_s"),
    [
        ("one.example", "A", None, math.inf),
        ("www.example", "A", None, RENEWED_S),
        # Eight of these do not fit into 512 bytes, but each comes first in one order.
        ("long.example", "SRV", None, RENEWED_S),
        # Of sixty addresses two come first.
        ("crowd.example", "A", None, RENEWED_S / 30),
        ("crowd.example", "A", 4096, RENEWED_S / 30),
    ],
)
def test_all_addresses_may_have_been_first_in_half_a_minute(
    upstream, name: str, qtype: str, size: int | None, renewed_s: float
):
    """All load on a few of sixty instances for half a minute would be no balance."""
    proxy = proxy_for(upstream)
    wire = query_wire(name, qtype, size)
    before = monotonic()
    send(proxy, wire)
    hot = proxy.hot.clients[KEY][wire[2:]]
    assert hot.renew(before + min(renewed_s, 500) - 0.01)
    assert (renewed_s == math.inf) == hot.renew(monotonic() + min(renewed_s, 500))


def test_what_comes_first_of_many_is_far_apart(upstream):
    """Neighbours would share what is cut off behind them."""
    proxy = proxy_for(upstream)
    wire = query_wire("crowd.example")
    send(proxy, wire)
    hot = proxy.hot.clients[KEY][wire[2:]]
    bodies = {ctypes.string_at(*hot.turn()) for _ in range(50)}
    told = [
        {item.to_text() for rrset in dns.message.from_wire(b"\0\0" + body).answer for item in rrset}
        for body in bodies
    ]
    assert 2 == len(told)
    assert not told[0] & told[1]


def test_what_is_given_is_counted_like_the_rest(upstream):
    """The ring and the counters do not know how an answer was made."""
    observer = Observer(ring=10)
    proxy = proxy_for(upstream)
    proxy._ready._observer = observer
    wire = query_wire("www.example")
    send(proxy, wire)
    answer = proxy.hot.clients[KEY][wire[2:]]
    answer.cell[0] += 1
    observer.note((answer, KEY, [0.0, 0.0001]))
    (told,) = observer.newest()
    assert (Source.MEMORY, CLIENT, 0, 4, False) == (
        told.source,
        told.client,
        told.rcode,
        told.answers,
        told.tcp,
    )
    assert 1 == observer.tally.queries()["udp", Source.MEMORY, "ok"]


def test_the_process_gives_what_is_ready_under_each_id_and_counts_down(waits):
    """What a client sees of all this: nothing."""
    with scene({}, {"www.example": ANSWERS["www.example"]}) as running:
        wanted = {f"A 192.0.2.{number}" for number in range(1, 5)}
        first = set()
        for _ in range(200):
            reply = ask(running.port, "www.example")
            assert wanted == records(reply)
            first.add(reply.answer[0][0].to_text())
        assert 4 == len(first)
        waits.until(
            "less is left",
            lambda: ask(running.port, "www.example").answer[0].ttl < 598,
            PATIENCE_S,
        )
        assert ["www.example. A"] == asked(running.upstream)


def test_a_reply_goes_where_its_query_came_from():
    """Many clients in one batch, each with an id of its own."""
    with scene({}, {"www.example": ANSWERS["www.example"]}) as running:
        for _ in range(10):
            ask(running.port, "www.example")
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(100)]
        for number, client in enumerate(clients):
            client.settimeout(10)
            wire = query_wire("www.example" if number % 3 else "other.example", id=number)
            client.sendto(wire, ("127.0.0.1", running.port))
        for number, client in enumerate(clients):
            reply = dns.message.from_wire(client.recv(4096))
            assert (number, 0 if number % 3 else 3) == (reply.id, reply.rcode())
            client.close()
