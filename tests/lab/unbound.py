"""A real unbound of the lab's own."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.resolver import Program, Resolver

UNBOUND = Program("unbound", "unbound")
# It asks nobody outside: all networks but 127.0.0.0/8 are forbidden, and that one is by default.
_OUTSIDE = "".join(
    f"    do-not-query-address: {network}\n"
    for network in (
        *("0.0.0.0/2", "64.0.0.0/3", "96.0.0.0/4", "112.0.0.0/5", "120.0.0.0/6", "124.0.0.0/7"),
        *("126.0.0.0/8", "128.0.0.0/1", "::/0"),
    )
)
_SERVER = """
server:
    interface: 127.0.0.1
    port: {port}
    access-control: 127.0.0.0/8 allow
    directory: "{folder}"
    pidfile: ""
    chroot: ""
    username: ""
    use-syslog: no
    logfile: ""
    do-daemonize: no
    module-config: "iterator"
    num-threads: 1
{outside}{server}
remote-control:
    control-enable: no
"""


class Unbound(Resolver):
    """One unbound on a loopback port; a context manager.

    ``server`` are lines of its ``server:`` clause, ``clauses`` whole clauses behind it, in the form
    of unbound.conf(5). ``files`` are written to its folder, where relative names are looked for.
    """

    _READY = "start of service"

    def __init__(
        self, binary: Path, server: str, clauses: str = "", files: dict[str, str] | None = None
    ) -> None:
        super().__init__(binary)
        lines = "\n".join(f"    {line.strip()}" for line in server.strip().splitlines())
        text = _SERVER.format(port=self.port, folder=self._folder, outside=_OUTSIDE, server=lines)
        self._config = self._folder / "unbound.conf"
        self._config.write_text(text + clauses)
        for name, content in (files or {}).items():
            (self._folder / name).write_text(content)

    def _words(self) -> Sequence[str | Path]:
        return ["-d", "-c", self._config]
