"""One address out of the SRV records of a service: who may be drawn, and how often."""

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from ipaddress import ip_address
from math import prod

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.choice import Draw, instances, uniform, weighted
from dnsproxy.core.consul import has_instances
from dnsproxy.core.names import from_text, to_text
from dnsproxy.core.records import Reply, unpack
from tests.dnsproxy.packets import query, reply

WEB = "web.service.consul"
ZONE = (b"consul",)
SMALL, LARGE, SIX = "10.0.0.1", "10.0.0.2", "2001:db8::1"


def target(address: str) -> str:
    """Whom Consul's SRV record of an instance with an address points to."""
    return f"{ip_address(address).packed.hex()}.addr.dc1.consul."


def srv(weight: int, name: str, port: int = 80, ttl: int = 30) -> str:
    """An SRV record of the service."""
    return f"{WEB}. {ttl} SRV 1 {weight} {port} {name}"


def glue(address: str, name: str = "", ttl: int = 30) -> str:
    """What stands beside it."""
    family = "A" if "." in address else "AAAA"
    return f"{name or target(address)} {ttl} {family} {address}"


def said(records: Sequence[str], additional: Sequence[str], rcode: int = 0) -> Reply:
    """Consul's reply to the question for SRV."""
    return unpack(reply(query(WEB, "SRV"), *records, rcode=rcode, additional=tuple(additional)))


def shares(pick: Callable[[Draw], Reply]) -> dict[str, Fraction]:
    """Each address that can be picked with its share: every drawing there is, once."""
    found: dict[str, Fraction] = {}
    paths: list[tuple[int, ...]] = [()]
    while paths:
        path = paths.pop()
        asked: list[int] = []

        def draw(below: int, path: tuple[int, ...] = path, asked: list[int] = asked) -> int:
            asked.append(below)
            return path[len(asked) - 1] if len(asked) <= len(path) else 0

        picked = pick(draw)
        if len(asked) > len(path):
            paths += [(*path, number) for number in range(asked[len(path)])]
            continue
        for address in addresses(picked):
            found[address] = found.get(address, Fraction()) + Fraction(1, prod(asked))
    return found


def addresses(picked: Reply) -> list[str]:
    """Those of an answer as text."""
    data = [record.rdata[0] for record in picked.answer]
    return [str(ip_address(part)) for part in data if isinstance(part, bytes)]


def drawn(
    records: Sequence[str], additional: Sequence[str], qtype: str = "A", plain: Reply | None = None
) -> dict[str, Fraction]:
    """The shares of a service's addresses; none if SRV shows none."""
    asked = query(WEB, qtype).question
    found = instances(said(records, additional), asked.qtype, ZONE)
    return shares(lambda draw: weighted(found, asked, draw, plain)) if found.shown else {}


NODE = "n1.node.dc1.consul."
ROWS = [
    ("one", [srv(1, target(SMALL))], [glue(SMALL)], {SMALL: 1}),
    (
        "by-weight",
        [srv(1, target(SMALL)), srv(10, target(LARGE))],
        [glue(SMALL), glue(LARGE)],
        {SMALL: Fraction(1, 11), LARGE: Fraction(10, 11)},
    ),
    (
        "two-instances-on-one-address",
        [srv(1, NODE, 80), srv(2, NODE, 81), srv(1, target(LARGE))],
        [glue(SMALL, NODE), glue(SMALL, NODE), glue(LARGE)],
        {SMALL: Fraction(3, 4), LARGE: Fraction(1, 4)},
    ),
    (
        "zero-everywhere",
        [srv(0, target(SMALL)), srv(0, target(LARGE))],
        [glue(SMALL), glue(LARGE)],
        {SMALL: Fraction(1, 2), LARGE: Fraction(1, 2)},
    ),
    (
        "zero-beside-others",
        [srv(0, target(SMALL)), srv(1, target(LARGE))],
        [glue(SMALL), glue(LARGE)],
        {LARGE: 1},
    ),
    (
        "another-family-does-not-count",
        [srv(1, target(SMALL)), srv(9, target(SIX))],
        [glue(SMALL), glue(SIX)],
        {SMALL: 1},
    ),
    (
        "an-instance-with-two-addresses",
        [srv(1, NODE), srv(1, target(LARGE))],
        [glue(SMALL, NODE), glue("10.0.0.3", NODE), glue(LARGE)],
        {SMALL: Fraction(1, 4), "10.0.0.3": Fraction(1, 4), LARGE: Fraction(1, 2)},
    ),
    (
        "a-target-without-address-is-none",
        [srv(1, target(SMALL)), srv(9, target(LARGE))],
        [glue(SMALL)],
        {SMALL: 1},
    ),
    (
        "names-are-compared-without-case",
        [srv(1, "N1.node.dc1.Consul.")],
        [glue(SMALL, "n1.node.DC1.consul.")],
        {SMALL: 1},
    ),
    (
        "what-is-not-consuls-is-for-others-to-tell",
        [srv(1, target(SMALL)), srv(9, "www.example.")],
        [glue(SMALL), glue(LARGE, "www.example.")],
        {SMALL: 1},
    ),
    ("only-another-family", [srv(1, target(SIX))], [glue(SIX)], {}),
    ("only-outside", [srv(1, "www.example.")], [glue(SMALL, "www.example.")], {}),
    ("an-alias", [f"{WEB}. 0 CNAME www.example."], [], {}),
    ("nothing", [], [], {}),
]


