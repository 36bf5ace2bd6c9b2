"""Real clients in real containers and a name with more addresses than a datagram holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import pytest

from tests.asking import records
from tests.e2e.client_stand import MANY, PLACES, Stand, open_stand
from tests.e2e.clients import CLIENTS, MUSL, differences, go_command, used_gos_resolver
from tests.lab.engine import Engine

pytestmark = pytest.mark.lab

NAME = "many.service.consul"
_ADDRESS = re.compile(rf"^{re.escape(NAME)}\.\s+0\s+IN\s+A\s+(\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def stand(engine: Engine, consul_binary: Path, base_image: str) -> Iterator[Stand]:
    """The proxy, its Consul and a container of each kind."""
    with open_stand(engine, consul_binary, base_image) as running:
        yield running


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("client", ["getent", "python", "dnspython", "dig", "kdig"])
def test_who_heeds_tc_gets_all_of_them(stand: Stand, place: str, client: str):
    """Asked over UDP, then over TCP because the datagram said that it was cut."""
    assert len(stand.addresses.many) == MANY
    found = stand.look_up(place, client, [NAME])
    assert {} == differences(CLIENTS[client], {NAME: stand.addresses.many}, found)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("tool", ["dig +tcp", "kdig +tcp", "drill -t"])
def test_over_tcp_all_of_them_come_at_once(stand: Stand, place: str, tool: str):
    """Who begins with TCP sees no cut."""
    said = stand.say(place, *tool.split(), NAME)
    assert re.search(r"[Ff]lags: qr aa rd ra ?;", said)
    assert sorted(stand.addresses.many) == sorted(_ADDRESS.findall(said))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("tool", "size"),
    [
        ("dig +ignore", 1232),
        ("dig +ignore +bufsize=4096", 1232),
        ("dig +ignore +bufsize=600", 600),
        ("dig +ignore +noedns", 512),
        ("kdig +ignore", 512),
        ("kdig +ignore +bufsize=4096", 1232),
        ("drill", 512),
        ("drill -b 4096", 1232),
    ],
)
def test_a_datagram_is_as_full_as_it_may_be(stand: Stand, place: str, tool: str, size: int):
    """The client's size, 1232 at most (RFC 9715), 512 without EDNS; and TC."""
    said = stand.say(place, *tool.split(), NAME)
    assert re.search(r"[Ff]lags: qr aa tc rd ra ?;", said)
    received = re.search(r"(?:rcvd: |Received )(\d+)", said)
    assert received
    # One more address takes 16 bytes.
    assert size - 16 < int(received[1]) <= size
    found = _ADDRESS.findall(said)
    assert len(set(found)) == len(found)
    assert set(found) < stand.addresses.many


_ONE_DATAGRAM = """
import socket, sys
server = sys.argv[1]
family = socket.AF_INET6 if ":" in server else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as asker:
    asker.settimeout(4)
    asker.connect((server, 53))
    asker.send(b"\\7\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4many\\7service\\6consul\\0\\0\\1\\0\\1")
    print(asker.recv(65535).hex())
"""


@pytest.mark.parametrize("place", PLACES)
def test_who_knows_neither_edns_nor_tc_gets_what_it_can_use(stand: Stand, place: str):
    """Whole records in 512 bytes, and others each time: not all go to the same few instances."""
    server = re.search(r"nameserver (\S+)", stand.say(place, "cat", "/etc/resolv.conf"))
    assert server
    seen = []
    for _ in range(2):
        said = stand.say(place, "python3", "-c", _ONE_DATAGRAM, server[1])
        packet = bytes.fromhex(said)
        assert len(packet) <= 512
        reply = dns.message.from_wire(packet)
        assert reply.flags & dns.flags.TC
        assert not reply.authority
        assert not reply.additional
        seen.append({record.removeprefix("A ") for record in records(reply)})
        assert len(seen[-1]) == (512 - 12 - len("many.service.consul") - 2 - 4) // 16
        assert seen[-1] < stand.addresses.many
    assert seen[0] != seen[1]


@pytest.mark.parametrize("place", PLACES)
def test_musl_takes_what_the_datagram_holds(stand: Stand, place: str):
    """Before 1.2.4 it knew no TCP at all; since then it has all, up to its own limit of 48."""
    found = stand.say(place, MUSL, NAME).split()
    assert 20 < len(set(found)) == len(found)
    assert set(found) < stand.addresses.many


@pytest.mark.parametrize("place", PLACES)
def test_go_reaches_the_one_instance_that_serves(stand: Stand, place: str):
    """All others refuse: it goes through the whole list, if it has the whole list."""
    words = go_command(NAME, stand.agent.ports["http"])
    done = stand.engine.docker("exec", stand.places[place], *words)
    assert "dual" in done.stdout.split()
    assert used_gos_resolver(done.stderr)
