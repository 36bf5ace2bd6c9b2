"""Whom a reply counts for, and how many there are."""

import pytest

from dnsproxy.core.access import host_of, network_of
from dnsproxy.core.rates import CLIENTS, Rates


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:0:a::1", "2001:db8:0:ff::1", True),
        ("2001:db8:0:a::1", "2001:db8:0:100::1", False),
        ("172.17.0.2", "172.17.0.3", False),
        ("fd00::2", "fd00::3", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
    ],
)
def test_outside_a_network_counts_as_one_inside_each_address(one, other, together):
    """A flood fills the line of a whole network; containers of a bridge are hosts of their own."""
    assert together == (network_of(one) == network_of(other))


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fd00::2", "fd00::3", False),
    ],
)
def test_a_client_of_ipv6_outside_is_its_network(one, other, together):
    """It can take as many addresses there as it likes."""
    assert together == (host_of(one) == host_of(other))


def test_a_bucket_holds_one_second_and_fills_again():
    """Whatever was not used before."""
    rates = Rates(public=5, private=0)
    assert None is rates.limit("10.0.0.1")
    limit = rates.limit("192.0.2.1")
    assert limit is not None
    assert 5 == sum(not rates.exceeded(*limit, 100.0) for _ in range(20))
    assert 2 == sum(not rates.exceeded(*limit, 100.4) for _ in range(20))
    assert 5 == sum(not rates.exceeded(*limit, 900.0) for _ in range(20))


def test_one_network_takes_nothing_from_another():
    """Its own bucket is empty, theirs are not."""
    rates = Rates(public=1, private=0)
    assert [0, 1, 0] == [rates.exceeded(network, 1, 5.0) for network in ("a", "a", "b")]


def test_so_many_networks_are_counted_and_no_more():
    """Forged addresses cost no memory; the one heard of first begins anew."""
    rates = Rates(public=1, private=0)
    for number in range(CLIENTS):
        rates.exceeded(str(number), 1, 5.0)
    assert 1 == rates.exceeded("0", 1, 5.0)
    rates.exceeded("one more", 1, 5.0)
    assert 0 == rates.exceeded("0", 1, 5.0)
    assert CLIENTS == len(rates._buckets)
