"""Real clients in real containers resolve every kind of name through us."""

import json
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dns.message
import dns.rdatatype
import pytest

from tests.e2e.client_stand import DNS6, PLACES, Stand, open_stand
from tests.e2e.clients import CLIENTS, MUSL, NOT_FOUND, Outcome, differences
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
    assert {"A", "AAAA"} == {qtype for _, _, qtype in questions}
    assert {"dual.service.consul."} == {name for _, name, _ in questions}
    assert 1 == len({port for port, _, _ in questions})


@contextmanager
def captured(source: str) -> Iterator[set[tuple[int, str, str]]]:
    """DNS questions that leave a container over UDP: source port, name, type; there at the end."""
    questions: set[tuple[int, str, str]] = set()
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
                    question = dns.message.from_wire(udp[8:]).question[0]
                    qtype = dns.rdatatype.to_text(question.rdtype)
                    questions.add((port, question.name.to_text(), qtype))


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
