"""gliderlabs/registrator, built from its Go module, to stand beside us in `make bench`."""

import shutil
from pathlib import Path

from tests.lab.go import Go, found_or_built, source_of
from tests.lab.shell import LabError, cache_dir, say

_MODULE = "github.com/gliderlabs/registrator"
# The newest that a module proxy gave out: every later tag, and every commit that was tried, was
# refused. It lists once, then follows the events.
VERSION = "v0.4.0"
# Published before Go modules, so it names no versions itself. The engine's client and backoff are
# those that a later go.mod of its repository names; the other two have no later version.
_REQUIRED = {
    "github.com/armon/consul-api": "v0.0.0-20180202201655-eb2c6b5be1b6",
    "github.com/cenkalti/backoff": "v2.0.0+incompatible",
    "github.com/coreos/go-etcd": "v2.0.0+incompatible",
    "github.com/fsouza/go-dockerclient": "v1.6.5",
}
# The engine's client has renamed a field since; nothing else is changed.
_RENAMED = ("published[0].HostIp", "published[0].HostIP")


def find_registrator() -> Path | None:
    """Return registrator: $REGISTRATOR_BIN, the one built before, or one built now.

    None where there is no Go. Raises LabError when it cannot be built although there is.
    """
    kept = cache_dir() / "registrator" / VERSION / "registrator"
    return found_or_built("registrator", kept, _build)


def _build(tool: Go, folder: Path, kept: Path) -> Path:
    source = source_of(tool, _MODULE, VERSION, folder)
    bridge = source / "bridge.go"
    text = bridge.read_text()
    if _RENAMED[0] not in text:
        raise LabError(f"{_MODULE}@{VERSION}: bridge.go has no `{_RENAMED[0]}`; not what was known")
    bridge.write_text(text.replace(*_RENAMED))
    tool("mod", "init", _MODULE, cwd=source)
    pins = [f"-require={path}@{version}" for path, version in _REQUIRED.items()]
    tool("mod", "edit", *pins, cwd=source)
    tool("build", "-trimpath", "-buildvcs=false", "-o", folder / "registrator", ".", cwd=source)
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Beside it, what it was built from.
    shutil.copy(source / "go.mod", kept.parent)
    (folder / "registrator").replace(kept)
    return kept


def main() -> None:
    """Build it, where Go is there."""
    found = find_registrator()
    say(f"registrator: {found or 'no Go here to build it with'}")


if __name__ == "__main__":
    main()
