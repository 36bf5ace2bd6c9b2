"""Every local address, on hosts of our own making: who is asked, answers, wherever that is.

Each test runs twice: with the wildcard to ourselves, and beside a stub resolver as systemd-resolved
has it on 127.0.0.53.
"""

import itertools
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.dnsproxy.addressing import (
    NAME,
    STUBS,
    answers,
    found_over_tcp,
    found_over_udp,
    held,
    is_answered,
    is_answered_by_now,
    proxy,
)
from tests.dnsproxy.packets import query_wire
from tests.lab.namespaces import House, house
from tests.waits import PATIENCE_S

pytestmark = pytest.mark.lab

# The later ones are answers that are ready, which go another way through the kernel.
OFTEN = 5


@pytest.fixture(scope="module", params=["the wildcard", "beside a stub"])
def served(request) -> Iterator[House]:
    """A host on three networks with a proxy; whoever changes something changes it back."""
    with house(3) as made, ExitStack() as stack:
        if request.param == "beside a stub":
            stack.enter_context(held(made.host, *STUBS))
        stack.enter_context(proxy(made.host))
        yield made


def test_every_reply_comes_from_the_address_asked(served):
    """Three clients, each address of the host, also those of the networks that they are not on."""
    for client, number in itertools.product(served.clients.values(), (1, 2, 3)):
        for address in (f"10.77.{number}.1", f"fd77:{number}::1"):
            for _ in range(OFTEN):
                assert {"10.1.0.1"} == found_over_udp(client, address), address
            assert {"10.1.0.1"} == found_over_tcp(client, address), address


def test_a_link_local_address_answers_on_its_own_interface(served, waits):
    """Each network has its own; the address alone would not say which way the reply goes."""
    for number, client in served.clients.items():
        address = served.host.link_local(f"net{number}")
        zone = client.inside(lambda: socket.if_nametoindex("eth0"))
        waits.until("the client has one too", lambda at=client: at.link_local("eth0"), PATIENCE_S)
        waits.until(
            f"{address} answers",
            lambda at=client, to=address, by=zone: found_over_udp(at, to, zone=by, limit_s=0.3),
            PATIENCE_S,
        )
        for _ in range(OFTEN):
            assert {"10.1.0.1"} == found_over_udp(client, address, zone=zone)
        assert {"10.1.0.1"} == found_over_tcp(client, address, zone=zone)
        with client.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            # From an address that does not say which interface the reply must take.
            sock.bind((f"fd77:{number}::2", 0))
            for _ in range(OFTEN):
                sock.sendto(query_wire(NAME), (address, 53, 0, zone))
                assert {"10.1.0.1"} == answers(sock.recv(4096))


def test_a_reply_takes_the_route_and_not_the_interface_that_the_query_came_by(served):
    """A client with two legs may ask on one, and be routed to on the other."""
    client, host = served.clients[1], served.host
    host.ip(f"link add net9 type veth peer name eth9 netns {client.name}")
    client.ip("address add fd77:9::2/64 dev eth9 nodad")
    client.ip("link set eth9 up")
    host.ip("address add fd77:9::1/64 dev net9 nodad")
    host.ip("link set net9 up")
    with client.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("fd77:9::2", 0))
        for _ in range(OFTEN):
            sock.sendto(query_wire(NAME), ("fd77:1::1", 53))
            reply, source = sock.recvfrom(4096)
            assert ("fd77:1::1", 53) == source[:2]
            assert {"10.1.0.1"} == answers(reply)
    host.ip("link delete net9")


def test_loopback_answers_too(served):
    """Of both families."""
    assert is_answered(served.host, "127.0.0.1")
    assert is_answered(served.host, "::1")


def test_a_network_that_comes_later_is_answered(served, waits):
    """A bridge is made when the first container needs it, long after we started."""
    client = served.add_network(4)
    waits.until("IPv4 answers", lambda: is_answered_by_now(client, "10.77.4.1"))
    waits.until("IPv6 answers", lambda: is_answered_by_now(client, "fd77:4::1"))
    served.remove_network(4)


def test_an_address_that_goes_and_comes_back_is_answered_again(served, waits):
    """`systemctl restart docker` does that to a bridge."""
    host, client = served.host, served.clients[2]
    host.ip("address delete 10.77.2.1/24 dev net2")
    assert set() == found_over_udp(client, "10.77.2.1", limit_s=0.3)
    host.ip("address add 10.77.2.1/24 dev net2")
    waits.until("it answers again", lambda: is_answered_by_now(client, "10.77.2.1"))
