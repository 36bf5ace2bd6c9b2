"""Every local address, on hosts of our own making: who is asked, answers, wherever that is.

Each test runs twice where it can: with the wildcard to ourselves, and beside a stub resolver as
systemd-resolved has it on 127.0.0.53.
"""

import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.message
import pytest

from tests.commands import Running, run
from tests.dnsproxy.packets import query_wire
from tests.lab.namespaces import House, Namespace, house
from tests.lab.shell import end
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import pause

pytestmark = pytest.mark.lab

FLAGS = ["--http", "off", "--services", "conf/services.json", "--node", "n1"]
FLAGS += ["--advertise", "10.1.0.1"]
NO_UPSTREAM = ["--upstream", "127.0.0.1:9"]
NAME = "svc1.service.consul"
STUBS = ("127.0.0.53", "127.0.0.54")


@pytest.fixture
def three_networks() -> Iterator[House]:
    """A host on three networks, a client on each."""
    with house(3) as made:
        yield made


def proxy(host: Namespace, *flags: str) -> Running:
    """The real process on that host, on its default addresses."""
    return Running("dnsproxy", *FLAGS, *(flags or NO_UPSTREAM), prefix=host.prefix)


@contextmanager
def held(host: Namespace, *addresses: str) -> Iterator[None]:
    """Port 53 of addresses, UDP and TCP, with the options that systemd-resolved sets."""
    with ExitStack() as stack:
        for address, kind in itertools.product(addresses, (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            stub = stack.enter_context(host.socket(socket.AF_INET, kind))
            stub.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stub.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            stub.bind((address, 53))
            if kind == socket.SOCK_STREAM:
                stub.listen()
        yield


@pytest.fixture(scope="module", params=["the wildcard", "beside a stub"])
def served(request) -> Iterator[House]:
    """A host on three networks with a proxy; whoever changes something changes it back."""
    with house(3) as made, ExitStack() as stack:
        if request.param == "beside a stub":
            stack.enter_context(held(made.host, *STUBS))
        stack.enter_context(proxy(made.host))
        yield made


def found_over_udp(
    client: Namespace, address: str, *, zone: int = 0, limit_s: float = 5
) -> set[str]:
    """The addresses in the reply; one that comes from elsewhere fails the test. Empty: no reply.

    The socket is not connected: the kernel would drop what comes from elsewhere.
    """
    with client.socket(*_kind(address, socket.SOCK_DGRAM)) as sock:
        sock.settimeout(limit_s)
        try:
            sock.sendto(query_wire(NAME), _destination(address, zone))
            reply, source = sock.recvfrom(4096)
        except OSError:
            return set()
    assert (address, 53) == source[:2]
    return _answers(reply)


def found_over_tcp(
    client: Namespace, address: str, *, zone: int = 0, limit_s: float = 5
) -> set[str]:
    """The addresses in the reply; empty if there is no connection."""
    with client.socket(*_kind(address, socket.SOCK_STREAM)) as sock:
        sock.settimeout(limit_s)
        try:
            sock.connect(_destination(address, zone))
            packet = query_wire(NAME)
            sock.sendall(struct.pack("!H", len(packet)) + packet)
            stream = sock.makefile("rb")
            return _answers(stream.read(struct.unpack("!H", stream.read(2))[0]))
        except OSError:
            return set()


def _kind(address: str, kind: socket.SocketKind) -> tuple[socket.AddressFamily, socket.SocketKind]:
    return socket.AF_INET6 if ":" in address else socket.AF_INET, kind


def _destination(address: str, zone: int) -> tuple[str, int] | tuple[str, int, int, int]:
    return (address, 53, 0, zone) if ":" in address else (address, 53)


def _answers(reply: bytes) -> set[str]:
    message = dns.message.from_wire(reply)
    return {item.to_text() for rrset in message.answer for item in rrset}


def is_answered(client: Namespace, address: str, limit_s: float = 5) -> bool:
    """Over both transports."""
    return all(
        {"10.1.0.1"} == found(client, address, limit_s=limit_s)
        for found in (found_over_udp, found_over_tcp)
    )


def is_answered_by_now(client: Namespace, address: str) -> bool:
    """The same for a look that is repeated, which must not itself take long."""
    return is_answered(client, address, 0.3)


def test_every_reply_comes_from_the_address_asked(served):
    """Three clients, each address of the host, also those of the networks that they are not on."""
    for client, number in itertools.product(served.clients.values(), (1, 2, 3)):
        for address in (f"10.77.{number}.1", f"fd77:{number}::1"):
            assert {"10.1.0.1"} == found_over_udp(client, address), address
            assert {"10.1.0.1"} == found_over_tcp(client, address), address


def test_a_link_local_address_answers_on_its_own_interface(served, waits):
    """Each network has its own; the address alone would not say which way the reply goes."""
    for number, client in served.clients.items():
        address = served.host.link_local(f"net{number}")
        zone = client.inside(lambda: socket.if_nametoindex("eth0"))
        waits.until("the client has one too", lambda at=client: at.link_local("eth0"), 5)
        waits.until(
            f"{address} answers",
            lambda at=client, to=address, by=zone: found_over_udp(at, to, zone=by, limit_s=0.3),
            5,
        )
        assert {"10.1.0.1"} == found_over_udp(client, address, zone=zone)
        assert {"10.1.0.1"} == found_over_tcp(client, address, zone=zone)
        with client.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            # From an address that does not say which interface the reply must take.
            sock.bind((f"fd77:{number}::2", 0))
            sock.sendto(query_wire(NAME), (address, 53, 0, zone))
            assert {"10.1.0.1"} == _answers(sock.recv(4096))


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
        sock.sendto(query_wire(NAME), ("fd77:1::1", 53))
        reply, source = sock.recvfrom(4096)
    assert ("fd77:1::1", 53) == source[:2]
    assert {"10.1.0.1"} == _answers(reply)
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
            "it answers", lambda: found_over_udp(client, "fe80::1", zone=zone, limit_s=0.3), 5
        )


@contextmanager
def held_ipv6(host: Namespace) -> Iterator[None]:
    """Port 53 of ::1, so that the IPv6 wildcard is barred as well."""
    with host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1", 53))
        yield


def test_both_families_can_be_held_in_part(three_networks, waits):
    """Link-local addresses then have sockets of their own, with their interface."""
    host = three_networks.host
    with held(host, *STUBS), held_ipv6(host), proxy(host) as running:
        assert f"[::1]:53 is left out: held by {_ourselves()}" in running.log
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
        waits.until("closed", lambda: not any(address in opened for opened in host.opened(53)), 5)
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
        waits.until("it answers", lambda: found_over_udp(client, "fd77:1::9", limit_s=0.3), 15)


def _write(path: str, text: str) -> None:
    Path(path).write_text(text)


def _ourselves() -> str:
    return f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"


def test_who_holds_a_stub_is_named(three_networks):
    """And everything else is served, first of all 127.0.0.1."""
    with held(three_networks.host, *STUBS), proxy(three_networks.host) as running:
        for stub in STUBS:
            assert f"{stub}:53 is left out: held by {_ourselves()}; taken over" in running.log
        assert "DNS on 127.0.0.1:53, 10.77.1.1:53" in running.log
        assert "Traceback" not in running.log


_HOLDER = """
import socket, signal
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("10.77.1.1", 53))
tcp = socket.create_server(("10.77.1.1", 53))
print("held", flush=True)
signal.pause()
"""


def test_the_address_of_a_holder_that_ends_is_taken_over(three_networks, waits):
    """A dnsmasq that is taken out of service leaves nobody without names."""
    host, client = three_networks.host, three_networks.clients[1]
    holder = subprocess.Popen([*host.prefix, sys.executable, "-c", _HOLDER], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert b"held\n" == holder.stdout.readline()
        with proxy(host) as running:
            assert "10.77.1.1:53 is left out: held by python" in running.log
            assert f"(pid {holder.pid})" in running.log
            assert is_answered(client, "10.77.2.1")
            assert not is_answered_by_now(client, "10.77.1.1")
            end(holder, 5, signal.SIGKILL)
            waits.until("taken over", lambda: is_answered_by_now(client, "10.77.1.1"), 10)
            assert "DNS also on 10.77.1.1:53" in running.log
    finally:
        end(holder, 5, signal.SIGKILL)
        if holder.stdout is not None:
            holder.stdout.close()


def test_a_stub_that_ends_is_taken_over(three_networks, waits):
    """resolv.conf names it still, and it is an address of this host as any other."""
    host = three_networks.host
    with ExitStack() as stub:
        stub.enter_context(held(host, *STUBS))
        with proxy(host):
            assert not is_answered_by_now(host, "127.0.0.53")
            stub.close()
            waits.until("taken over", lambda: is_answered_by_now(host, "127.0.0.53"), 10)


def test_a_holder_that_restarts_finds_its_address_free(three_networks, waits):
    """Taking it at once would keep a daemon from coming back that was only given a new setting."""
    host = three_networks.host
    with ExitStack() as stub:
        stub.enter_context(held(host, *STUBS))
        with proxy(host) as running:
            for _ in range(4):
                stub.close()
                pause(0.9)
                # Raises if somebody has it.
                stub.enter_context(held(host, *STUBS))
                pause(0.9)
            assert "also on" not in running.log


def test_a_stub_beside_us_can_be_our_upstream(three_networks, waits):
    """It is no loop while it is somebody else's, and it stays theirs when they go."""
    host = three_networks.host

    def script(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, "a.example. 60 A 192.0.2.7").to_wire()]

    upstream = host.inside(lambda: ScriptedUpstream(script))
    flags = ["--upstream", upstream.address, "--listen", f"0.0.0.0:{upstream.port}"]
    with ExitStack() as stack:
        stack.enter_context(upstream)
        with proxy(host, *flags) as running:
            assert "127.0.0.1 is left out: " in running.log
            assert "there is asked as an upstream" in running.log
            client = three_networks.clients[1]
            with client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(query_wire("a.example"), ("10.77.1.1", upstream.port))
                assert {"192.0.2.7"} == _answers(sock.recv(4096))
            stack.close()
            # Longer than what it takes to be taken over.
            pause(6)
            assert "udp 127.0.0.1" not in host.opened(upstream.port)


def test_an_explicit_address_that_is_not_there_is_an_error(three_networks):
    """A mistyped address must not wait for ever to come true."""
    flags = [*FLAGS, *NO_UPSTREAM, "--listen", "10.99.0.1:53"]
    done = run("dnsproxy", *flags, prefix=three_networks.host.prefix)
    assert done.returncode == 1
    assert "cannot listen on 10.99.0.1:53 (udp): this host has no such address" in done.stderr
