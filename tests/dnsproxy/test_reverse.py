"""Addresses as reverse names, held against the standard library's."""

import ipaddress

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.names import from_text
from dnsproxy.core.reverse import address_of, name_of, zones_of


@given(st.ip_addresses())
def test_a_reverse_name_is_the_standard_librarys_and_leads_back(address):
    """Both families, every address."""
    name = name_of(address)
    assert from_text(address.reverse_pointer) == name
    assert address == address_of(name)


def test_the_zone_index_of_an_address_is_not_in_its_name():
    """`%eth0` means something on one host only."""
    assert name_of(ipaddress.ip_address("fe80::1")) == name_of(ipaddress.ip_address("fe80::1%eth0"))


def test_a_reverse_name_is_read_in_any_case():
    """RFC 4343: also the hexadecimal digits."""
    text = name_of(ipaddress.ip_address("2001:db8::abcd"))
    upper = tuple(label.upper() for label in text)
    assert ipaddress.ip_address("2001:db8::abcd") == address_of(upper)
    assert ipaddress.ip_address("10.0.0.9") == address_of(from_text("9.0.0.10.IN-Addr.ARPA"))


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "in-addr.arpa",
        "0.0.10.in-addr.arpa",
        "1.9.0.0.10.in-addr.arpa",
        "9.0.0.010.in-addr.arpa",
        "9.0.0.256.in-addr.arpa",
        "9.0.0.+1.in-addr.arpa",
        "9.0.0.a.in-addr.arpa",
        r"9.0.0.\178.in-addr.arpa",
        "9.0.0.10.in-addr.example",
        "9.0.0.10.ip6.arpa",
        ".".join(["0"] * 31) + ".ip6.arpa",
        ".".join(["0"] * 33) + ".ip6.arpa",
        ".".join(["0"] * 31) + ".g.ip6.arpa",
        ".".join(["0"] * 31) + ".00.ip6.arpa",
        ".".join(["0"] * 32) + ".ip6.example",
    ],
)
def test_what_is_no_full_reverse_name_is_no_address(text):
    """Parts of an address, other spellings of a number, other zones."""
    assert None is address_of(from_text(text))


LABELS = st.one_of(
    st.sampled_from([b"0", b"9", b"10", b"255", b"256", b"a", b"F", b"00", b"\xb2"]),
    st.binary(min_size=1, max_size=4),
)


@given(
    st.one_of(*(st.lists(LABELS, min_size=n, max_size=n) for n in (0, 3, 4, 5, 31, 32, 33))),
    st.sampled_from(["in-addr.arpa", "ip6.arpa", "IP6.Arpa", "arpa", "."]),
)
def test_any_name_is_read_without_a_fault(labels, zone):
    """The name comes from whoever asks: an address whose name it is, or none."""
    name = (*labels, *from_text(zone))
    address = address_of(name)
    assert address is None or name_of(address) == tuple(label.lower() for label in name)


@pytest.mark.parametrize(
    ("network", "zones"),
    [
        ("10.0.0.0/8", ["10.in-addr.arpa"]),
        ("10.20.0.0/15", ["20.10.in-addr.arpa", "21.10.in-addr.arpa"]),
        ("192.0.2.0/24", ["2.0.192.in-addr.arpa"]),
        ("192.0.2.7/32", ["7.2.0.192.in-addr.arpa"]),
        ("192.0.2.8/31", ["8.2.0.192.in-addr.arpa", "9.2.0.192.in-addr.arpa"]),
        ("fd00::/8", ["d.f.ip6.arpa"]),
        ("fe80::/10", [f"{digit}.e.f.ip6.arpa" for digit in "89ab"]),
        ("2001:db8::/32", ["8.b.d.0.1.0.0.2.ip6.arpa"]),
    ],
)
def test_a_network_is_the_zones_at_the_next_label(network, zones):
    """Eight bits a label in IPv4, four in IPv6."""
    assert [from_text(zone) for zone in zones] == list(zones_of(ipaddress.ip_network(network)))


def test_a_network_within_the_last_label_is_single_names():
    """64 of them for a /26."""
    names = zones_of(ipaddress.ip_network("10.0.0.64/26"))
    assert 64 == len(names)
    assert from_text("64.0.0.10.in-addr.arpa") == names[0]
    assert from_text("127.0.0.10.in-addr.arpa") == names[-1]


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_a_network_of_all_addresses_has_no_zones(network):
    """It would take every reverse name there is."""
    with pytest.raises(ValueError, match=f"^{network} is every address"):
        zones_of(ipaddress.ip_network(network))


NETWORKS = st.ip_addresses().flatmap(
    lambda ip: st.integers(1, ip.max_prefixlen).map(
        lambda length: ipaddress.ip_network(f"{ip}/{length}", strict=False)
    )
)


@given(NETWORKS, st.data())
def test_an_address_lies_in_its_networks_zones_and_no_other_does(network, data):
    """Exactly covered: neither a name too few nor one too many."""
    zones = zones_of(network)
    assert len(zones) <= 128
    inside = network[data.draw(st.integers(0, network.num_addresses - 1))]
    anywhere = data.draw(st.ip_addresses(v=network.version))
    for address in (inside, anywhere):
        name = name_of(address)
        covered = sum(name[-len(zone) :] == zone for zone in zones)
        assert covered == (address in network)
