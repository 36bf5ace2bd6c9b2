"""Real clients in real containers resolve every kind of name through us."""

import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import dns.message
import dns.rdatatype
import pytest

from tests.e2e.client_stand import DNS6, PLACES, TWO, Stand, open_stand
from tests.e2e.clients import CLIENTS, FIRST_TRY_S, MUSL, NOT_FOUND, Outcome, differences
from tests.lab import network
from tests.lab.engine import Engine

pytestmark = pytest.mark.lab

_ETH_P_IP = 0x0800


@pytest.fixture(scope="module")
def stand(engine: Engine, consul_binary: Path, base_image: str) -> Iterator[Stand]:
    """The proxy, its Consul and a container of each kind."""
    with open_stand(engine, consul_binary, base_image) as running:
        yield running


def wanted(stand: Stand, place: str, client: str) -> dict[str, Outcome]:
    """What a client must make of every kind of name, from where it stands."""
    at = stand.addresses
    svc4, svc6, outside = {at.bridge}, {at.network6}, {at.network, at.network6}
    found = {
        "svc4.service.consul": svc4,
        "svc6.service.consul": svc6,
        "dual.service.consul": svc4 | svc6,
        "www.outside.example": outside,
    }
    missing = ["nope.service.consul", "nope.outside.example"]
    search = CLIENTS[client].search
    if search == "always" or (search == "ndots" and place != "embedded"):
        found["svc4"] = svc4
        missing.append("nope")
    if place == "bridge" and CLIENTS[client].only_its_families:
        found = {name: addresses - svc6 for name, addresses in found.items()}
    by_name = {name: frozenset(addresses) or NOT_FOUND for name, addresses in found.items()}
    return by_name | dict.fromkeys(missing, NOT_FOUND)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_finds_what_there_is_and_misses_what_there_is_not(
    stand: Stand, place: str, client: str
):
    """A name that is not there is missing at once: no wait for another try, no failed server."""
    names = wanted(stand, place, client)
    found = stand.look_up(place, client, list(names))
    assert {} == differences(CLIENTS[client], names, found)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_service_outside_has_the_addresses_of_the_host_it_names(
    stand: Stand, place: str, client: str
):
    """Consul gives a CNAME alone: a stub resolver asks no second question."""
    names = {"outside.service.consul": wanted(stand, place, client)["www.outside.example"]}
    found = stand.look_up(place, client, list(names))
    assert {} == differences(CLIENTS[client], names, found)


_ONE_FAMILY = """
import socket, sys
try:
    found = socket.getaddrinfo(sys.argv[1], None, getattr(socket, sys.argv[2]))
except socket.gaierror as error:
    found = {socket.EAI_NODATA: "no data", socket.EAI_NONAME: "no name"}.get(error.errno, error)
print(found)
"""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("name", "family", "qtype"), [("svc4", "AF_INET6", "AAAA"), ("svc6", "AF_INET", "A")]
)
def test_a_name_without_an_address_of_the_family_is_still_a_name(
    stand: Stand, place: str, name: str, family: str, qtype: str
):
    """musl gives a name up altogether when one of two questions is answered with NXDOMAIN."""
    name = f"{name}.service.consul"
    said = stand.say(place, "python3", "-c", _ONE_FAMILY, name, family)
    assert "no data\n" == said
    said = stand.say(place, "dig", name, qtype)
    assert "NOERROR" in said
    assert "ANSWER: 0," in said


# Twenty at once: one alone may be answered before the other comes in.
_PAIRS = """
import socket, sys
apart, server = int(sys.argv[1]), sys.argv[2]
family = socket.AF_INET6 if ":" in server else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as asker:
    asker.settimeout(4)
    asker.connect((server, 53))
    for first in range(0, 40, 2):
        for number, qtype in (first, 1), (first + apart, 28):
            header = number.to_bytes(2, "big") + b"\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0"
            asker.send(header + b"\\4dual\\7service\\6consul\\0" + bytes([0, qtype, 0, 1]))
    for _ in range(40):
        print(asker.recv(512).hex())
"""


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("apart", [1, 0])
def test_a_and_aaaa_asked_at_once_from_one_port_are_both_answered(
    stand: Stand, place: str, apart: int
):
    """Each with its own answer, also where the client has but one id for both."""
    server = re.search(r"nameserver (\S+)", stand.say(place, "cat", "/etc/resolv.conf"))
    assert server
    said = stand.say(place, "python3", "-c", _PAIRS, str(apart), server[1])
    replies = [dns.message.from_wire(bytes.fromhex(line)) for line in said.splitlines()]
    at = stand.addresses
    wanted_of_all = [(number, at.bridge) for number in range(0, 40, 2)]
    wanted_of_all += [(number + apart, at.network6) for number in range(0, 40, 2)]
    assert sorted(wanted_of_all) == sorted(
        (reply.id, reply.answer[0][0].to_text()) for reply in replies
    )


def test_glibc_asks_for_both_families_from_one_port(stand: Stand):
    """Both answers came in time, see above; that the questions left together is on the wire."""
    with captured(stand.address_of("bridge")) as questions:
        said = stand.say("bridge", "getent", "--no-addrconfig", "ahosts", "dual.service.consul")
    assert {stand.addresses.bridge, stand.addresses.network6} <= set(said.split())
    assert {"A", "AAAA"} == {question.qtype for question in questions}
    assert {"dual.service.consul."} == {question.name for question in questions}
    assert 1 == len({question.port for question in questions})


