"""The kernel's list of addresses, read from bytes laid out as rtnetlink(7) says."""

import json
import socket
import struct

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.netlink import Listing, LocalAddress, list_request
from dnsproxy.edges.links import local_addresses
from tests.lab.shell import run

ADDRESS, LOCAL, LABEL = 1, 2, 3


def message(kind: int, body: bytes, flags: int = 2) -> bytes:
    """One message with its header, and what fills it up to four bytes."""
    filled = body + bytes(-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + filled


def new_address(family: int, interface: int, **attributes: str | bytes) -> bytes:
    """An RTM_NEWADDR message."""
    body = struct.pack("=BBBBI", family, 24, 0, 0, interface)
    for name, value in attributes.items():
        data = socket.inet_pton(family, value) if isinstance(value, str) else value
        body += struct.pack("=HH", 4 + len(data), globals()[name]) + data
        body += bytes(-len(body) % 4)
    return message(20, body)


DONE = message(3, bytes(4))


def read(*datagrams: bytes) -> Listing:
    """What they hold together."""
    found = Listing()
    for datagram in datagrams:
        found.read(datagram)
    return found


def test_addresses_of_several_messages_and_datagrams_are_read_in_their_order():
    """With an attribute between that is none of ours, and of a length that needs filling."""
    first = new_address(socket.AF_INET, 1, LABEL=b"lo\0", ADDRESS="127.0.0.1")
    second = new_address(socket.AF_INET, 2, ADDRESS="10.0.0.1", LABEL=b"eth0\0")
    third = new_address(socket.AF_INET6, 2, ADDRESS="fd00::1")
    found = read(first + second, third + DONE)
    assert ["127.0.0.1", "10.0.0.1", "fd00::1"] == [address.host for address in found.addresses]
    assert found.complete


def test_on_a_point_to_point_link_ours_is_the_local_end():
    """IFA_ADDRESS is the other one there."""
    found = read(new_address(socket.AF_INET, 5, ADDRESS="10.8.0.2", LOCAL="10.8.0.1"))
    assert [LocalAddress("10.8.0.1")] == found.addresses
    assert not found.complete


def test_only_a_link_local_ipv6_address_needs_its_interface():
    """The same one may be on every bridge; 169.254/16 knows no zones."""
    found = read(
        new_address(socket.AF_INET6, 7, ADDRESS="fe80::1"),
        new_address(socket.AF_INET6, 7, ADDRESS="fd00::1"),
        new_address(socket.AF_INET, 7, ADDRESS="169.254.1.1"),
    )
    expected = [LocalAddress("fe80::1", 7), LocalAddress("fd00::1"), LocalAddress("169.254.1.1")]
    assert expected == found.addresses


def test_what_is_no_address_of_ours_is_passed_over():
    """Another family, a message without an address, a kind of message that is not known."""
    other = message(20, struct.pack("=BBBBI", 28, 0, 0, 0, 1))
    empty = message(20, struct.pack("=BBBBI", socket.AF_INET, 0, 0, 0, 1))
    found = read(other + empty + message(16, bytes(16)) + DONE)
    assert [] == found.addresses
    assert found.complete


def test_a_list_that_changed_while_it_was_read_says_so():
    """NLM_F_DUMP_INTR: some may be missing."""
    assert read(message(3, bytes(4), flags=0x12)).interrupted
    assert not read(DONE).interrupted


def test_an_error_ends_the_list_with_its_number():
    """As a sandbox that forbids it gives it."""
    found = read(message(2, struct.pack("=i", -1) + bytes(16)))
    assert found.complete
    assert 1 == found.error


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("=IHHII", 15, 3, 0, 1, 0),
        struct.pack("=IHHII", 17, 3, 0, 1, 0),
        struct.pack("=IHHII", 16, 3, 0, 1, 0)[:-1],
        message(20, b"\2"),
        message(20, struct.pack("=BBBBIHH", 2, 0, 0, 0, 1, 3, ADDRESS)),
        message(20, struct.pack("=BBBBIHH", 2, 0, 0, 0, 1, 9, ADDRESS)),
        message(20, struct.pack("=BBBBIHHH", 2, 0, 0, 0, 1, 6, ADDRESS, 1)),
        message(2, b""),
    ],
)
def test_lengths_that_do_not_add_up_are_an_error(data):
    """And never a loop."""
    with pytest.raises(ValueError):
        read(data)


@given(st.lists(st.binary(max_size=60)))
def test_no_bytes_do_anything_else(parts):
    """Whatever the kernel may come to say."""
    try:
        read(b"".join(message(20, part) for part in parts))
    except ValueError:
        return


def test_the_request_is_the_one_that_iproute2_sends():
    """RTM_GETADDR, REQUEST and DUMP, one family."""
    head, family = struct.unpack("=IHHII", list_request(6)[:16]), list_request(6)[16]
    assert (24, 22, 0x301, 1, 0) == head
    assert socket.AF_INET6 == family


@pytest.mark.lab
@pytest.mark.parametrize("version", [4, 6])
def test_this_hosts_addresses_are_those_that_iproute2_lists(version):
    """The same question to the same kernel."""
    links = json.loads(run(["ip", "-json", f"-{version}", "address"], timeout=10).stdout)
    expected = [
        LocalAddress(entry["local"], link["ifindex"] if entry["local"][:4] == "fe80" else 0)
        for link in links
        for entry in link.get("addr_info", ())
    ]
    assert sorted(expected, key=str) == sorted(local_addresses(version), key=str)
