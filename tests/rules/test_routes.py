"""Rules on what is asked where, and believed of whom: R7, R9, R29, R31."""

from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.scripted import asked, says, scene
from tests.rules.scripts import in_front_of, rrset, sections
from tests.upstream import ScriptedUpstream, reply_to

HOST = "www.example. 600 A 192.0.2.1"
SOA = "example. 60 SOA ns.example. admin.example. 1 2 3 4 60"


def owners(part: list[dns.rrset.RRset]) -> list[str]:
    """Owner and type of each record set."""
    return [f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)}" for rrset in part]


def with_subnet(name: str, subnet: str) -> dns.message.Message:
    """A question of a client that tells its network (RFC 7871)."""
    option = dns.edns.ECSOption.from_text(subnet)
    return dns.message.make_query(name, "A", use_edns=0, options=[option])


def test_r07_a_clients_network_goes_no_further_and_parts_no_answers():
    """CVE-2025-5994: with a subnet each, two who ask the same would be two questions to forge."""
    subnets = ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/56"]

    def script(query: dns.message.Message) -> list[bytes]:
        message = reply_to(query, HOST)
        message.use_edns(0, options=[dns.edns.ECSOption.from_text("192.0.2.0/24/24")])
        return [message.to_wire()]

    with in_front_of(script) as (port, upstream):
        for subnet in subnets:
            reply = dns.query.udp(
                with_subnet("www.example", subnet), "127.0.0.1", port=port, timeout=6
            )
            assert {"A 192.0.2.1"} == records(reply)
            assert () == reply.options
        assert [()] == [query.options for query, _ in upstream.queries]


def test_r09_what_an_upstream_adds_is_not_passed_on():
    """RFC 2181 5.4.1: what stands beside the answer is for nobody to believe."""
    script = sections(
        (
            "www.example. 60 CNAME cdn.example.",
            "cdn.example. 60 A 192.0.2.1",
            "bank.test2. 60 A 203.0.113.66",
        ),
        ("example. 60 NS ns.example.", "test2. 60 NS ns.evil.example."),
        ("ns.example. 60 A 192.0.2.53", "bank.test2. 60 A 203.0.113.66"),
    )
    with in_front_of(script) as (port, _):
        for _ in range(2):
            reply = ask(port, "www.example", edns=1232)
            assert ["www.example. CNAME", "cdn.example. A"] == owners(reply.answer)
            assert ["example. NS"] == owners(reply.authority)
            assert ["ns.example. A"] == owners(reply.additional)


def test_r09_what_stood_beside_an_answer_answers_no_question():
    """Each question is asked, whatever another's answer brought along."""

    def script(query: dns.message.Message) -> list[bytes]:
        if query.question[0].name == dns.name.from_text("mail.example"):
            return [*says({"mail.example": ["mail.example. 60 A 192.0.2.25"]})(query)]
        return [
            *sections(
                ("example. 60 MX 10 mail.example.",), (), ("mail.example. 60 A 203.0.113.66",)
            )(query)
        ]

    with in_front_of(script) as (port, upstream):
        assert {"MX 10 mail.example."} == records(ask(port, "example", "MX"))
        assert {"A 192.0.2.25"} == records(ask(port, "mail.example"))
        assert ["example. MX", "mail.example. A"] == asked(upstream)


@pytest.mark.parametrize("first", ["www.example", "a.corp.example"])
def test_r09_a_zones_server_is_heard_on_its_zone_only(tmp_path: Path, first: str):
    """CVE-2021-25220: its CNAME is followed, what it says of the target is not believed.

    Nor remembered, whether something is already or not.
    """
    lie = ["a.corp.example. 60 CNAME www.example.", "www.example. 60 A 203.0.113.66"]
    with (
        ScriptedUpstream(says({"a.corp.example": lie})) as corp,
        ScriptedUpstream(says({"www.example": [HOST]})) as root,
    ):
        (tmp_path / "seamark.toml").write_text(
            f'[[dns.zone]]\nname = "corp.example"\nupstream = ["{corp.address}"]\n'
        )
        flags = ["--config", str(tmp_path / "seamark.toml"), "--listen", "127.0.0.1:0"]
        with Running("dnsproxy", *flags, "--http", "off", "--upstream", root.address) as proxy:
            for name in (first, "a.corp.example", "www.example"):
                assert "A 192.0.2.1" in records(ask(proxy.port, name))
                assert "A 203.0.113.66" not in records(ask(proxy.port, name))
        assert "www.example. A" not in asked(corp)


def test_r09_of_consuls_answer_everything_is_passed_on():
    """Addresses beside SRV, and TXT of what the node is."""
    name, target = "web.service.consul", "n1.node.dc1.consul"
    script = sections(
        (f"{name}. 0 SRV 1 1 80 {target}.",),
        (),
        (f"{target}. 0 A 10.0.0.1", f'{target}. 0 TXT "consul-network-segment="'),
    )
    with (
        ScriptedUpstream(script) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address, "--upstream", "127.0.0.1:9"),
        ) as proxy,
    ):
        reply = ask(proxy.port, name, "SRV", edns=1232)
        assert [f"{target}. A", f"{target}. TXT"] == owners(reply.additional)


