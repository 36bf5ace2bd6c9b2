"""Zones that are asked of the servers which hold them."""

from collections.abc import Sequence
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.rrset
import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.scripted import asked, says
from tests.upstream import ScriptedUpstream, reply_to

ZONE = '[[dns.zone]]\nname = "corp.example"\nstub = true\nupstream = ["{}"]\n'
HELD = says(
    {
        "a.corp.example": ["a.corp.example. 60 A 192.0.2.1"],
        "out.corp.example": ["out.corp.example. 60 CNAME www.example."],
        "in.corp.example": ["in.corp.example. 60 CNAME a.corp.example."],
    },
    soa="corp.example. 900 SOA ns.corp.example. admin.example. 1 2 3 4 60",
)


def holder(query: dns.message.Message) -> Sequence[bytes]:
    """An authoritative server: it refers below `sub`, and knows nothing of other zones."""
    name = query.question[0].name
    if name.is_subdomain(dns.name.from_text("sub.corp.example.")):
        message = reply_to(query)
        message.authority.append(
            dns.rrset.from_text("sub.corp.example.", 60, "IN", "NS", "ns.sub.corp.example.")
        )
        return [message.to_wire()]
    return HELD(query)


@pytest.fixture
def stub(tmp_path: Path):
    """The zone's server, the server of all else, and the proxy's port."""
    file = tmp_path / "seamark.toml"
    other = says({"www.example": ["www.example. 60 A 192.0.2.2"]}, aa=False)
    with ScriptedUpstream(holder) as held, ScriptedUpstream(other) as upstream:
        file.write_text(ZONE.format(held.address))
        flags = ("--listen", "127.0.0.1:0", "--http", "off", "--config", str(file))
        with Running("dnsproxy", *flags, "--upstream", upstream.address) as proxy:
            yield held, upstream, proxy.port


def test_its_servers_are_asked_without_recursion(stub):
    """Whatever the client wants: they offer none."""
    held, upstream, port = stub
    assert {"A 192.0.2.1"} == records(ask(port, "a.corp.example"))
    assert "NXDOMAIN" == rcode(ask(port, "b.corp.example"))
    assert [0, 0] == [query.flags & dns.flags.RD for query, _ in held.queries]
    assert [] == asked(upstream)


def test_an_alias_is_followed_out_of_the_zone_and_within_it(stub):
    """They say no more of it than the alias, or all of it."""
    _, upstream, port = stub
    both = {"CNAME www.example.", "A 192.0.2.2"}
    assert both == records(ask(port, "out.corp.example"))
    assert ["www.example. A"] == asked(upstream)
    assert [dns.flags.RD] == [query.flags & dns.flags.RD for query, _ in upstream.queries]
    assert {"CNAME a.corp.example.", "A 192.0.2.1"} == records(ask(port, "in.corp.example"))


def test_a_referral_is_no_denial(stub):
    """To say NODATA would hide names that others hold; who they are is told."""
    held, _, port = stub
    reply = ask(port, "x.sub.corp.example", edns=1232)
    assert "SERVFAIL" == rcode(reply)
    (why,) = reply.options
    assert isinstance(why, dns.edns.EDEOption)
    assert f"{held.address} refers to other servers" in (why.text or "")
