"""Sets of services that both catalogs are told, in one file, and the names to ask for them."""

import ipaddress
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.e2e.differential.improvements import packets_of_all
from tests.e2e.differential.questions import Question, name, odd_names, qtype
from tests.e2e.differential.wire import Labels

NODE = "n1"
ADDRESS = "127.0.0.1"
DOMAIN, ALT_DOMAIN = "consul", "other.example"
NODE_META = {"env": "prod", "rfc1035-foo": "bar", "quoted": "a`b=c", "long": "x" * 200}

Definition = dict[str, Any]

_LABEL_MAX = 63
# What is a keyword, cannot be asked for, or is spelled oddly; the rest is drawn.
_ODD_NAMES = (
    "web",
    "MixedCase",
    "under_score",
    "_lead",
    "dot.name",
    "node",
    "service",
    "dc1",
    "x" * _LABEL_MAX,
)
_TAGS = ("v1", "V2", "a.b", "udp", "tcp", "master", "_x", "web", "service")
_HOSTS = (
    "www.example.com",
    "MIXED.example.",
    "10.0.0.5:80",
    "n1.node.consul",
    "0a000005.addr.consul",
    "web.service.consul",
    "WEB.Service.DC1.consul",
    "mixedcase.service.consul",
    "nope.service.consul",
    "self.service.consul",
    "loop-a.service.consul",
    "loop-b.service.consul",
)
_names = st.sampled_from(_ODD_NAMES) | st.from_regex(
    r"[A-Za-z0-9]([A-Za-z0-9_-]{0,8}[A-Za-z0-9])?", fullmatch=True
)
# Few enough that some are drawn twice.
_ipv4 = st.integers(1, 12).map(lambda n: f"10.0.0.{n}")
_ipv6 = st.integers(1, 12).map(lambda n: f"fd00::{n:x}")
_ips = _ipv4 | _ipv6
_addresses = st.one_of(st.just(""), _ips, _ips, st.sampled_from(_HOSTS), st.just("::ffff:10.9.9.9"))
_ports = st.sampled_from([0, 80, 443, 65535]) | st.integers(1, 65535)
_tagged = st.fixed_dictionaries(
    {},
    optional={
        key: st.fixed_dictionaries({"address": addresses, "port": _ports})
        for key, addresses in {
            "lan": _ips,
            "wan": _ips,
            "mine": _ips,
            "lan_ipv4": _ipv4,
            "wan_ipv4": _ipv4,
            "lan_ipv6": _ipv6,
        }.items()
    },
)
_statuses = st.lists(st.sampled_from(["passing", "passing", "warning", "critical"]), max_size=2)
_services = st.fixed_dictionaries(
    {"name": _names, "address": _addresses, "port": _ports},
    optional={
        "tags": st.lists(st.sampled_from(_TAGS), max_size=3, unique=True),
        "meta": st.dictionaries(st.sampled_from("abc"), st.text("xyz", max_size=5), max_size=2),
        "weights": st.fixed_dictionaries(
            {"passing": st.integers(1, 65535), "warning": st.integers(0, 65535)}
        ),
        "tagged_addresses": _tagged,
        "checks": _statuses.map(lambda all_of_them: [_check(one) for one in all_of_them]),
    },
)


def _check(status: str) -> dict[str, str]:
    return {"name": "up", "ttl": "9999h", "status": status}


# What every set has: a crowd, loops, aliases of itself, one address and port twice.
_ALWAYS: tuple[Definition, ...] = (
    *({"name": "crowd", "address": f"10.1.0.{n}", "port": n} for n in range(1, 31)),
    *({"name": "pair", "address": f"10.2.0.{n}", "port": 80} for n in (1, 2)),
    {"name": "loop-a", "address": "loop-b.service.consul", "port": 1},
    {"name": "loop-b", "address": "loop-a.service.consul", "port": 1},
    {"name": "self", "address": "self.service.consul", "port": 1},
    {"name": "to-crowd", "address": "crowd.service.consul", "port": 1},
    {"name": "dupe", "address": "10.3.0.1", "port": 5},
    {"name": "dupe", "address": "10.3.0.1", "port": 5},
    {"name": "here", "port": 1},
    {"name": "here", "port": 2},
    {"name": "ill", "address": "10.3.0.2", "port": 1, "checks": [_check("warning")]},
    {"name": "dead", "address": "10.3.0.3", "port": 1, "checks": [_check("critical")]},
)


@st.composite
def sets(draw: st.DrawFn) -> list[Definition]:
    """One set of services, in the order of the file."""
    drawn = draw(st.lists(_services, min_size=20, max_size=40))
    found = [dict(service) for service in (*_ALWAYS, *drawn)]
    kept = [service for service in found if not _is_second_alias(service, found)]
    # Of two that may be one SRV record, which one's weight is told is left to chance, too.
    weights: dict[tuple[str, int], dict[str, Any]] = {}
    for service in kept:
        own: dict[str, Any] = {
            key: service.pop(key) for key in ("weights", "checks") if key in service
        }
        service.update(weights.setdefault((service["name"].lower(), service["port"]), own))
    return kept


