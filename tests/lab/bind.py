"""A real BIND of the lab's own."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.resolver import Program, Resolver

BIND = Program("named", "bind9", beside=("bind9-libs",))
# It asks nobody outside: what lies in no zone goes to a port where nobody is.
_OPTIONS = """options {{
    directory "{folder}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file none;
    session-keyfile none;
    recursion yes;
    empty-zones-enable no;
    forward only;
    forwarders {{ 127.0.0.1 port 9; }};
"""


class Bind(Resolver):
    """One named on a loopback port; a context manager.

    ``config`` is a named.conf with an ``options`` block, to which the lab adds its own lines.
    """

    # The whole of its last word: its first is "running on Linux".
    _READY = " running\n"

    def __init__(self, binary: Path, config: str) -> None:
        super().__init__(binary)
        own = _OPTIONS.format(folder=self._folder, port=self.port)
        self._config = self._folder / "named.conf"
        # Without `controls` it would listen for rndc on port 953.
        self._config.write_text("controls {};\n" + config.replace("options {\n", own, 1))

    def _words(self) -> Sequence[str | Path]:
        return ["-g", "-n", "1", "-c", self._config]
