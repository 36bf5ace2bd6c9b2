"""The one dockerd that the lab starts for its tests: its bridge, its fence, its lock."""

import ipaddress
from pathlib import Path

from tests.lab.daemon import Daemon, end_leftovers, program
from tests.lab.network import BRIDGE, LabNetwork, free_network
from tests.lab.shell import cache_dir

RUN_DIR = Path("/run/seamark-lab")
_POOL = RUN_DIR / "pool"


class Dockerd:
    """The one daemon that the lab starts; call start() and stop() while holding the lock."""

    def __init__(self) -> None:
        self.network = LabNetwork(ipaddress.IPv4Network("0.0.0.0/32"))
        self.log = cache_dir() / "engine.log"
        self.url = f"unix://{RUN_DIR / 'docker.sock'}"
        self._daemon: Daemon | None = None

    def start(self) -> None:
        """Start it and wait until its API answers."""
        program()
        _clear(_left_pool())
        self.network = free_network()
        RUN_DIR.mkdir(mode=0o711, exist_ok=True)
        _POOL.write_text(str(self.network.pool))
        self.log.unlink(missing_ok=True)
        try:
            self.network.up()
            self._daemon = Daemon(RUN_DIR, _data_root(), self.log, self._flags())
            self.start_again()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it by its pid, and take away its bridge, rule, socket and containerd."""
        pool = _left_pool()
        if self._daemon is not None:
            self._daemon.stop()
        _clear(pool)

    def kill(self) -> None:
        """End it without a chance to say goodbye, as a crash would; nothing is cleared away."""
        assert self._daemon is not None
        self._daemon.kill()

    def start_again(self) -> None:
        """Start it where kill() left it: same socket, same containers.

        Those that ran are not any more: the daemon ends what it finds without live-restore.
        """
        assert self._daemon is not None
        self._daemon.launch()
        self._daemon.wait()

    def _flags(self) -> list[str]:
        return [
            f"--bridge={BRIDGE}",
            f"--default-address-pool=base={self.network.pool},size=24",
            # No forwarding and no NAT: a packet from a container ends on this machine. Published
            # ports go through docker-proxy, which needs neither, and no rule of dockerd's is left.
            "--ip-forward=false",
            "--ip-masq=false",
            "--iptables=false",
            "--userland-proxy=true",
            # Without --dns a container asks the host itself: refused at once, never the outside.
            f"--dns={self.network.bridge_address}",
        ]


def _left_pool() -> str:
    """The addresses of a daemon that ran or runs, as it is noted in its folder."""
    return _POOL.read_text() if _POOL.exists() else ""


def _clear(pool: str) -> None:
    """Clear what a run left that was killed half-way, the bridge and the rule too."""
    end_leftovers(RUN_DIR, _data_root())
    if pool:
        LabNetwork(ipaddress.IPv4Network(pool)).down()


def _data_root() -> Path:
    """Return where images live; they survive between runs."""
    return cache_dir() / "engine"