@pytest.mark.parametrize(
    ("records", "additional", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_each_address_has_the_share_that_the_weights_give_it(records, additional, expected):
    """RFC 2782: out of all drawings that there are."""
    assert expected == drawn(records, additional)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.sampled_from([SMALL, LARGE, "10.0.0.3", SIX, "2001:db8::2"])
        ),
        max_size=6,
    ),
    st.sampled_from(["A", "AAAA"]),
)
def test_shares_are_those_of_the_weights_whatever_the_instances(instances, qtype):
    """Each address has the sum of its instances' weights; of none, their number."""
    records = [srv(weight, target(ip), 80 + n) for n, (weight, ip) in enumerate(instances)]
    found = drawn(records, [glue(ip) for _, ip in instances], qtype)
    fitting = [(weight, ip) for weight, ip in instances if (":" in ip) == (qtype == "AAAA")]
    if not any(weight for weight, _ in fitting):
        fitting = [(1, ip) for _, ip in fitting]
    expected: Counter[str] = Counter()
    for weight, ip in fitting:
        expected[ip] += weight
    total = sum(expected.values())
    assert {ip: Fraction(w, total) for ip, w in expected.items() if w} == found


@pytest.mark.parametrize(("of_srv", "of_address", "told"), [(30, 20, 20), (10, 20, 10), (0, 9, 0)])
def test_the_answer_is_the_questions_own(of_srv, of_address, told):
    """Spelled as it was asked, one record, and neither TTL is stretched."""
    consul = said([srv(1, target(SMALL), ttl=of_srv)], [glue(SMALL, ttl=of_address)])
    asked = query("Web.Service.CONSUL").question
    picked = weighted(instances(consul, asked.qtype, ZONE), asked, lambda below: 0)
    (record,) = picked.answer
    assert ("Web.Service.CONSUL.", told) == (to_text(record.owner), record.ttl)
    assert () == picked.authority + picked.additional
    assert not picked.stale


def test_an_error_with_records_is_no_answer():
    """Whatever stands beside it."""
    consul = said([srv(1, target(SMALL))], [glue(SMALL)], rcode=2)
    assert () == instances(consul, 1, ZONE).shown


@pytest.mark.parametrize(
    ("records", "additional", "whole"),
    [
        ([srv(1, target(SMALL))], [glue(SMALL)], True),
        ([srv(1, target(SMALL)), srv(1, "www.example.")], [glue(SMALL)], True),
        ([srv(1, target(SMALL)), srv(1, target(SIX))], [glue(SMALL), glue(SIX)], False),
        ([srv(1, target(SMALL)), srv(1, target(LARGE))], [glue(SMALL)], False),
        ([srv(1, target(SIX))], [glue(SIX)], False),
        ([], [], False),
    ],
)
def test_the_question_itself_is_needed_where_an_instance_shows_no_address(
    records, additional, whole
):
    """It may have one of this family beside the one that is shown."""
    assert whole == instances(said(records, additional), 1, ZONE).is_whole


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ([SMALL, LARGE], {SMALL: Fraction(1, 4), LARGE: Fraction(3, 4)}),
        (
            [SMALL, LARGE, "10.0.0.3"],
            {SMALL: Fraction(1, 7), LARGE: Fraction(3, 7), "10.0.0.3": Fraction(3, 7)},
        ),
        ([SMALL], {SMALL: 1}),
        ([], {SMALL: 1}),
    ],
)
def test_an_address_that_srv_does_not_show_has_the_average_weight_of_those_hidden(plain, expected):
    """Tagged addresses: none may starve, and which weight is whose nobody tells."""
    records = [srv(1, target(SMALL)), srv(2, target(SIX)), srv(4, target("2001:db8::2"))]
    beside = [glue(SMALL), glue(SIX), glue("2001:db8::2")]
    consul = said([f"{WEB}. 0 A {ip}" for ip in plain], [])
    assert expected == drawn(records, beside, plain=consul)


def test_addresses_at_the_end_of_a_cname_are_not_the_services_own():
    """They are somebody else's, without a share."""
    alias = said([f"{WEB}. 0 CNAME db.example.", f"db.example. 0 A {LARGE}"], [])
    found = drawn([srv(1, target(SMALL)), srv(1, target(SIX))], [glue(SMALL)], plain=alias)
    assert {SMALL: 1} == found


def test_an_answer_without_weights_keeps_one_address_and_its_cnames():
    """Each address as likely as any other."""
    alias, end = f"{WEB}. 0 CNAME db.service.consul.", "db.service.consul."
    consul = said([alias, f"{end} 0 A {SMALL}", f"{end} 0 A {LARGE}"], [])
    last = uniform(consul, 1, lambda below: below - 1)
    assert [5, 1] == [record.rtype for record in last.answer]
    half = Fraction(1, 2)
    plain = said([f"{WEB}. 0 A {SMALL}", f"{WEB}. 0 A {LARGE}"], [])
    assert {SMALL: half, LARGE: half} == shares(lambda draw: uniform(plain, 1, draw))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web.service", True),
        ("v1.web.service", True),
        ("a.b.web.service.dc2", True),
        ("_web._tcp.service", True),
        ("geo.query", True),
        ("geo.query.dc1", True),
        ("service", False),
        ("query.dc1", False),
        ("_web._tcp", False),
        ("n1.node", False),
        ("service.node.dc1", False),
        ("0a000005.addr.dc1", False),
        ("web.connect", False),
        ("web.virtual", False),
        (".", False),
    ],
)
def test_only_services_and_queries_have_instances(name, expected):
    """The last keyword counts, as Consul reads it."""
    assert expected == has_instances(from_text(name))
