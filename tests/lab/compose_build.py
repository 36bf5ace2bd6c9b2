"""Compose v2, built from its Go module: Debian has version 1 alone."""

import json
import os
import tempfile
from pathlib import Path

from tests.lab.go import Go, find_go
from tests.lab.shell import cache_dir, run, say, step

_MODULE = "github.com/docker/compose/v2"
VERSION = "v2.40.3"


def find_compose() -> Path | None:
    """Return Compose v2: $COMPOSE_BIN, the one built before, or one built now.

    None where there is no Go. Raises LabError when it cannot be built although there is.
    """
    given = os.environ.get("COMPOSE_BIN")
    if given:
        return Path(given)
    kept = cache_dir() / "compose" / VERSION / "docker-compose"
    if kept.is_file():
        return kept
    go = find_go()
    if go is None:
        return None
    with (
        step(f"Compose {VERSION}: go build"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix="compose-") as folder,
    ):
        return _build(go, Path(folder), kept)


def _build(tool: Go, folder: Path, kept: Path) -> Path:
    fetched = json.loads(tool("mod", "download", "-json", f"{_MODULE}@{VERSION}", cwd=folder))
    source = folder / "source"
    run(["cp", "-r", "--no-preserve=mode", fetched["Dir"], source], timeout=60)
    built = folder / kept.name
    tool("build", "-trimpath", "-buildvcs=false", "-o", built, "./cmd", cwd=source)
    kept.parent.mkdir(parents=True, exist_ok=True)
    built.replace(kept)
    return kept


def main() -> None:
    """Build it, where Go is there."""
    say(f"Compose: {find_compose() or 'no Go here to build it with'}")


if __name__ == "__main__":
    main()
