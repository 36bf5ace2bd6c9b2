"""Answers of a real Consul through the proxy: nothing is lost on the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dns.flags
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.lab.consul import ConsulAgent

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def agent(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul with a service of 9 instances and one of 400."""
    with ConsulAgent(consul_binary, node="n1") as running:
        for name, count in (("nine", 9), ("many", 400)):
            for number in range(count):
                address = f"10.1.{number // 250}.{number % 250 + 1}"
                body = {"ID": f"{name}{number}", "Name": name, "Address": address, "Port": 80}
                running.put("agent/service/register", body)
        yield running


@pytest.fixture(scope="module")
def proxy(agent: ConsulAgent) -> Iterator[Running]:
    """A DNS proxy in front of it."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--consul-dns", agent.dns_address]
    with Running("dnsproxy", *flags, "--upstream", "127.0.0.1:9") as running:
        yield running


def test_consuls_silent_cut_at_three_records_is_undone(agent: ConsulAgent, proxy: Running):
    """Asked without EDNS, Consul gives three of nine and sets no TC."""
    host, _, port = agent.dns_address.partition(":")
    direct = ask(int(port), "nine.service.consul", host=host)
    assert len(records(direct)) == 3
    assert not direct.flags & dns.flags.TC
    assert len(records(ask(proxy.port, "nine.service.consul"))) == 9


@pytest.mark.parametrize("qtype", ["A", "SRV"])
def test_four_hundred_instances_all_arrive_over_tcp(proxy: Running, qtype: str):
    """More than fit a datagram of Consul's: it is asked over TCP."""
    assert len(records(ask(proxy.port, "many.service.consul", qtype, tcp=True))) == 400


def test_more_questions_than_a_connection_of_consuls_takes_are_all_answered(proxy: Running):
    """It resets one after 128 queries; each of these needs TCP."""
    with ThreadPoolExecutor(4) as threads:
        asking = [
            threads.submit(ask, proxy.port, "many.service.consul", qtype, tcp=True)
            for _ in range(70)
            for qtype in ("A", "TXT")
        ]
        assert {400} == {sum(map(len, one.result().answer)) for one in asking}


def test_what_does_not_fit_says_so(proxy: Running):
    """TC towards the client, also where Consul would be silent."""
    reply = ask(proxy.port, "many.service.consul", edns=1232)
    assert reply.flags & dns.flags.TC
    assert len(records(reply)) > 60


def test_a_reply_is_consuls_in_all_that_counts(agent: ConsulAgent, proxy: Running):
    """rcode, AA, TTL 0, SOA; and the spelling is the client's."""
    host, _, port = agent.dns_address.partition(":")
    for name in ("nine.service.consul", "nope.service.consul", "n1.node.consul", "consul"):
        for qtype in ("A", "AAAA", "SRV", "SOA"):
            asked = name.title()
            direct = ask(int(port), asked, qtype, host=host, edns=4096)
            ours = ask(proxy.port, asked, qtype, edns=1232)
            assert rcode(direct) == rcode(ours)
            assert direct.flags & dns.flags.AA == ours.flags & dns.flags.AA
            assert ours.flags & dns.flags.RA
            assert f"{asked}." == ours.question[0].name.to_text()
            assert {r.ttl for r in direct.answer} == {r.ttl for r in ours.answer}
            if qtype != "SOA":
                assert records(direct) == records(ours)
            assert [r.rdtype for r in direct.authority] == [r.rdtype for r in ours.authority]
