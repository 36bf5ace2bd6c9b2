"""Where a Consul comes from: given, on PATH, Debian's own 1.8.7, or the current one built here."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.lab import consul_build, debian
from tests.lab.shell import LabError, cache_dir, run, say, step

WHICH = ("debian", "current")
_DEBIAN_SUITE = "bullseye"  # the last suite that had the package


def find_consul(which: str = "debian") -> Path:
    """Return a Consul that runs, fetched or built first where that is needed.

    debian: $CONSUL_BIN, else `consul` on PATH, else Debian's own, else (with Go) the current one.
    current: the current release built from its Go module, whatever else is there.
    """
    if which not in WHICH:
        raise LabError(f"SEAMARK_LAB_CONSUL={which}: unknown; use one of {', '.join(WHICH)}")
    known = known_consul(which)
    if known is not None:
        return known
    if which == "current":
        return consul_build.build_current(_kept("current"))
    try:
        return _fetch_debian(_kept("debian"))
    except LabError as error:
        return _instead_of_debian(error)


def known_consul(which: str) -> Path | None:
    """Return the Consul that is there already, without fetching or building anything."""
    if which == "debian":
        given = os.environ.get("CONSUL_BIN") or shutil.which("consul")
        if given:
            return _checked(Path(given))
    kept = _kept(which)
    return kept if kept.is_file() else None


def consul_version(path: Path) -> str:
    """Return the bare version number of a Consul binary, such as 1.8.7."""
    said = run([path, "version"], timeout=30).stdout
    found = re.search(r"Consul v?(\d+\.\d+\.\d+)", said)
    if found is None:
        raise LabError(
            f"{path}: `version` names no Consul version but {said[:80]!r}; "
            "set CONSUL_BIN to a Consul"
        )
    return found.group(1)


def _kept(which: str) -> Path:
    return cache_dir() / f"consul-{which}" / "consul"


def _checked(path: Path) -> Path:
    if not os.access(path, os.X_OK) or not path.is_file():
        raise LabError(f"CONSUL_BIN={path}: no program there; correct or unset CONSUL_BIN")
    return path


def _fetch_debian(kept: Path) -> Path:
    with (
        step(f"Consul of Debian {_DEBIAN_SUITE}"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix="consul-") as folder,
    ):
        debian.unpack("consul", _DEBIAN_SUITE, Path(folder))
        binary = Path(folder) / "usr/bin/consul"
        consul_version(binary)
        kept.parent.mkdir(exist_ok=True)
        binary.replace(kept)
    return kept


def _instead_of_debian(reason: LabError) -> Path:
    say(f"Debian's Consul is not to be had: {str(reason).splitlines()[0]}")
    kept = _kept("current")
    if kept.is_file():
        say(f"using the current Consul instead: {kept}")
        return kept
    if shutil.which("go") is None:
        raise LabError(
            "no Consul: none in $CONSUL_BIN, on PATH or from Debian, and no Go to build one; "
            f"install Consul or Go, or set CONSUL_BIN\n{reason}"
        ) from reason
    say("building the current Consul instead")
    return consul_build.build_current(kept)
