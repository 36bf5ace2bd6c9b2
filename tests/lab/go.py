"""Building peers from their Go modules, where Go is there."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.lab.shell import run

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
