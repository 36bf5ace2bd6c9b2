"""A real CoreDNS of the lab's own, built from its Go module with the plugins that are used here."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab.resolver import Resolver
from tests.lab.shell import LabError, cache_dir, run, step

_MODULE = "github.com/coredns/coredns"
VERSION = "v1.15.0"
_PLUGINS = ("bind", "errors", "cache", "forward")
_GO_BIN = "/usr/local/go/bin"
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
    given = os.environ.get("COREDNS_BIN")
    if given:
        return Path(given)
    kept = cache_dir() / "coredns" / VERSION / "coredns"
    if kept.is_file():
        return kept
    go = shutil.which("go") or shutil.which("go", path=_GO_BIN)
    if go is None:
        raise LabError("no Go here to build CoreDNS with; install Go or set COREDNS_BIN")
    with (
        step(f"CoreDNS {VERSION}: go build"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix="coredns-") as folder,
    ):
        return _build(go, Path(folder), kept)


def _build(go: str, folder: Path, kept: Path) -> Path:
    environment = {
        **os.environ,
        "PATH": f"{Path(go).parent}:{os.environ['PATH']}",
        "GOFLAGS": "-mod=mod",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }

    def tool(*args: str | Path) -> None:
        run([go, *args], cwd=folder, env=environment, timeout=900)

    imports = "\n".join(f'\t_ "{_MODULE}/plugin/{name}"' for name in _PLUGINS)
    names = ", ".join(f'"{name}"' for name in _PLUGINS)
    (folder / "main.go").write_text(_MAIN.format(module=_MODULE, imports=imports, names=names))
    tool("mod", "init", "lab")
    tool("mod", "edit", f"-require={_MODULE}@{VERSION}")
    tool("build", "-trimpath", "-buildvcs=false", "-o", folder / "coredns", ".")
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
