"""The images that the tests run: a small Debian made here, and the example on top of it."""

import functools
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.lab import debian
from tests.lab.engine import LABEL, Engine
from tests.lab.shell import LabError, cache_dir, last_lines, run, say, step, tool

_EXAMPLE = Path(__file__).parents[2] / "examples" / "dummy-http"
# getent comes with libc-bin, which every Debian has.
_PACKAGES = ("python3", "curl", "bind9-dnsutils", "knot-dnsutils", "ldnsutils")
# What the image of the product is built on; Python is at the same place there.
_BUILD_PACKAGES = ("python3-venv", "gcc", "libc6-dev")
_UNNEEDED = (
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)
# A host that is booted: its init, its resolver, and what is looked at it with.
_HOST_PACKAGES = (
    "systemd-sysv",
    "systemd-resolved",
    "dbus",
    "python3",
    "iproute2",
    "bind9-dnsutils",
)


def base_image(engine: Engine) -> str:
    """Return the tag of the lab's base image, importing it if missing."""
    return _imported(engine, "base", base_tarball())


def build_image(engine: Engine) -> str:
    """Return the tag of a Debian with a compiler and Python's venv, importing it if missing."""
    return _imported(engine, "build", build_tarball())


def host_image(engine: Engine) -> str:
    """Return the tag of a Debian that systemd boots, importing it if missing."""
    return _imported(engine, "host", host_tarball())


def _imported(engine: Engine, name: str, tarball: Path) -> str:
    tag = f"seamark-lab/{name}:{debian.codename()}-{_digest(tarball)}"
    if engine.docker("image", "inspect", tag, check=False).returncode != 0:
        with step(f"docker import {tag}"):
            engine.docker("import", "--change", f"LABEL {LABEL}", tarball, tag, timeout=300)
    return tag


@functools.cache
def _digest(tarball: Path) -> str:
    """Of a hundred megabytes, that nobody changes once they are in the cache."""
    return hashlib.sha256(tarball.read_bytes()).hexdigest()[:12]


def dummy_http_image(engine: Engine) -> str:
    """Build examples/dummy-http on the lab's base image, as its README says, and return its tag."""
    return engine.build("dummy-http", _EXAMPLE, BASE=base_image(engine))


def base_tarball() -> Path:
    """Return the root file system of the base image, made once and kept in the cache."""
    return _tarball("base", _PACKAGES)


def build_tarball() -> Path:
    """Return the root file system of the build image, made once and kept in the cache."""
    return _tarball("build", _BUILD_PACKAGES)


def host_tarball() -> Path:
    """Return the root file system of the host image, made once and kept in the cache."""
    return _tarball("host", _HOST_PACKAGES)


def _tarball(name: str, packages: Sequence[str]) -> Path:
    suite = debian.codename()
    kept = cache_dir() / f"{name}-{suite}-{'-'.join(packages)}.tar.gz"
    if not kept.is_file():
        with step(f"{name} image: Debian {suite} with {', '.join(packages)}"):
            _make_tarball(suite, packages, kept)
    return kept


def _make_tarball(suite: str, packages: Sequence[str], kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="base-") as folder:
        root, packed = Path(folder) / "root", Path(folder) / "base.tar.gz"
        _debootstrap(suite, packages, root)
        for name in _UNNEEDED:
            shutil.rmtree(root / name, ignore_errors=True)
        run(
            [
                "tar",
                "--numeric-owner",
                "--exclude=./dev/*",
                "--exclude=__pycache__",
                "-C",
                root,
                "-czf",
                packed,
                ".",
            ],
            timeout=300,
        )
        packed.replace(kept)


def _debootstrap(suite: str, packages: Sequence[str], root: Path) -> None:
    """Make a minimal Debian from the first of the machine's mirrors that has it all."""
    program = tool("debootstrap")
    if program is None:
        raise LabError("debootstrap is not installed; run `python -m tests.lab.prepare` as root")
    problems = []
    for mirror in debian.mirrors():
        keyring = [f"--keyring={mirror.keyring}"] if mirror.keyring else []
        # In a mount namespace of its own: what debootstrap mounts is gone however it ends.
        done = run(
            [
                "unshare",
                "--mount",
                program,
                "--variant=minbase",
                *keyring,
                f"--include={','.join(packages)}",
                suite,
                root,
                mirror.uri,
            ],
            check=False,
            timeout=1800,
        )
        if done.returncode == 0:
            return
        said = last_lines(done.stdout + done.stderr, 6)
        problems.append(f"  {mirror.uri}:\n{said}")
        say(f"debootstrap from {mirror.uri} failed")
        shutil.rmtree(root, ignore_errors=True)
    raise LabError(
        "the base image cannot be made: debootstrap failed with every mirror of this "
        "machine's apt sources; correct them, or look here:\n" + "\n".join(problems)
    )
