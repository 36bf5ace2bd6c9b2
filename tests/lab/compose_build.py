"""Compose v2, built from its Go module: Debian has version 1 alone."""

from pathlib import Path

from tests.lab.go import Go, found_or_built, source_of
from tests.lab.shell import cache_dir, say

_MODULE = "github.com/docker/compose/v2"
VERSION = "v2.40.3"


def find_compose() -> Path | None:
    """Return Compose v2: $COMPOSE_BIN, the one built before, or one built now.

    None where there is no Go. Raises LabError when it cannot be built although there is.
    """
    kept = cache_dir() / "compose" / VERSION / "docker-compose"
    return found_or_built("Compose", kept, _build)


def _build(tool: Go, folder: Path, kept: Path) -> Path:
    source = source_of(tool, _MODULE, VERSION, folder)
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
