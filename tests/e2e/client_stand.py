"""Containers of every kind that resolve names through a DNS proxy beside a real Consul."""

import ipaddress
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns
import dns.message
import dns.rcode
import dns.rdatatype

from tests.commands import Running
from tests.e2e.clients import CLIENTS, CONSUL, DNSPYTHON, MUSL, Outcome, outcomes, script
from tests.lab.consul import ConsulAgent
from tests.lab.engine import LABEL, Engine
from tests.lab.fixtures import Containers
from tests.lab.shell import run, wait_until
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S

NETWORK = "seamark-names"
SUFFIX = "service.consul"
MANY = 200
_SUBNET = ipaddress.IPv6Network("fd00:5ea:1::/64")
_SOURCE = Path(__file__).with_name("look_up.c")
# Docker 20.10 puts IPv6 name servers into resolv.conf, behind a 127.0.0.11 that then knows none and
# is silent. It also sets ndots:0 there, with which musl appends no suffix to any name.
_IMPATIENT = ("--dns-opt", "timeout:1", "--dns-opt", "ndots:1")


@dataclass(frozen=True)
class Addresses:
    """Addresses of this host, all reached from every container that has the family."""

    bridge: str
    network: str
    network6: str

    @property
    def many(self) -> frozenset[str]:
        """The instances of `many`: this host, and others of which each refuses at once."""
        # An address of 127/8 is the container itself: nothing listens there.
        return frozenset({self.bridge, *(f"127.1.0.{number}" for number in range(1, MANY))})


@dataclass(frozen=True)
class Stand:
    """Who is there; ``places`` are containers, see PLACES, DNS6 and TWO."""

    engine: Engine
    agent: ConsulAgent
    upstream: ScriptedUpstream
    addresses: Addresses
    places: dict[str, str]

    def say(self, place: str, *command: str) -> str:
        """What a command prints in a container; it must exit with 0."""
        return self.engine.docker("exec", self.places[place], *command).stdout

    def address_of(self, place: str) -> str:
        """The IPv4 address of a container in the default network."""
        template = "{{.NetworkSettings.IPAddress}}"
        return self.engine.docker("inspect", "-f", template, self.places[place]).stdout.strip()

    def look_up(self, place: str, client: str, names: Sequence[str]) -> dict[str, Outcome]:
        """What a client in a container makes of names."""
        asked = CLIENTS[client]
        commands = script(asked, names, self.agent.ports["http"])
        return outcomes(asked, self.say(place, "sh", "-c", commands))


# Containers by how they were told of us.
PLACES = {
    "bridge": "the engine's default network, --dns: resolv.conf names us; IPv4 alone",
    "embedded": "a network of its own, --dns: 127.0.0.11 stands between, and sets ndots:0",
    "direct6": "a network of its own, a resolv.conf that names our IPv6 address",
}
# A network of its own, and an IPv6 address for --dns.
DNS6 = "dns6"
# The engine's default network, a resolv.conf that names two addresses of ours.
TWO = "two"


@contextmanager
def open_stand(engine: Engine, consul_binary: Path, image: str) -> Iterator[Stand]:
    """Start all of it; nothing is left of it afterwards."""
    containers = Containers(engine)
    with tempfile.TemporaryDirectory(prefix="seamark-clients-") as folder:
        try:
            addresses = _make_network(engine)
            places = _start_containers(containers, consul_binary, image, addresses, Path(folder))
            with (
                _consul(consul_binary, addresses) as agent,
                ScriptedUpstream(lambda query: [_outside(query, addresses)]) as upstream,
                _proxy(agent, upstream, addresses),
            ):
                yield Stand(engine, agent, upstream, addresses, places)
        finally:
            containers.remove_all()
            engine.docker("network", "rm", NETWORK, check=False)


def build_look_up(target: Path) -> None:
    """A static program that looks a name up with musl; it waits for its end with `--wait`."""
    run(["musl-gcc", "-static", "-O1", "-o", target, _SOURCE], timeout=60)


