"""Names that are answered by rule, as a client reads the answers."""

import ipaddress

import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.names import from_text, to_text
from dnsproxy.core.replies import write
from dnsproxy.core.reverse import name_of
from dnsproxy.core.special import BUILT_IN, SpecialZone, answer, remaining
from dnsproxy.core.zones import ZoneTable
from tests.dnsproxy.packets import query

LOOPBACK_6 = "1." + "0." * 31 + "ip6.arpa."
# The registries of RFC 6303, RFC 7793 and the special names, written out.
EXPECTED = {
    *("localhost.", "test.", "invalid.", "local.", "onion.", "alt.", "home.arpa."),
    "resolver.arpa.",
    *("10.in-addr.arpa.", "168.192.in-addr.arpa.", "0.in-addr.arpa.", "127.in-addr.arpa."),
    *(f"{octet}.172.in-addr.arpa." for octet in range(16, 32)),
    *(f"{octet}.100.in-addr.arpa." for octet in range(64, 128)),
    *("254.169.in-addr.arpa.", "2.0.192.in-addr.arpa.", "100.51.198.in-addr.arpa."),
    *("113.0.203.in-addr.arpa.", "255.255.255.255.in-addr.arpa."),
    *("0." * 32 + "ip6.arpa.", LOOPBACK_6, "d.f.ip6.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."),
    *(f"{digit}.e.f.ip6.arpa." for digit in "89ab"),
}


def ask(
    name: str, qtype: str, zones: tuple[SpecialZone, ...] = remaining([])
) -> dns.message.Message:
    """The reply as a client reads it, from the zone that the name lies in."""
    asked = query(name, qtype)
    zone = ZoneTable((zone.name, zone) for zone in zones).find(asked.question.key)
    assert zone is not None
    return dns.message.from_wire(write(asked, answer(zone, asked.question), 65535))


def records(reply: dns.message.Message) -> set[str]:
    """The answers as `TTL TYPE data`."""
    return {
        f"{rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {item.to_text()}"
        for rrset in reply.answer
        for item in rrset
    }


def soa(zone: str) -> str:
    """RFC 6303 3, for one zone."""
    return f"10800 SOA {zone} nobody.invalid. 1 3600 1200 604800 10800"


def denied_by(reply: dns.message.Message) -> str:
    """The SOA of a denial: whose it is, and its text."""
    (rrset,) = reply.authority
    (item,) = rrset
    return f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {item.to_text()}"


def test_the_zones_are_those_of_the_registries():
    """None is missing, and none is taken that is not ours to answer."""
    assert EXPECTED == {to_text(name) for name in BUILT_IN}


@pytest.mark.parametrize("name", ["localhost", "db.localhost", "a.b.LocalHost"])
@pytest.mark.parametrize(
    ("qtype", "expected"), [("A", "10800 A 127.0.0.1"), ("AAAA", "10800 AAAA ::1")]
)
def test_localhost_and_all_below_it_are_the_loopback(name, qtype, expected):
    """RFC 6761 6.3; the client gets its spelling back."""
    reply = ask(name, qtype)
    assert dns.rcode.NOERROR == reply.rcode()
    assert {expected} == records(reply)
    assert f"{name}." == str(reply.answer[0].name)
    assert dns.flags.AA & reply.flags


@pytest.mark.parametrize("name", ["localhost", "db.localhost"])
@pytest.mark.parametrize("qtype", ["MX", "TXT", "SRV", "DS", "HTTPS"])
def test_localhost_has_nothing_but_addresses(name, qtype):
    """NODATA: the name exists (RFC 6761 6.3)."""
    reply = ask(name, qtype)
    assert dns.rcode.NOERROR == reply.rcode()
    assert [] == reply.answer
    assert f"localhost. {soa('localhost.')}" == denied_by(reply)


