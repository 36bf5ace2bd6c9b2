"""gliderlabs/registrator, built from its Go module, to stand beside us in `make bench`."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from tests.lab.go import Go, find_go
from tests.lab.shell import LabError, cache_dir, run, say, step

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
    given = os.environ.get("REGISTRATOR_BIN")
    if given:
        return Path(given)
    kept = cache_dir() / "registrator" / VERSION / "registrator"
    if kept.is_file():
        return kept
    go = find_go()
    if go is None:
        return None
    with (
        step(f"registrator {VERSION}: go build"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix="registrator-") as folder,
    ):
        return _build(go, Path(folder), kept)


def _build(tool: Go, folder: Path, kept: Path) -> Path:
    fetched = json.loads(
        tool("mod", "download", "-json", f"{_MODULE}@{VERSION}", cwd=folder) or "{}"
    )
    source = folder / "source"
    run(["cp", "-r", "--no-preserve=mode", fetched["Dir"], source], timeout=60)
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
