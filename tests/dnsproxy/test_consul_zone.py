"""Names of Consul's: other domains, other datacenters, reverse names, outages."""

from collections.abc import Iterator, Sequence

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.scripted import SOA, asked, says, scene
from tests.upstream import Script, ScriptedUpstream
from tests.waits import PATIENCE_S, Waits

WEB = "web.service.consul. 0 A 10.0.0.1"


def test_an_alternative_domain_has_all_of_consuls_names():
    """Owners, targets and SOA lie in the domain that was asked (consul#10224, #10431, #3439)."""
    consul = {
        "web.service.consul": [WEB, "web.service.consul. 0 SRV 1 1 80 n1.node.dc1.consul."],
    }
    with scene(consul, {}, "--alt-domain", "int.example") as running:
        assert {"A 10.0.0.1"} == records(ask(running.port, "Web.Service.int.Example"))
        reply = ask(running.port, "web.service.int.example", "SRV")
        assert {"SRV 1 1 80 n1.node.dc1.int.example."} == records(reply)
        denied = ask(running.port, "nope.service.int.example")
        assert "NXDOMAIN" == rcode(denied)
        assert ["int.example."] == [rrset.name.to_text() for rrset in denied.authority]
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.consul"))
        assert [] == asked(running.upstream)


def test_consul_may_have_another_domain():
    """`domain` in its configuration; then consul. is a name like any other."""
    consul = {"web.service.corp": ["web.service.corp. 0 A 10.0.0.1"]}
    with scene(consul, {"a.consul": ["a.consul. 60 A 192.0.2.1"]}, "--domain", "corp") as running:
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.corp"))
        assert {"A 192.0.2.1"} == records(ask(running.port, "a.consul"))


def test_other_datacenters_are_searched_for_what_the_own_one_denies():
    """In the order given, and the answer's owner is the name that was asked for."""
    consul = {
        "web.service.consul": [WEB],
        "db.service.dc3.consul": ["db.service.dc3.consul. 0 A 10.3.0.1"],
        "v1.api.service.dc2.consul": ["v1.api.service.dc2.consul. 0 A 10.2.0.1"],
    }
    flags = ["--datacenter", "dc2", "--datacenter", "dc3"]
    with scene(consul, {}, *flags) as running:
        assert {"A 10.0.0.1"} == records(ask(running.port, "web.service.consul"))
        reply = ask(running.port, "db.service.consul")
        assert {"A 10.3.0.1"} == records(reply)
        assert "db.service.consul." == reply.answer[0].name.to_text()
        assert "NOERROR" == rcode(ask(running.port, "db.service.consul", "AAAA"))
        assert {"A 10.2.0.1"} == records(ask(running.port, "v1.api.service.consul"))
        assert "NXDOMAIN" == rcode(ask(running.port, "nope.service.consul"))
        assert "NXDOMAIN" == rcode(ask(running.port, "nope.service.dc2.consul"))
        there = [name for name in asked(running.consul) if name.startswith("nope.service.dc2")]
        assert 2 == len(there)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("consul", "NOERROR"),
        ("service.consul", "NOERROR"),
        ("node.dc1.consul", "NOERROR"),
        ("nope.service.consul", "NXDOMAIN"),
        ("nope.consul", "NXDOMAIN"),
    ],
)
def test_names_with_names_below_them_exist_if_asked_to(name: str, code: str):
    """consul#6579, #1906: who minimises names stops at Consul's NXDOMAIN."""
    with scene({}, {}, SEAMARK_EMPTY_NAMES="true") as running:
        reply = ask(running.port, name)
        assert code == rcode(reply)
        assert ["consul."] == [rrset.name.to_text() for rrset in reply.authority]
    with scene({}) as running:
        assert "NXDOMAIN" == rcode(ask(running.port, name))


def test_a_denial_of_consuls_never_holds_longer_than_five_seconds():
    """consul#743: a Windows client keeps one for its SOA's time."""
    soa = SOA.replace(" 0 SOA", " 900 SOA").replace("86400 0", "86400 900")
    with (
        ScriptedUpstream(says({}, soa=soa)) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address),
        ) as proxy,
    ):
        assert [5] == [rrset.ttl for rrset in ask(proxy.port, "a.service.consul").authority]


@pytest.mark.parametrize("miss", [3, 2, 5, ()], ids=["NXDOMAIN", "SERVFAIL", "REFUSED", "NODATA"])
def test_a_reverse_name_that_consul_does_not_know_is_asked_upstream(miss):
    """consul#6462, #10577: Consul takes all of arpa for its own, and denies in several ways."""
    known, other = "1.0.18.198.in-addr.arpa", "2.0.18.198.in-addr.arpa"
    consul = {known: [f"{known}. 0 PTR n1.node.dc1.consul."], other: miss}
    upstream = {other: [f"{other}. 60 PTR www.example."], known: [f"{known}. 60 PTR x.example."]}
    with scene(consul, upstream, SEAMARK_CONSUL_REVERSE="198.18.0.0/24") as running:
        assert {"PTR n1.node.dc1.consul."} == records(ask(running.port, known, "PTR"))
        assert {"PTR www.example."} == records(ask(running.port, other, "PTR"))
        assert [f"{other}. PTR"] == asked(running.upstream)
        ask(running.port, "9.1.18.198.in-addr.arpa", "PTR")
        assert "9.1.18.198.in-addr.arpa. PTR" not in asked(running.consul)