def test_any_gives_all_that_is_at_a_name():
    """Of localhost, and of a name below it."""
    both = {"10800 A 127.0.0.1", "10800 AAAA ::1"}
    assert both == records(ask("db.localhost", "ANY"))
    apex = {soa("localhost."), "10800 NS localhost."}
    assert both | apex == records(ask("localhost", "ANY"))


@pytest.mark.parametrize("zone", sorted(EXPECTED))
def test_every_zone_has_soa_and_ns_at_its_apex(zone):
    """RFC 6303 3: the zone is its own server, and nobody reads its mail."""
    assert {soa(zone)} == records(ask(zone, "SOA"))
    assert {f"10800 NS {zone}"} == records(ask(zone, "NS"))


@pytest.mark.parametrize("zone", sorted(EXPECTED))
@pytest.mark.parametrize("qtype", ["DS", "TXT"])
def test_every_apex_exists(zone, qtype):
    """NODATA with the zone's SOA, for how long it holds; no delegation is signed."""
    reply = ask(zone, qtype)
    assert dns.rcode.NOERROR == reply.rcode()
    assert [] == reply.answer
    assert f"{zone} {soa(zone)}" == denied_by(reply)
    assert dns.flags.AA & reply.flags


@pytest.mark.parametrize(
    "zone", sorted(EXPECTED - {"localhost.", "resolver.arpa.", "127.in-addr.arpa."})
)
@pytest.mark.parametrize("qtype", ["A", "PTR", "SOA", "ANY"])
def test_below_an_empty_zone_no_name_exists(zone, qtype):
    """NXDOMAIN with the zone's SOA, so that it is remembered."""
    reply = ask(f"7.{zone}", qtype)
    assert dns.rcode.NXDOMAIN == reply.rcode()
    assert [] == reply.answer
    assert f"{zone} {soa(zone)}" == denied_by(reply)
    assert dns.flags.AA & reply.flags


@pytest.mark.parametrize("name", ["_dns.resolver.arpa", "resolver.arpa", "a.b.resolver.arpa"])
@pytest.mark.parametrize("qtype", ["SVCB", "A"])
def test_there_is_no_encrypted_resolver_to_be_led_to(name, qtype):
    """RFC 9462 4: NODATA says that, and an upstream's answer would lead clients past us."""
    reply = ask(name, qtype)
    assert dns.rcode.NOERROR == reply.rcode()
    assert [] == reply.answer
    assert f"resolver.arpa. {soa('resolver.arpa.')}" == denied_by(reply)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "127.255.255.255", "::1"])
def test_every_loopback_address_is_called_localhost(address):
    """As it is forwards."""
    name = to_text(name_of(ipaddress.ip_address(address)))
    assert {"10800 PTR localhost."} == records(ask(name, "PTR"))
    assert dns.rcode.NOERROR == ask(name, "TXT").rcode()
    assert [] == ask(name, "TXT").answer


@pytest.mark.parametrize("name", ["0.0.127.in-addr.arpa", "3.127.in-addr.arpa"])
@pytest.mark.parametrize("qtype", ["PTR", "NS", "ANY"])
def test_a_name_above_loopback_addresses_exists(name, qtype):
    """RFC 8020: to deny it would deny the addresses below it too."""
    reply = ask(name, qtype)
    assert dns.rcode.NOERROR == reply.rcode()
    assert [] == reply.answer
    assert f"127.in-addr.arpa. {soa('127.in-addr.arpa.')}" == denied_by(reply)


@pytest.mark.parametrize(
    "name",
    [
        "256.0.0.127.in-addr.arpa",
        "01.0.0.127.in-addr.arpa",
        "a.127.in-addr.arpa",
        "9.1.0.0.127.in-addr.arpa",
        f"1.{LOOPBACK_6}",
    ],
)
def test_what_spells_no_loopback_address_does_not_exist(name):
    """Numbers in another spelling, and what lies below an address."""
    assert dns.rcode.NXDOMAIN == ask(name, "PTR").rcode()


