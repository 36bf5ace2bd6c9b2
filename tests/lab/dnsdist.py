"""A real dnsdist of the lab's own."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.resolver import Program, Resolver

DNSDIST = Program("dnsdist", "dnsdist", alone=True)
# It asks nobody outside: by itself it would look for news of its own security.
_CONFIG = """
setSecurityPollSuffix("")
setLocal("127.0.0.1:{port}")
setACL("127.0.0.0/8")
"""


class Dnsdist(Resolver):
    """One dnsdist on a loopback port; a context manager. ``config`` is Lua, read after its own."""

    _READY = "Listening on"

    def __init__(self, binary: Path, config: str) -> None:
        super().__init__(binary)
        self._config = self._folder / "dnsdist.conf"
        self._config.write_text(_CONFIG.format(port=self.port) + config)

    def _words(self) -> Sequence[str | Path]:
        return ["--supervised", "--disable-syslog", "-C", self._config]
