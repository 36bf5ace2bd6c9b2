"""A real CoreDNS of the lab's own, built from its Go module with the plugins that are used here."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.go import Go, found_or_built
from tests.lab.resolver import Resolver
from tests.lab.shell import LabError, cache_dir

_MODULE = "github.com/coredns/coredns"
VERSION = "v1.15.0"
_PLUGINS = ("bind", "errors", "cache", "forward")
# The way that CoreDNS describes for a binary with other plugins: all of them, with the clients of
# three clouds, would take minutes to fetch and to build.
_MAIN = """package main

import (
	"{module}/core/dnsserver"
	"{module}/coremain"

{imports}
)

func init() {{
	dnsserver.Directives = []string{{{names}}}
}}

func main() {{
	coremain.Run()
}}
"""


def find_coredns() -> Path:
    """Return CoreDNS: $COREDNS_BIN, the one built before, or one built now. Raises LabError."""
    found = found_or_built("CoreDNS", cache_dir() / "coredns" / VERSION / "coredns", _build)
    if found is None:
        raise LabError("no Go here to build CoreDNS with; install Go or set COREDNS_BIN")
    return found


def _build(tool: Go, folder: Path, kept: Path) -> Path:
    imports = "\n".join(f'\t_ "{_MODULE}/plugin/{name}"' for name in _PLUGINS)
    names = ", ".join(f'"{name}"' for name in _PLUGINS)
    (folder / "main.go").write_text(_MAIN.format(module=_MODULE, imports=imports, names=names))
    tool("mod", "init", "lab", cwd=folder)
    tool("mod", "edit", f"-require={_MODULE}@{VERSION}", cwd=folder)
    tool("build", "-trimpath", "-buildvcs=false", "-o", folder / "coredns", ".", cwd=folder)
    kept.parent.mkdir(parents=True, exist_ok=True)
    (folder / "coredns").replace(kept)
    return kept


class Coredns(Resolver):
    """One CoreDNS on a loopback port; a context manager. ``block`` is that of its one server."""

    _READY = "CoreDNS-"

    def __init__(self, binary: Path, block: str) -> None:
        super().__init__(binary)
        self._config = self._folder / "Corefile"
        lines = "".join(f"    {line}\n" for line in block.strip().splitlines())
        self._config.write_text(f".:{self.port} {{\n    bind 127.0.0.1\n    errors\n{lines}}}\n")

    def _words(self) -> Sequence[str | Path]:
        return ["-conf", self._config]