def _make_network(engine: Engine) -> Addresses:
    engine.docker("network", "rm", NETWORK, check=False)
    engine.docker(
        "network", "create", "--label", LABEL, "--ipv6", "--subnet", str(_SUBNET), NETWORK
    )
    template = "{{range .IPAM.Config}}{{println .Gateway}}{{end}}"
    gateways = engine.docker("network", "inspect", NETWORK, "--format", template).stdout.split()
    (network,) = (address for address in gateways if "." in address)
    return Addresses(engine.bridge_address, network, str(_SUBNET[1]))


def _start_containers(
    containers: Containers, consul_binary: Path, image: str, addresses: Addresses, folder: Path
) -> dict[str, str]:
    build_look_up(folder / "look_up")
    mounted = {
        MUSL: folder / "look_up",
        CONSUL: consul_binary,
        f"{DNSPYTHON}/dns": Path(dns.__file__).parent,
    }
    common = [word for at, path in mounted.items() for word in ("-v", f"{path}:{at}:ro")]
    search = ["--dns-search", SUFFIX]
    user_defined = ["--network", NETWORK]

    def start(options: Sequence[str], servers: Sequence[str] = ()) -> str:
        patient = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done")
        return containers.run(image, *patient, dns=servers, options=[*common, *options])

    def naming(*servers: str) -> list[str]:
        resolv_conf = folder / f"resolv.conf-{'-'.join(servers).replace(':', '.')}"
        lines = [f"nameserver {server}" for server in servers]
        resolv_conf.write_text("\n".join([*lines, f"search {SUFFIX}", ""]))
        return ["-v", f"{resolv_conf}:/etc/resolv.conf:ro"]

    return {
        "bridge": start(search, [addresses.bridge]),
        "embedded": start([*user_defined, *search], [addresses.bridge]),
        "direct6": start([*user_defined, *naming(addresses.network6)]),
        TWO: start(naming(addresses.bridge, addresses.network)),
        DNS6: start([*user_defined, *search, *_IMPATIENT], [addresses.network6]),
    }


def _consul(binary: Path, addresses: Addresses) -> ConsulAgent:
    """A Consul that is also the HTTP server to which its services' names lead."""
    instances = {
        "svc4": [addresses.bridge],
        "svc6": [addresses.network6],
        "dual": [addresses.bridge, addresses.network6],
        "outside": ["www.outside.example"],
        "many": sorted(addresses.many),
    }
    services = [
        {"id": f"{name}{number}", "name": name, "address": address, "port": 80}
        for name, found in instances.items()
        for number, address in enumerate(found)
    ]
    # The bridge's IPv6 address can be used only some time after its first container came.
    assert wait_until(lambda: _is_usable(addresses.network6), timeout=PATIENCE_S)
    everywhere = ["127.0.0.1", addresses.bridge, addresses.network, addresses.network6]
    return ConsulAgent(binary, client=" ".join(everywhere), config={"services": services})


def _is_usable(address: str) -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True


def _outside(query: dns.message.Message, addresses: Addresses) -> bytes:
    """The rest of the world: one host in it."""
    question = query.question[0]
    name = question.name.to_text().lower()
    records = {"A": f"A {addresses.network}", "AAAA": f"AAAA {addresses.network6}"}
    if name == "www.outside.example.":
        record = records.get(dns.rdatatype.to_text(question.rdtype))
        return reply_to(query, *([f"{name} 60 {record}"] if record else [])).to_wire()
    return reply_to(query, rcode=dns.rcode.NXDOMAIN).to_wire()


def _proxy(agent: ConsulAgent, upstream: ScriptedUpstream, addresses: Addresses) -> Running:
    listen = [f"{addresses.bridge}:53", f"{addresses.network}:53", f"[{addresses.network6}]:53"]
    flags = [word for address in listen for word in ("--listen", address)]
    flags += ["--consul-dns", agent.dns_address, "--upstream", upstream.address]
    return Running("dnsproxy", *flags, "--http", "off")
