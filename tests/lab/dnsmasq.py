"""A real dnsmasq of the lab's own."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.resolver import Program, Resolver

DNSMASQ = Program("dnsmasq", "dnsmasq-base")
# It asks nobody outside: without a server of their own, all other names are refused.
_CONFIG = """
no-resolv
no-hosts
user=root
group=root
pid-file={folder}/pid
log-facility=-
"""
_ON_LOOPBACK = """
port={port}
listen-address=127.0.0.1
bind-interfaces
"""


class Dnsmasq(Resolver):
    """One dnsmasq on a loopback port; a context manager. ``config`` are lines of dnsmasq.conf.

    ``where`` are lines that say where it listens instead, for one that is started with ``prefix``.
    """

    _READY = "started"

    def __init__(
        self, binary: Path, config: str, prefix: Sequence[str] = (), where: str = _ON_LOOPBACK
    ) -> None:
        super().__init__(binary, prefix)
        self._config = self._folder / "dnsmasq.conf"
        text = (where + _CONFIG).format(port=self.port, folder=self._folder)
        self._config.write_text(text + config)

    def _words(self) -> Sequence[str | Path]:
        return ["--keep-in-foreground", "-C", self._config]