def test_a_name_with_a_pointer_is_no_missing_name_to_other_types():
    """Consul says the pointer to any type; NXDOMAIN would deny the pointer too (RFC 8020)."""
    known = "7.0.0.10.in-addr.arpa"
    with scene({known: [f"{known}. 0 PTR n1.node.dc1.consul."]}) as running:
        for qtype in ("A", "SOA", "TXT"):
            reply = ask(running.port, known, qtype)
            assert ("NOERROR", set()) == (rcode(reply), records(reply))
        assert {"PTR n1.node.dc1.consul."} == records(ask(running.port, known, "ANY"))
        assert {f"{known}. PTR"} == set(asked(running.consul))


@pytest.mark.parametrize("name", ["0.0.10.in-addr.arpa", "10.in-addr.arpa", "0.0.d.f.ip6.arpa"])
def test_names_above_addresses_that_consul_may_know_exist(name: str):
    """Whoever asks label by label (RFC 9156) must get down to the pointer; Consul is not asked."""
    with scene({}) as running:
        assert "NOERROR" == rcode(ask(running.port, name, "PTR"))
        assert [] == asked(running.consul)
        assert "NXDOMAIN" == rcode(ask(running.port, "7.0.0.10.in-addr.arpa", "PTR"))


def test_the_loopback_address_is_localhost_whatever_consul_says():
    """An agent in -dev mode believes that 127.0.0.1 is its node (RFC 6761 6.3)."""
    name = "1.0.0.127.in-addr.arpa"
    with scene({name: [f"{name}. 0 PTR n1.node.dc1.consul."]}) as running:
        assert {"PTR localhost."} == records(ask(running.port, name, "PTR"))


def test_ds_of_consuls_names_is_never_asked_for():
    """With recursors Consul hands it to them; as another type it is answered by Consul itself."""
    with scene({"web.service.consul": [WEB]}) as running:
        for name, code in (("web.service.consul", "NOERROR"), ("nope.service.consul", "NXDOMAIN")):
            reply = ask(running.port, name, "DS")
            assert (code, "DS") == (rcode(reply), dns.rdatatype.to_text(reply.question[0].rdtype))
        assert ["web.service.consul. DNSKEY", "nope.service.consul. DNSKEY"] == asked(
            running.consul
        )
        assert [] == asked(running.upstream)


def failing_after(count: int, how: str) -> Script:
    """A Consul that knows web.service.consul `count` times, then fails in some way, then denies."""
    seen: list[int] = []
    good = says({"web.service.consul": [WEB]})

    def script(query: dns.message.Message) -> list[bytes]:
        seen.append(1)
        if len(seen) <= count:
            return [*good(query)]
        if how == "silent":
            return []
        return [*says({"web.service.consul": int(how)})(query)]

    return script


@pytest.mark.parametrize("how", ["2", "5", "silent"], ids=["SERVFAIL", "REFUSED", "silence"])
def test_when_consul_does_not_know_the_last_good_answer_stands(how: str):
    """systemd#5552, consul#1888 ...: marked as stale (RFC 8914), with a short TTL."""
    with (
        ScriptedUpstream(failing_after(1, how)) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address),
        ) as proxy,
    ):
        assert {"A 10.0.0.1"} == records(ask(proxy.port, "web.service.consul"))
        reply = ask(proxy.port, "web.service.consul", edns=1232)
        assert {"A 10.0.0.1"} == records(reply)
        assert [3] == [option.code for option in reply.options]
        assert "SERVFAIL" != rcode(ask(proxy.port, "web.service.consul"))
        assert rcode(ask(proxy.port, "db.service.consul")) in {"SERVFAIL", "REFUSED", "NXDOMAIN"}


def test_consuls_denial_is_believed_at_once_when_all_is_well():
    """It is how Consul says that no instance is healthy."""
    with (
        ScriptedUpstream(failing_after(1, "3")) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address),
        ) as proxy,
    ):
        assert {"A 10.0.0.1"} == records(ask(proxy.port, "web.service.consul"))
        assert "NXDOMAIN" == rcode(ask(proxy.port, "web.service.consul"))
        assert 2 == len(consul.queries)


def test_a_denial_right_after_an_outage_is_asked_for_again(waits: Waits):
    """Consul 1.8 released false ones as it came back from kill -9."""
    told: Iterator[Sequence[str] | int] = iter([[WEB], 2, 3])

    def script(query: dns.message.Message) -> list[bytes]:
        return [*says({"web.service.consul": next(told, [WEB])})(query)]

    with (
        ScriptedUpstream(script) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address),
        ) as proxy,
    ):

        def told_all() -> bool:
            assert {"A 10.0.0.1"} == records(ask(proxy.port, "web.service.consul"))
            return 4 == len(consul.queries)

        waits.until("four words of Consul's", told_all, PATIENCE_S)


def test_several_agents_are_a_group():
    """One that is away costs no answer, and after the first question no time."""
    with ScriptedUpstream(says({})) as away:
        pass
    with (
        ScriptedUpstream(says({"web.service.consul": [WEB]})) as here,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", away.address, "--consul-dns", here.address),
        ) as proxy,
    ):
        for _ in range(3):
            assert {"A 10.0.0.1"} == records(ask(proxy.port, "web.service.consul"))


def test_aa_is_consuls_and_ra_is_ours():
    """consul#8752: dnsmasq keeps nothing of a reply without RA."""
    with scene({"web.service.consul": [WEB]}) as running:
        reply = ask(running.port, "web.service.consul")
        assert reply.flags & dns.flags.AA
        assert reply.flags & dns.flags.RA