def flagged(name: str, *, do: bool, cd: bool, ad: bool = False) -> dns.message.Message:
    """A question with these bits."""
    query = dns.message.make_query(name, "A", want_dnssec=do)
    query.flags |= (dns.flags.CD if cd else 0) | (dns.flags.AD if ad else 0)
    return query


def test_r29_do_and_cd_part_answers():
    """RFC 4035 3.2: what was not validated, or has no signatures, is no answer to the others."""
    with in_front_of(says({"www.example": [HOST]}, aa=False)) as (port, upstream):
        bits = [(do, cd) for do in (False, True) for cd in (False, True)]
        for _ in range(2):
            for do, cd in bits:
                query = flagged("www.example", do=do, cd=cd)
                reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=6)
                assert cd == bool(reply.flags & dns.flags.CD)
                assert do == bool(reply.ednsflags & dns.flags.DO)
        sent = [
            (bool(query.ednsflags & dns.flags.DO), bool(query.flags & dns.flags.CD))
            for query, _ in upstream.queries
        ]
        assert bits == sent


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "not trusted"])
def test_r29_ad_is_told_only_if_asked_for_and_trusted(trusted: bool):  # noqa: FBT001
    """RFC 6840 5.8; AA is another's word, RA ours, from upstream and from memory alike."""

    def script(query: dns.message.Message) -> list[bytes]:
        message = reply_to(query, HOST)
        message.flags |= dns.flags.AD | dns.flags.AA
        return [message.to_wire()]

    with in_front_of(script, SEAMARK_TRUST_AD=str(trusted).lower()) as (port, _):
        for _ in range(2):
            for do, ad in ((False, False), (True, False), (False, True)):
                query = flagged("www.example", do=do, cd=False, ad=ad)
                reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=6)
                assert (trusted and (do or ad)) == bool(reply.flags & dns.flags.AD)
                assert dns.flags.RA == reply.flags & (dns.flags.RA | dns.flags.AA)


UNKNOWN = r"www.example. 60 TYPE65280 \# 3 abcdef"
SIGNED = [
    HOST,
    "www.example. 600 RRSIG A 13 2 600 20300101000000 20200101000000 1 example. c2lnbmF0dXJl",
]


def test_r31_records_of_unknown_types_pass_unchanged():
    """RFC 3597: data that nobody here understands."""
    with in_front_of(sections((UNKNOWN,))) as (port, _):
        for tcp in (False, True):
            reply = ask(port, "www.example", "TYPE65280", tcp=tcp)
            assert {r"TYPE65280 \# 3 abcdef"} == records(reply)


def test_r31_signatures_and_proofs_pass_unchanged():
    """We do not validate (KeyTrap, NSEC3 floods are not ours), and who does behind us can."""
    proofs = (
        SOA,
        "alpha.example. 60 NSEC zulu.example. A RRSIG NSEC",
        "example. 60 RRSIG SOA 13 1 60 20300101000000 20200101000000 1 example. c2lnbmF0dXJl",
        f"{'0' * 32}.example. 60 NSEC3 1 0 0 - {'1' * 32} A RRSIG",
    )

    def script(query: dns.message.Message) -> list[bytes]:
        if query.question[0].name == dns.name.from_text("www.example"):
            return [*sections(tuple(SIGNED))(query)]
        return [*sections((), proofs)(query)]

    with in_front_of(script) as (port, _):
        for _ in range(2):
            query = flagged("www.example", do=True, cd=True)
            reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=6)
            assert ["www.example. A", "www.example. RRSIG"] == owners(reply.answer)
            query = flagged("nope.example", do=True, cd=True)
            denied = dns.query.udp(query, "127.0.0.1", port=port, timeout=6)
            assert {rrset(proof).to_text() for proof in proofs} == {
                found.to_text() for found in denied.authority
            }


def test_r31_a_dname_passes_with_the_cname_it_made():
    """RFC 6672 3.1: it stands above the name that was asked for."""
    chain = (
        "old.example. 60 DNAME new.example.",
        "a.old.example. 60 CNAME a.new.example.",
        "a.new.example. 60 A 192.0.2.1",
    )
    with in_front_of(sections(chain)) as (port, _):
        reply = ask(port, "a.old.example")
        assert ["old.example. DNAME", "a.old.example. CNAME", "a.new.example. A"] == owners(
            reply.answer
        )


def test_a_question_for_everything_is_answered_here_over_udp():
    """RFC 8482: small, and nobody is asked; over TCP, where nobody forges addresses, it is."""
    with scene({}, {"www.example": [HOST]}) as running:
        reply = ask(running.port, "www.example", "ANY")
        assert ("NOERROR", {'HINFO "RFC8482" ""'}) == (rcode(reply), records(reply))
        assert [] == asked(running.upstream)
        ask(running.port, "www.example", "ANY", tcp=True)
        assert ["www.example. ANY"] == asked(running.upstream)


def test_consuls_names_are_asked_for_everything():
    """It is how people look at a service; and it is of this network."""
    name = "web.service.consul"

    def script(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, f"{name}. 0 A 10.0.0.1", f"{name}. 0 TXT x").to_wire()]

    with (
        ScriptedUpstream(script) as consul,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--consul-dns", consul.address, "--upstream", "127.0.0.1:9"),
        ) as proxy,
    ):
        assert {"A 10.0.0.1", 'TXT "x"'} == records(ask(proxy.port, name, "ANY"))
