"""The image of the product, built by its own Dockerfile on a base that the lab imports.

The wheels that it installs are fetched or made on this machine, by pip as it is set up here, and
lie in the build image: so a build needs no network.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.lab.engine import Engine
from tests.lab.images import base_image, build_image
from tests.lab.shell import cache_dir, run, step

ROOT = Path(__file__).parents[2]
TARGETS = ("seamark", "registrar", "dnsproxy")
_PINS = ROOT / "constraints.txt"
_OFFLINE = """\
ARG BASE
FROM ${BASE}
COPY . /wheels
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_DISABLE_PIP_VERSION_CHECK=1
"""


def product_image(engine: Engine, target: str, **arguments: str) -> str:
    """Build a target of the Dockerfile as it stands, with build arguments; its tag."""
    tag = f"seamark-lab/{target}:tested"
    given = {"BASE": base_image(engine), "BUILD_BASE": _with_wheels(engine), **arguments}
    with step(f"docker build --target {target}"):
        return engine.build(tag, ROOT, target=target, **given)


def size_mb(engine: Engine, image: str) -> float:
    """Of all its layers, uncompressed, as `docker images` tells."""
    (found,) = json.loads(engine.docker("image", "inspect", image).stdout)
    return float(found["Size"]) / 1e6


def _with_wheels(engine: Engine) -> str:
    """The build image, with all wheels that the Dockerfile installs."""
    folder = _wheels()
    (folder / "Dockerfile").write_text(_OFFLINE)
    return engine.build("seamark-lab/build-with-wheels", folder, BASE=build_image(engine))


def _wheels() -> Path:
    """A folder with them, kept for as long as what is wanted stays the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    mark = hashlib.sha256(_PINS.read_bytes() + repr((wanted, sys.version)).encode()).hexdigest()
    kept = cache_dir() / "wheels" / mark[:12]
    if kept.is_dir():
        return kept
    shutil.rmtree(kept.parent, ignore_errors=True)
    kept.parent.mkdir()
    with (
        step("wheels for the image"),
        tempfile.TemporaryDirectory(dir=cache_dir(), prefix="wheels-") as name,
    ):
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--constraint", str(_PINS)]
        made = Path(name) / "made"
        run([*pip, "--wheel-dir", str(made), *wanted], env=dict(os.environ), timeout=600)
        made.rename(kept)
    return kept
