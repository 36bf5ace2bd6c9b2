"""Building peers from their Go modules, where Go is there."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.lab.shell import cache_dir, run, step

_GO_BIN = "/usr/local/go/bin"
_LIMIT_S = 900

# Arguments of `go`, run in a folder -> what it printed.
Go = Callable[..., str]


def find_go() -> Go | None:
    """Return what runs the Go that is here; None if there is none. Running raises LabError."""
    go = shutil.which("go") or shutil.which("go", path=_GO_BIN)
    if go is None:
        return None
    environment = {
        **os.environ,
        "PATH": f"{Path(go).parent}:{os.environ['PATH']}",
        # Modules may be added, Go itself is as it is.
        "GOFLAGS": "-mod=mod",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }

    def tool(*args: str | Path, cwd: Path) -> str:
        return run([go, *args], cwd=cwd, env=environment, timeout=_LIMIT_S).stdout

    return tool


# Go, a folder to work in, and where the program is to be kept: the program there.
Build = Callable[[Go, Path, Path], Path]


def found_or_built(name: str, kept: Path, build: Build) -> Path | None:
    """Return a program: $NAME_BIN, the one built before, or one built now.

    ``kept`` lies in a folder named by its version. None where there is no Go. Raises LabError when
    it cannot be built although there is.
    """
    given = os.environ.get(f"{name.upper()}_BIN")
    if given:
        return Path(given)
    if kept.is_file():
        return kept
    go = find_go()
    if go is None:
        return None
    with (
        step(f"{name} {kept.parent.name}: go build"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix=f"{name.lower()}-") as folder,
    ):
        return build(go, Path(folder), kept)


def source_of(tool: Go, module: str, version: str, folder: Path) -> Path:
    """Fetch a module, and return a copy of it that may be changed. Raises LabError."""
    fetched = json.loads(tool("mod", "download", "-json", f"{module}@{version}", cwd=folder))
    source = folder / "source"
    run(["cp", "-r", "--no-preserve=mode", fetched["Dir"], source], timeout=60)
    return source