class Question(NamedTuple):
    """One that left a container over UDP: whom it went to, from which port, whether with EDNS."""

    server: str
    port: int
    name: str
    qtype: str
    edns: bool


@contextmanager
def captured(source: str) -> Iterator[set[Question]]:
    """DNS questions that leave a container over UDP; there at the end."""
    questions: set[Question] = set()
    device = json.loads(network.ip("route", "get", source))[0]["dev"]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP)) as tap:
        tap.bind((device, _ETH_P_IP))
        tap.settimeout(0)
        yield questions
        with suppress(BlockingIOError):
            while True:
                packet = tap.recv(65535)
                udp = packet[(packet[0] & 15) * 4 :]
                port, target = struct.unpack("!HH", udp[:4])
                if packet[9] == socket.IPPROTO_UDP and target == 53:
                    assert socket.inet_aton(source) == packet[12:16]
                    questions.add(_read(socket.inet_ntoa(packet[16:20]), port, udp[8:]))


def _read(server: str, port: int, packet: bytes) -> Question:
    message = dns.message.from_wire(packet)
    (asked,) = message.question
    qtype = dns.rdatatype.to_text(asked.rdtype)
    return Question(server, port, asked.name.to_text(), qtype, message.edns >= 0)


# Options of resolv.conf(5): from how many UDP ports glibc then asks for A and AAAA, and whether it
# does with EDNS. Without any it is one port, and no EDNS.
_GLIBC_OPTIONS = {
    "use-vc": (0, False),
    "single-request-reopen": (2, False),
    "edns0": (1, True),
}


def _getent(option: str) -> list[str]:
    given = ["env", f"RES_OPTIONS={option}", "timeout", str(FIRST_TRY_S)]
    return [*given, "getent", "--no-addrconfig", "ahosts"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("option", _GLIBC_OPTIONS)
def test_whatever_glibc_was_told_of_servers_it_finds_every_address(
    stand: Stand, place: str, option: str
):
    """TCP from the start; one question after the other, each from a port of its own; EDNS."""
    both = frozenset({stand.addresses.bridge, stand.addresses.network6})
    names = {"dual.service.consul": both, "many.service.consul": stand.addresses.many}
    for name, addresses in names.items():
        said = stand.say(place, *_getent(option), name)
        assert addresses == {line.split()[0] for line in said.splitlines()}


@pytest.mark.parametrize(("option", "expected"), _GLIBC_OPTIONS.items())
def test_glibc_does_what_it_was_told(stand: Stand, option: str, expected: tuple[int, bool]):
    """The test above would show nothing if it took no notice of the option."""
    with captured(stand.address_of("bridge")) as questions:
        stand.say("bridge", *_getent(option), "dual.service.consul")
    ports = {question.port for question in questions}
    assert expected == (len(ports), any(question.edns for question in questions))


def test_musl_asks_two_servers_at_once(stand: Stand):
    """From one port, and takes what comes first."""
    names = wanted(stand, TWO, "musl")
    assert {} == differences(CLIENTS["musl"], names, stand.look_up(TWO, "musl", list(names)))
    with captured(stand.address_of(TWO)) as questions:
        stand.say(TWO, MUSL, "dual.service.consul")
    servers = (stand.addresses.bridge, stand.addresses.network)
    assert {(server, qtype) for server in servers for qtype in ("A", "AAAA")} == {
        (question.server, question.qtype) for question in questions
    }
    assert 1 == len({question.port for question in questions})


_OF_EACH = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
    asker.settimeout(4)
    for server in sys.argv[1:]:
        header = b"\\7\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0"
        asker.sendto(header + b"\\4svc4\\7service\\6consul\\0\\0\\1\\0\\1", (server, 53))
    for _ in sys.argv[1:]:
        reply, source = asker.recvfrom(512)
        print(source[0], reply[7], socket.inet_ntoa(reply[-4:]))
"""


def test_each_of_two_servers_answers_for_itself(stand: Stand):
    """The same packet to both of our addresses: musl drops what comes from where it did not ask."""
    at = stand.addresses
    said = stand.say(TWO, "python3", "-c", _OF_EACH, at.bridge, at.network)
    assert {f"{server} 1 {at.bridge}" for server in (at.bridge, at.network)} == set(
        said.splitlines()
    )


def test_an_ipv6_address_for_dns(stand: Stand):
    """glibc comes to us behind the engine's own server, musl asks both and needs ndots:1."""
    name = "svc4.service.consul"
    assert stand.addresses.network6 in stand.say(DNS6, "cat", "/etc/resolv.conf")
    assert stand.addresses.bridge in stand.say(DNS6, "getent", "ahosts", name).split()
    assert stand.addresses.bridge == stand.say(DNS6, MUSL, "svc4").strip()


def test_what_consul_does_not_know_is_asked_nowhere_else(stand: Stand):
    """Names of the host's own services are no business of the upstreams."""
    names = ["secret.service.consul", "secret.outside.example"]
    assert {NOT_FOUND} == set(stand.look_up("bridge", "getent", names).values())
    told = {query.question[0].name.to_text() for query, _ in stand.upstream.queries}
    assert "secret.outside.example." in told
    assert not [name for name in told if name.endswith("consul.")]