def _is_second_alias(service: Definition, services: list[Definition]) -> bool:
    """Whether another one of the service stands at a host: which one is told is left to chance."""
    hosts = [
        one
        for one in services
        if one["name"].lower() == service["name"].lower() and one.get("address") in _HOSTS
    ]
    return any(one is service for one in hosts[1:])


def with_ids(services: list[Definition], prefix: str) -> list[Definition]:
    """The services under ids that no other set has, so that one can tell when it is there."""
    return [{**one, "id": f"{prefix}-{number}"} for number, one in enumerate(services)]


def names(
    rng: random.Random, services: list[Definition], domains: list[str], *, pairs: bool
) -> list[Labels]:
    """Every form of name that the set gives occasion to; ``pairs``: those with `dc1.dc`, too."""
    forms = [form for service in services for form in _forms(service, pairs=pairs)]
    texts = list(dict.fromkeys(forms)) + _FORMS.split() + (_PAIRS.split() if pairs else [])
    found: list[Labels] = []
    for domain in domains:
        found += [name(domain), *(name(f"{text}.{domain}") for text in texts)]
        found += odd_names(rng, name(f"service.{domain}"))
        found += odd_names(rng, name(domain))
    return found + [name(ip.reverse_pointer) for ip in _private(services)]


def _forms(service: Definition, *, pairs: bool) -> Iterator[str]:
    called = service["name"]
    yield f"{called}.service"
    yield f"{called}.service.dc1"
    tags = service.get("tags", ())
    yield from (f"{tag}.{called}.service" for tag in tags)
    if len(called) < _LABEL_MAX:
        yield f"_{called}._tcp.service"
        yield f"_{called}._tcp"
        yield from (f"_{called}._{tag}.service" for tag in tags)
    if pairs:
        yield f"{called}.service.dc1.dc"


_FORMS = """
nope.service nope.crowd.service _crowd._udp.service _crowd.service crowd.service.dc2 a._crowd
crowd.service.dc1.extra crowd.node.service a._tcp x._crowd._tcp _crowd._tcp.dc1 _crowd._tcp.dc2
n1.node N1.node.dc1 nope.node n1.node.dc2 a.n1.node node service query addr connect ingress virtual
0a000005.addr 0a000005.addr.dc1 0a000005.addr.a.b.c zz000005.addr 0a0000051.addr 0A0B0C0D.addr
20010db8000000000000000000000005.addr fd000000000000000000000000000001.addr.dc9 5.0a000005.addr
crowd.query crowd.query.dc1 crowd.connect x.crowd.connect crowd.ingress crowd.virtual nope.virtual
_crowd._tcp.query crowd.query.dc2 crowd.query.a.b
ns dc1 dc1.dc hostmaster unknown a.b.c consul.service v.consul.service _consul._tcp
crowd.service.dc1.ns crowd.service.default.ns.dc1.dc crowd.service.x.ap
"""
_PAIRS = """
crowd.service.dc2.dc crowd.service.http.port crowd.service.http.port.dc1.dc n1.node.dc1.dc
n1.node.dc2.dc crowd.service.other.peer n1.node.other.peer crowd.service.dc1.dc.dc1.peer
_crowd._tcp.dc1.dc _crowd._tcp.service.dc1.dc crowd.virtual.dc1.dc crowd.virtual.x.peer
crowd.service.dc2.dc.dc1.dc crowd.service.dc1.dc.x.port.y.port.z.port n1.node.http.port
"""


def _private(
    services: list[Definition],
) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Addresses that somebody may ask after: those of services, and of none."""
    for service in services:
        try:
            ip = ipaddress.ip_address(service.get("address", ""))
        except ValueError:
            continue
        if not getattr(ip, "ipv4_mapped", None):
            yield ip
    yield from map(ipaddress.ip_address, ("10.99.99.99", "fd00::99"))


def surely(domain: str) -> Iterator[Question]:
    """A question for each deviation, whatever the seed."""
    yield from packets_of_all(name(f"crowd.service.{domain}"))
    for text, number in (
        ("crowd.service", qtype("A")),
        ("crowd.service", qtype("SRV")),
        ("to-crowd.service", qtype("A")),
        ("0A000005.ADDR", qtype("A")),
        ("CrOwD.SerVice", qtype("SRV")),
        ("consul.service", qtype("A")),
        ("consul.service", qtype("SRV")),
        ("n1.node", qtype("TXT")),
        ("n1.node", qtype("ANY")),
    ):
        for edns in (None, 512, 1232):
            for tcp in (False, True):
                yield Question(name(f"{text}.{domain}"), number, edns=edns, tcp=tcp)
    for text in ("10.3.0.1", "10.3.0.3", "10.99.99.99", "fd00::99"):
        for number in (qtype("PTR"), qtype("A")):
            yield Question(name(ipaddress.ip_address(text).reverse_pointer), number)
