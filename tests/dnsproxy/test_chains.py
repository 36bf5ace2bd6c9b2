"""CNAMEs that lead from one zone to another, on the real process."""

from itertools import pairwise

import dns.flags
import pytest

from tests.asking import ask, rcode, records
from tests.dnsproxy.scripted import asked, scene

EXT = "ext.service.consul. 0 CNAME www.example."
WEB = "web.service.consul. 0 A 10.0.0.1"


def test_consuls_outside_name_gets_its_addresses_with_the_owners_ttl():
    """consul#14703, #16918, #10551: the right family, the right TTL, and AA of the first name."""
    outside = ["www.example. 77 A 192.0.2.1", "www.example. 78 AAAA 2001:db8::1"]
    with scene({"ext.service.consul": [EXT]}, {"www.example": outside}) as running:
        for qtype, data, ttl in (("A", "192.0.2.1", 77), ("AAAA", "2001:db8::1", 78)):
            reply = ask(running.port, "ext.service.consul", qtype)
            assert {"CNAME www.example.", f"{qtype} {data}"} == records(reply)
            assert [0, ttl] == [rrset.ttl for rrset in reply.answer]
            assert reply.flags & dns.flags.AA
        assert ["www.example. A", "www.example. AAAA"] == asked(running.upstream)


def test_what_consuls_own_recursor_said_of_an_outside_name_is_asked_anew():
    """It knows IPv4 only, and says TTL 0."""
    told = [EXT, "www.example. 0 CNAME cdn.example.", "cdn.example. 0 A 192.0.2.66"]
    right = {"www.example": ["www.example. 60 A 192.0.2.1"]}
    with scene({"ext.service.consul": told}, right) as running:
        reply = ask(running.port, "ext.service.consul")
        assert {"CNAME www.example.", "A 192.0.2.1"} == records(reply)


def test_an_outside_name_that_does_not_exist_is_the_answers_rcode():
    """RFC 6604 2.1; the SOA is that of the outside zone."""
    with scene({"ext.service.consul": [EXT]}) as running:
        reply = ask(running.port, "ext.service.consul")
        assert "NXDOMAIN" == rcode(reply)
        assert {"CNAME www.example."} == records(reply)
        assert ["example."] == [rrset.name.to_text() for rrset in reply.authority]


def test_when_the_upstream_fails_a_chain_without_end_is_no_answer():
    """NOERROR without an address would be remembered as such."""
    with scene({"ext.service.consul": [EXT]}, {"www.example": 2}) as running:
        assert "SERVFAIL" == rcode(ask(running.port, "ext.service.consul"))


def test_an_outside_name_may_lead_back_to_consul():
    """Consul's names are asked of Consul, whatever an upstream says of them."""
    upstream = {
        "www.example": [
            "www.example. 60 CNAME web.service.consul.",
            "web.service.consul. 60 A 192.0.2.66",
        ]
    }
    with scene({"web.service.consul": [WEB]}, upstream) as running:
        reply = ask(running.port, "www.example")
        assert {"CNAME web.service.consul.", "A 10.0.0.1"} == records(reply)
        assert not reply.flags & dns.flags.AA
        assert ["www.example. A"] == asked(running.upstream)


def test_an_alias_that_consul_left_open_is_asked_for():
    """Consul ends its own chains after four."""
    alias = {"alias.service.consul": ["alias.service.consul. 0 CNAME web.service.consul."]}
    with scene(alias | {"web.service.consul": [WEB]}) as running:
        reply = ask(running.port, "alias.service.consul")
        assert {"CNAME web.service.consul.", "A 10.0.0.1"} == records(reply)


def test_a_question_for_the_cname_is_not_followed():
    """RFC 1034 3.6.2."""
    with scene({"ext.service.consul": [EXT]}) as running:
        assert {"CNAME www.example."} == records(ask(running.port, "ext.service.consul", "CNAME"))
        assert [] == asked(running.upstream)


def test_a_loop_ends():
    """Within a zone and across two, with bounded questions."""
    loop = {
        "a.service.consul": ["a.service.consul. 0 CNAME b.service.consul."],
        "b.service.consul": ["b.service.consul. 0 CNAME a.service.consul."],
        "c.service.consul": ["c.service.consul. 0 CNAME c.example."],
    }
    outside = {"c.example": ["c.example. 60 CNAME c.service.consul."]}
    with scene(loop, outside) as running:
        for name in ("a.service.consul", "c.service.consul"):
            reply = ask(running.port, name)
            assert rcode(reply) in {"NOERROR", "SERVFAIL"}
        assert len(asked(running.consul)) < 20


@pytest.mark.parametrize(("links", "expected"), [(16, ["www.example. A"]), (17, [])])
def test_a_chain_longer_than_anybody_builds_is_passed_on_and_not_followed(links, expected):
    """Sixteen aliases in one answer are followed to their end elsewhere, seventeen are a game."""
    names = [
        "ext.service.consul.",
        *(f"a{n}.service.consul." for n in range(1, links)),
        "www.example.",
    ]
    told = [f"{owner} 0 CNAME {target}" for owner, target in pairwise(names)]
    outside = {"www.example": ["www.example. 60 A 192.0.2.1"]}
    with scene({"ext.service.consul": told}, outside) as running:
        reply = ask(running.port, "ext.service.consul", tcp=True)
        assert expected == asked(running.upstream)
        assert links == sum(record.startswith("CNAME ") for record in records(reply))


def test_a_cname_is_never_cut_from_its_address():
    """consul#10694: a client without EDNS gets TC rather than an alias without an end."""
    long = ".".join(["x" * 60] * 3) + ".example"
    hops = [
        f"a.example. 60 CNAME 1.{long}.",
        f"1.{long}. 60 CNAME 2.{long}.",
        f"2.{long}. 60 CNAME 3.{long}.",
    ]
    many = [f"3.{long}. 60 AAAA 2001:db8::{n}" for n in range(1, 60)]
    with scene({}, {"a.example": [*hops, *many]}) as running:
        for edns in (None, 1232):
            reply = ask(running.port, "a.example", "AAAA", edns=edns)
            kinds = {record.split()[0] for record in records(reply)}
            assert reply.flags & dns.flags.TC
            assert kinds in ({"CNAME", "AAAA"}, set())
