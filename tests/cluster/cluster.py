"""The three hosts of the article, on a bridge that leads nowhere else.

The bridge is in a namespace of its own: an engine on this machine would drop what it forwards.
"""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cluster.host import RUN_DIR, Host
from tests.lab.daemon import end_leftovers
from tests.lab.dnsmasq import DNSMASQ, Dnsmasq
from tests.lab.images import base_image, dummy_http_image
from tests.lab.locking import lock
from tests.lab.namespaces import Namespace, added
from tests.lab.shell import LabError, cache_dir, run, step, wait_until

NUMBERS = (1, 2, 3)
NAMES = {f"svc{number}.service.consul": f"172.20.20.{number}0" for number in NUMBERS}
_LAN = "seamark-lan"
_OUTSIDE = "172.20.20.1"
_REST_OF_THE_WORLD = f"listen-address={_OUTSIDE}\naddress=/debian.org/192.0.2.80\n"
_READY_S = 90


class Cluster:
    """``hosts`` by name; the wires between them can be cut."""

    def __init__(self, lan: Namespace, hosts: Sequence[Host]) -> None:
        self._lan = lan
        self.hosts = {host.node: host for host in hosts}

    def __getitem__(self, node: str) -> Host:
        return self.hosts[node]

    def others(self, host: Host) -> list[Host]:
        """All but one."""
        return [other for other in self.hosts.values() if other is not host]

    def cut(self, node: str) -> None:
        """Pull the host's wire."""
        self._lan.ip(f"link set {node} down")

    def join(self, node: str) -> None:
        """Put it back."""
        self._lan.ip(f"link set {node} up")

    def start_services(self) -> None:
        """svc1 on node1, svc2 on node2, svc3 on node3."""
        for number, host in enumerate(self.hosts.values(), 1):
            start_service(host, number)

    def alive(self) -> bool:
        """Whether all agents are members that live, as each of them sees it, and one leads."""
        return all(_sees(host, len(self.hosts)) for host in self.hosts.values())

    def leader(self) -> Host:
        """The host whose server leads."""
        address = next(iter(self.hosts.values())).get("status/leader").partition(":")[0]
        return next(host for host in self.hosts.values() if host.address == address)


def start_service(host: Host, number: int) -> str:
    """As in the article; the container's id."""
    name = f"svc{number}"
    words = ["-td", "-e", f"SERVICE_NAME={name}", "-p", f"808{number}:8080", "--name", name]
    return host.engine.docker("run", *words, "dummy-http", name).stdout.strip()


def addresses(host: Host, name: str, server: str = "") -> set[str]:
    """What `dig +short` prints on a host; of its own proxy if no other is named."""
    words = ["dig", f"@{server or host.address}", "+short", "+tries=1", "+time=5", name]
    return {line for line in host.run(*words).splitlines() if not line.startswith(";")}


def _sees(host: Host, count: int) -> bool:
    try:
        members = host.get("agent/members")
        passing = host.get("health/state/passing")
    except LabError:
        return False
    healthy = {one["Node"] for one in passing if one["CheckID"] == "serfHealth"}
    return count == len(healthy) == len([one for one in members if one["Status"] == 1])


@contextmanager
def cluster(consul: Path, servers: int = 1) -> Iterator[Cluster]:
    """The hosts with all their parts, and no service yet; nothing is left of them afterwards.

    ``servers``: one on node1, or three.
    """
    RUN_DIR.mkdir(mode=0o711, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(lock(RUN_DIR.with_suffix(".lock"), "the cluster"))
        _clear()
        stack.callback(_clear)
        lan = added(_LAN, stack)
        for command in ("link add br0 type bridge", "link set br0 up"):
            lan.ip(command)
        lan.ip(f"address add {_OUTSIDE}/24 dev br0")
        outside = Dnsmasq(DNSMASQ.find(), _REST_OF_THE_WORLD, prefix=lan.prefix)
        stack.enter_context(outside)
        hosts = [Host(number, f"{_OUTSIDE}:{outside.port}") for number in NUMBERS]
        made = Cluster(lan, hosts)
        for host in hosts:
            _wire(lan, host, stack)
            stack.callback(host.close)
            host.launch(consul, ["three-servers"] if servers == 3 else [])
        _wait(made)
        yield made


def _wire(lan: Namespace, host: Host, stack: ExitStack) -> None:
    """A wire from the bridge to the host, and the host's address at its end."""
    added(host.name, stack)
    lan.ip(f"link add {host.node} type veth peer name eth0 netns {host.name}")
    lan.ip(f"link set {host.node} master br0 up")
    host.ip(f"address add {host.address}/24 dev eth0")
    host.ip("link set eth0 up")


def _wait(made: Cluster) -> None:
    hosts = made.hosts.values()
    for host in hosts:
        host.wait_for_engine()
    with step("images for three engines"), ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(_images, hosts))
    if not wait_until(made.alive, _READY_S, every=0.2):
        raise LabError(
            f"the three agents did not find each other within {_READY_S} s; "
            f"see {RUN_DIR}/node*-consul.log"
        )
    for host in hosts:
        host.start_seamark()


def _images(host: Host) -> None:
    """dummy-http, and an image with curl that is called so."""
    base = base_image(host.engine)
    dummy_http_image(host.engine)
    host.engine.docker("tag", base, "curl")


def _clear() -> None:
    """What a run left that was killed: dockerds, containers, namespaces, folders."""
    for number in NUMBERS:
        node = f"node{number}"
        end_leftovers(RUN_DIR / node, cache_dir() / "cluster" / node)
    known = run(["ip", "netns", "list"], timeout=10).stdout.split()
    for name in (_LAN, *(f"seamark-node{number}" for number in NUMBERS)):
        if name in known:
            run(["ip", "netns", "delete", name], timeout=10)
    for log in RUN_DIR.glob("*.log"):
        log.unlink()
    shutil.rmtree(RUN_DIR / "bin", ignore_errors=True)
