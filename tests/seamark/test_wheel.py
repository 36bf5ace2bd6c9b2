"""The package as others get it: built, installed into an empty environment, and run there."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.asking import addresses
from tests.commands import ROOT, Running

# It is fetched what it leans on, as for everybody else.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]
LIBRARY = "seamark/status/page/vendor/uPlot.iife.min.js"
PACKAGES = ("catalog", "dnsproxy", "registrar", "seamark")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheel` builds, of a copy: the builder leaves things behind where it works.

    Somebody has laid hands on what draws the charts: it is fetched anew.
    """
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package)
    shutil.copytree(ROOT / "conf" / "build", source / "conf" / "build")
    (source / LIBRARY).write_text("alert(1)")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    pip("wheel", "--no-deps", "-w", folder, source)
    (made,) = folder.glob("seamark-*.whl")
    return made


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with nothing but it, and what it asks for."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    python = folder / "bin" / "python"
    pip("install", "-c", ROOT / "constraints.txt", wheel, python=python)
    return folder / "bin"


def pip(*words: str | Path, python: str | Path = sys.executable) -> None:
    """Run pip."""
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", words[0], *quiet, *words[1:]], check=True, timeout=300)


def test_all_of_the_product_is_in_it_and_nothing_else(wheel: Path) -> None:
    """No test, no bench, no document."""
    names = zipfile.ZipFile(wheel).namelist()
    packed = {name for name in names if ".dist-info/" not in name}
    tree = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix == ".py" or path.name == "py.typed" or "page" in path.parts
        if path.is_file()
    }
    assert tree == packed
    assert (ROOT / LIBRARY).read_bytes() == zipfile.ZipFile(wheel).read(LIBRARY)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.parametrize("command", ["seamark", "registrar", "dnsproxy"])
def test_each_command_is_there(scripts: Path, command: str, tmp_path: Path) -> None:
    """From anywhere, without the sources."""
    for flag, word in (("--version", "0.1.0"), ("--help", "Usage:")):
        done = subprocess.run(
            [scripts / command, flag],
            capture_output=True,
            check=True,
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            text=True,
            timeout=60,
        )
        assert word in done.stdout


def test_it_runs_from_there(scripts: Path) -> None:
    """Several processes too: each worker starts the same installation."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"]
    flags += ["--consul-dns", "127.0.0.1:9", "--workers", "2"]
    with _Installed(scripts, "dnsproxy", *flags) as proxy:
        assert {"127.0.0.1"} == addresses(proxy.port, "localhost")
        run_by = Path(f"/proc/{proxy.pid}/cmdline").read_bytes().split(b"\0")[0]
        assert str(scripts).encode() in run_by


class _Installed(Running):
    """A command of the installed package, with none of these sources on its path."""

    def __init__(self, scripts: Path, command: str, *args: str) -> None:
        super().__init__(command, *args, PYTHONPATH="")
        self._words = [str(scripts / command), *args]
