"""The machine's own Debian: its mirror, its packages, installed or only unpacked.

No mirror is named here: the machine's configured sources say where Debian is to be had from it.
"""

import os
import platform
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.shell import LabError, cache_dir, run, step, tool

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT_ENV = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "LC_ALL": "C.UTF-8"}
_APT_PATIENCE = ("-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")


@dataclass(frozen=True)
class Mirror:
    """One place that serves Debian's packages, with the keys that sign it (None: apt's own)."""

    uri: str
    keyring: Path | None


def codename() -> str:
    """Return the suite this machine runs, or bookworm where it is not a Debian."""
    release = platform.freedesktop_os_release()
    return release.get("VERSION_CODENAME", "bookworm") if release["ID"] == "debian" else "bookworm"


def mirrors() -> list[Mirror]:
    """Return the places that this machine gets Debian's main component from, in its order."""
    targets = run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)|$(ORIGIN)|$(SOURCESENTRY)",
            "Identifier: Packages",
        ],
        timeout=60,
    )
    found: dict[str, Mirror] = {}
    for line in targets.stdout.splitlines():
        uri, release, code, component, origin, entry = line.split("|")
        is_debian = origin == "Debian" or origin.startswith("$")  # no lists yet: unexpanded
        if component == "main" and codename() in {release, code} and is_debian:
            found.setdefault(uri, Mirror(uri, _keyring_of(entry)))
    if not found:
        raise LabError(
            f"no Debian mirror for {codename()} main in this machine's apt sources; "
            "add one under /etc/apt/sources.list.d"
        )
    return list(found.values())


def _keyring_of(entry: str) -> Path | None:
    """Read the Signed-By of a sources file ("path:line"), else Debian's own keyring."""
    source = Path(entry.rpartition(":")[0])
    text = source.read_text(errors="replace") if source.is_file() else ""
    named = re.search(r"signed-by\s*[:=]\s*(/[^\s\],]+)", text, re.IGNORECASE)
    keyring = Path(named.group(1)) if named else _KEYRING
    return keyring if keyring.is_file() else None


def install(packages: Iterable[str]) -> None:
    """Install packages on this machine; nothing is removed and no service starts by hand."""
    wanted = sorted(set(packages))
    if not wanted:
        return
    if os.geteuid() != 0:
        raise LabError(
            f"{', '.join(wanted)} not installed and not root; run as root, or "
            f"`sudo apt-get install {' '.join(wanted)}`"
        )
    with step(f"apt-get install {' '.join(wanted)}"), tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, **_APT_ENV}
        if not Path("/run/systemd/system").is_dir():
            env["PATH"] = f"{_no_services(Path(folder))}:{env['PATH']}"
        run(["apt-get", *_APT_PATIENCE, "update"], env=env, timeout=600)
        run(
            [
                "apt-get",
                *_APT_PATIENCE,
                "install",
                "-y",
                "-q",
                "--no-remove",
                "--no-install-recommends",
                *_known(wanted),
            ],
            env=env,
            timeout=1800,
        )


def _no_services(folder: Path) -> Path:
    """Put a stand-in for invoke-rc.d where only this one apt-get finds it.

    Without systemd a package's init script may be run at installation; the usual policy-rc.d would
    be a file left on the machine when we are killed half-way.
    """
    script = folder / "invoke-rc.d"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    return folder


def _known(packages: Iterable[str]) -> list[str]:
    """Leave out what this suite does not have: docker-cli is a package only after bookworm."""
    return [
        name
        for name in packages
        if name != "docker-cli"
        or run(["apt-cache", "show", name], timeout=60, check=False).returncode == 0
    ]


def brought_by(package: str) -> list[str]:
    """Return the libraries that apt would install besides a package, in this machine's suite."""
    trial = ["apt-get", "install", "--simulate", "--no-install-recommends", package]
    words = [line.split() for line in run(trial, timeout=120).stdout.splitlines()]
    named = [line[1] for line in words if len(line) > 1 and line[0] == "Inst"]
    return [name for name in named if name.startswith("lib")]


def unpack(package: str, suite: str, into: Path) -> None:
    """Fetch a package of another suite and unpack it, without installing it.

    apt works on a state of its own: the machine's sources and lists stay as they are.
    """
    problems = []
    for mirror in mirrors():
        with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="apt-") as folder:
            try:
                _unpack_from(mirror, package, suite, Path(folder), into)
            except LabError as error:
                problems.append(str(error))
            else:
                return
    raise LabError(
        f"package {package} of {suite} is not to be had from this machine's mirrors:\n"
        + "\n".join(problems)
    )


def _unpack_from(mirror: Mirror, package: str, suite: str, state: Path, into: Path) -> None:
    options = f"[signed-by={mirror.keyring}] " if mirror.keyring else ""
    sources = state / "sources.list"
    sources.write_text(f"deb {options}{mirror.uri} {suite} main\n")
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": state / "lists",
        # Nothing is installed there: apt would look for the version that the machine has, which
        # may have come from its security updates.
        "Dir::State::status": "/dev/null",
        "Dir::Cache": state / "cache",
        "Acquire::Check-Valid-Until": "false",  # a suite without updates is never signed anew
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Retries": 3,
        "APT::Sandbox::User": "root",  # the user _apt cannot write below a private home
        "APT::Update::Error-Mode": "any",
    }
    own = state / "apt.conf"  # read after the machine's own files
    own.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    run(["apt-get", "-c", own, "update"], timeout=300)
    run(["apt-get", "-c", own, "download", package], cwd=state, timeout=600)
    run(["dpkg-deb", "-x", next(state.glob("*.deb")), into], timeout=120)


def missing(commands: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the packages of those commands that are not on PATH."""
    return [
        name for command, packages in commands.items() if tool(command) is None for name in packages
    ]
