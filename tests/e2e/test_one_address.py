"""The shares of a real Consul's instances in answers with one address."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from tests.asking import ask, records
from tests.commands import Running
from tests.lab.consul import ConsulAgent

pytestmark = pytest.mark.lab

ASKED = 400
# How seldom a right share is taken for a wrong one, below and above together.
SELDOM = Fraction(1, 10**9)
# Address, weight while passing: of each family a heavy and a light one.
INSTANCES = {"10.0.0.1": 10, "10.0.0.2": 1, "2001:db8::1": 10, "2001:db8::2": 1}


@pytest.fixture(scope="module")
def agent(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul with instances of either family, of both, and one in warning state."""
    with ConsulAgent(consul_binary, node="n1") as running:
        for ip, weight in INSTANCES.items():
            register(running, "web", ip, {"Passing": weight, "Warning": 1})
        register(running, "ill", "10.0.0.1", {"Passing": 10, "Warning": 1}, "warning")
        register(running, "ill", "10.0.0.2", {"Passing": 10, "Warning": 10})
        tagged = {"lan_ipv4": {"Address": "10.0.0.3"}, "lan_ipv6": {"Address": "2001:db8::3"}}
        register(running, "both", "10.0.0.1", {"Passing": 1, "Warning": 1})
        register(running, "both", "10.0.0.3", {"Passing": 1, "Warning": 1}, tagged=tagged)
        yield running


def register(
    agent: ConsulAgent,
    name: str,
    ip: str,
    weights: dict[str, int],
    health: str = "passing",
    tagged: dict[str, dict[str, str]] | None = None,
) -> None:
    """One instance of a service."""
    body = {"ID": f"{name}-{ip}", "Name": name, "Address": ip, "Port": 80, "Weights": weights}
    check = {"TTL": "1h", "Status": health}
    agent.put("agent/service/register", {**body, "Check": check, "TaggedAddresses": tagged or {}})


@pytest.fixture(scope="module")
def proxy(agent: ConsulAgent) -> Iterator[Running]:
    """A DNS proxy that remembers nothing."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", agent.dns_address]
    with Running(
        *("dnsproxy", *flags, "--upstream", "127.0.0.1:9"),
        SEAMARK_ONE_ADDRESS="true",
        SEAMARK_REMEMBER="false",
    ) as running:
        yield running


def bounds(share: Fraction) -> tuple[int, int]:
    """Between which a count out of ASKED lies, but for SELDOM: a binomial distribution's tails."""
    chances = [comb(ASKED, n) * share**n * (1 - share) ** (ASKED - n) for n in range(ASKED + 1)]
    low, high = 0, ASKED
    while sum(chances[: low + 1]) < SELDOM / 2:
        low += 1
    while sum(chances[high:]) < SELDOM / 2:
        high -= 1
    return low, high


def drawn(proxy: Running, name: str, qtype: str) -> Counter[str]:
    """How often each address came up; each answer has one."""
    found: Counter[str] = Counter()
    for _ in range(ASKED):
        (record,) = records(ask(proxy.port, name, qtype, edns=1232))
        found[record.split()[1]] += 1
    return found


@pytest.mark.parametrize(
    ("name", "qtype", "heavy", "light", "share"),
    [
        ("web.service.consul", "A", "10.0.0.1", "10.0.0.2", Fraction(10, 11)),
        ("web.service.dc1.consul", "AAAA", "2001:db8::1", "2001:db8::2", Fraction(10, 11)),
        ("ill.service.consul", "A", "10.0.0.2", "10.0.0.1", Fraction(10, 11)),
        ("both.service.consul", "A", "10.0.0.1", "10.0.0.3", Fraction(1, 2)),
    ],
)
def test_instances_come_up_by_their_weights(proxy, name, qtype, heavy, light, share):
    """consul#1481, #10963, #1088; an instance in warning state has its weight for that."""
    low, high = bounds(share)
    found = drawn(proxy, name, qtype)
    assert {heavy, light} == set(found)
    assert low <= found[heavy] <= high


def test_the_bounds_tell_ten_to_one_from_even():
    """Or the shares above would prove nothing."""
    assert bounds(Fraction(1, 2))[1] < bounds(Fraction(10, 11))[0]
