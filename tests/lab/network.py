"""The lab engine's own bridge, and what keeps its containers from reaching anything but us."""

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from tests.lab.shell import LabError, run

BRIDGE = "seamark-lab0"
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# The engine's usual range, in its usual order: a network of the machine's own may be in the way.
_POOLS = [ipaddress.IPv4Network(f"172.{second}.0.0/16") for second in range(17, 32)]


@dataclass(frozen=True)
class LabNetwork:
    """The addresses of one lab engine: its default bridge, and where other networks come from."""

    pool: ipaddress.IPv4Network

    @property
    def bridge_address(self) -> str:
        """The host's own address on the default bridge."""
        return str(self.pool.network_address + 1)

    @property
    def _fence(self) -> list[str]:
        pool = str(self.pool)
        return ["FORWARD", "-s", pool, "!", "-d", pool, "-j", "REJECT"]

    def up(self) -> None:
        """Make the bridge, and fence its containers in."""
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{self.bridge_address}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        fenced = iptables("-I", *self._fence)
        if not fenced and _FORWARDING.read_text().strip() != "0":
            raise LabError(
                f"this machine forwards packets ({_FORWARDING} is not 0) and iptables cannot "
                "keep the lab's containers in; set it to 0, or make iptables work"
            )

    def down(self) -> None:
        """Take away what up() made and the bridges of other networks, however much is left."""
        while iptables("-D", *self._fence):
            pass
        for link in json.loads(ip("address", "show", "type", "bridge")):
            addresses = [
                ipaddress.IPv4Address(entry["local"]) for entry in link.get("addr_info", ())
            ]
            if any(address in self.pool for address in addresses):
                ip("link", "delete", link["ifname"])


def free_network() -> LabNetwork:
    """Return the first usual range in which this machine has no address and no route."""
    taken = [
        ipaddress.IPv4Network(route["dst"])
        for route in json.loads(ip("route", "show"))
        if route["dst"] != "default" and route.get("dev") != BRIDGE
    ]
    for pool in _POOLS:
        if not any(pool.overlaps(network) for network in taken):
            return LabNetwork(pool)
    raise LabError(
        "172.17.0.0/16 to 172.31.0.0/16 are all in use by this machine's routes; "
        "free one, or set DOCKER_HOST to an engine that runs"
    )


def ip(*args: str) -> str:
    """Run iproute2's ip; what it lists comes as JSON."""
    return run(["ip", "-json", "-4", *args], timeout=10).stdout


def iptables(*args: str) -> bool:
    """Change a rule of the machine's firewall; False where there was none, or no iptables."""
    return run(["iptables", "-w", "5", *args], timeout=15, check=False).returncode == 0