def left(configured: list[str], switched_off: list[str] | None = None) -> set[str]:
    """The names of the zones that remain."""
    off = map(from_text, switched_off or [])
    return {to_text(zone.name) for zone in remaining(map(from_text, configured), off)}


@pytest.mark.parametrize(
    ("configured", "gone"),
    [
        (["."], set()),
        (["consul", "example"], set()),
        (["LOCAL"], {"local."}),
        (["corp.local"], set()),
        (["10.in-addr.arpa"], {"10.in-addr.arpa."}),
        (["1.10.in-addr.arpa"], set()),
        (["172.in-addr.arpa"], {f"{octet}.172.in-addr.arpa." for octet in range(16, 32)}),
        (["f.ip6.arpa"], {"d.f.ip6.arpa.", *(f"{digit}.e.f.ip6.arpa." for digit in "89ab")}),
        (["test", "alt"], {"test.", "alt."}),
    ],
)
def test_a_configured_zone_takes_the_place_of_those_it_covers(configured, gone):
    """RFC 6303 3: unless configured otherwise. The root only says where all else goes."""
    assert EXPECTED - gone == left(configured)


def test_a_zone_can_be_switched_off():
    """By its name, or all below a name at once; the root stands for all of them."""
    assert EXPECTED - {"home.arpa."} == left([], ["Home.Arpa"])
    assert {name for name in EXPECTED if not name.endswith(".arpa.")} == left([], ["arpa"])
    assert set() == left([], ["."])


@pytest.mark.parametrize("name", ["example", "corp.local", "11.in-addr.arpa"])
def test_what_is_not_answered_here_cannot_be_switched_off(name):
    """A slip of the pen must not pass for a setting."""
    with pytest.raises(ValueError, match=rf"^`{name}\.` is no zone that is answered here"):
        left([], [name])


def test_a_name_above_a_configured_zone_exists():
    """`corp.local` denied would deny `ad.corp.local` to whoever asks label by label (RFC 9156)."""
    zones = remaining([from_text("AD.corp.local")])
    assert dns.rcode.NOERROR == ask("corp.local", "A", zones).rcode()
    assert f"local. {soa('local.')}" == denied_by(ask("corp.local", "A", zones))
    assert dns.rcode.NXDOMAIN == ask("other.local", "A", zones).rcode()
    assert dns.rcode.NXDOMAIN == ask("x.corp.local", "A", zones).rcode()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("1.10.in-addr.arpa", dns.rcode.NOERROR),
        ("3.2.1.10.in-addr.arpa", dns.rcode.NXDOMAIN),
        ("4.3.2.1.10.in-addr.arpa", dns.rcode.NXDOMAIN),
        ("0.0.d.f.ip6.arpa", dns.rcode.NOERROR),
        ("0." * 30 + "d.f.ip6.arpa", dns.rcode.NXDOMAIN),
        ("x.home.arpa", dns.rcode.NXDOMAIN),
        ("x.local", dns.rcode.NXDOMAIN),
    ],
)
def test_where_others_know_addresses_the_names_above_them_exist(name, code):
    """Of addresses themselves the others have been asked before."""
    assert code == ask(name, "PTR", remaining([], inhabited=True)).rcode()


@given(
    st.sampled_from(sorted(BUILT_IN)),
    st.lists(st.binary(min_size=1, max_size=10), max_size=5),
    st.sampled_from(["A", "AAAA", "PTR", "NS", "SOA", "DS", "ANY", "TYPE65280"]),
)
def test_every_name_in_every_zone_gets_a_whole_answer(zone, below, qtype):
    """Records of the name asked, or the SOA of the zone, and never neither or both."""
    name = to_text((*below, *zone))
    reply = ask(name, qtype)
    assert reply.answer == [] or reply.authority == []
    if reply.answer:
        assert dns.rcode.NOERROR == reply.rcode()
        assert {dns.name.from_text(name)} == {rrset.name for rrset in reply.answer}
    else:
        assert denied_by(reply).startswith(f"{dns.name.Name([*zone, b''])} 10800 SOA ")
