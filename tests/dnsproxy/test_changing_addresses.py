"""Addresses and interfaces that come, go and change while the proxy has a socket for each."""

import socket
from pathlib import Path

import pytest

from tests.dnsproxy.addressing import (
    STUBS,
    found_over_tcp,
    found_over_udp,
    held,
    held_ipv6,
    is_answered,
    ourselves,
    proxy,
)
from tests.waits import PATIENCE_S

pytestmark = pytest.mark.lab


def test_an_address_that_goes_is_closed(three_networks, waits):
    """Whoever takes the address over, a keepalived with its own name server, finds it free."""
    host = three_networks.host
    with held(host, *STUBS), proxy(host) as running:
        assert {"udp 10.77.3.1", "tcp 10.77.3.1"} <= host.opened(53)
        three_networks.remove_network(3)
        waits.until("closed", lambda: not {"udp 10.77.3.1", "tcp 10.77.3.1"} & host.opened(53))
        assert "no longer on 10.77.3.1:53: the address is gone" in running.log
        assert is_answered(three_networks.clients[1], "10.77.1.1")


def test_an_interface_that_is_made_anew_answers_on_its_link_local_address(three_networks, waits):
    """The same name and the same address are another interface, and a socket knows which."""
    host = three_networks.host
    # fe80::1 as on many bridges: the address is the same before and after.
    host.ip("address add fe80::1/64 dev net3 nodad")
    with held(host, *STUBS), held_ipv6(host), proxy(host):
        three_networks.remove_network(3)
        client = three_networks.add_network(3)
        host.ip("address add fe80::1/64 dev net3 nodad")
        zone = client.inside(lambda: socket.if_nametoindex("eth0"))
        waits.until(
            "it answers",
            lambda: found_over_udp(client, "fe80::1", zone=zone, limit_s=0.3),
            PATIENCE_S,
        )


def test_both_families_can_be_held_in_part(three_networks, waits):
    """Link-local addresses then have sockets of their own, with their interface."""
    host = three_networks.host
    with held(host, *STUBS), held_ipv6(host), proxy(host) as running:
        assert f"[::1]:53 is left out: held by {ourselves()}" in running.log
        for number, client in three_networks.clients.items():
            assert is_answered(client, f"fd77:{number}::1")
            address = host.link_local(f"net{number}")
            zone = client.inside(lambda: socket.if_nametoindex("eth0"))
            assert {"10.1.0.1"} == found_over_tcp(client, address, zone=zone)
            assert {"10.1.0.1"} == found_over_udp(client, address, zone=zone)


def test_a_port_of_a_bridge_has_no_socket_of_its_own(three_networks, waits):
    """Each container is one, with a link-local address that nobody can reach."""
    host = three_networks.host
    address = host.link_local("net3")
    with held(host, *STUBS), held_ipv6(host), proxy(host):
        assert any(address in opened for opened in host.opened(53))
        host.ip("link add br0 type bridge")
        host.ip("link set net3 master br0")
        waits.until(
            "closed", lambda: not any(address in opened for opened in host.opened(53)), PATIENCE_S
        )
        assert address == host.link_local("net3")


def test_an_address_that_is_still_being_checked_is_bound_already(three_networks, waits):
    """RFC 4862 5.4 takes seconds; the address must answer from their end on, not from a look on."""
    host = three_networks.host
    host.inside(lambda: _write("/proc/sys/net/ipv6/conf/net1/accept_dad", "1"))
    host.inside(lambda: _write("/proc/sys/net/ipv6/conf/net1/dad_transmits", "6"))
    with held(host, *STUBS), held_ipv6(host), proxy(host):
        host.ip("address add fd77:1::9/64 dev net1")
        waits.until("bound", lambda: "udp fd77:1::9" in host.opened(53), 4)
        assert [True] == [
            address.get("tentative")
            for address in host.addresses("net1")
            if address["local"] == "fd77:1::9"
        ]
        client = three_networks.clients[1]
        waits.until(
            "it answers", lambda: found_over_udp(client, "fd77:1::9", limit_s=0.3), PATIENCE_S
        )


def _write(path: str, text: str) -> None:
    Path(path).write_text(text)
