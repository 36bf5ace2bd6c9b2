"""The current Consul release, built from its Go module with the Go tools of this machine."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.lab.shell import LabError, cache_dir, end, log_tail, run, say

_MODULE = "github.com/hashicorp/consul"
_API = f"{_MODULE}/api"
# Some module proxies hand this module out by version but list none of its versions.
_WHEN_NONE_IS_LISTED = "v1.22.7"
_BUILD_LIMIT = 3600.0
_RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


def build_current(target: Path) -> Path:
    """Build the newest release that this machine can build, and keep it at the target."""
    if shutil.which("go") is None:
        raise LabError(
            "the current Consul is built with Go, and `go` is not on PATH; "
            "install Go, or run with SEAMARK_LAB_CONSUL=debian"
        )
    problems = []
    for release in _releases():
        with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="consul-build-") as folder:
            try:
                binary = _build(release, Path(folder))
            except LabError as error:
                problems.append(f"{release}: {error}")
                say(f"Consul {release} does not build here: {str(error).splitlines()[0]}")
                continue
            _keep(binary, release, target)
            return target
    raise LabError(
        "no current Consul could be built; run with SEAMARK_LAB_CONSUL=debian, or:\n"
        + "\n".join(problems)
    )


def _keep(binary: Path, release: str, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    (target.parent / "version").write_text(f"{release.removeprefix('v')}\n")
    binary.replace(target)


def _environment() -> dict[str, str]:
    """Return the environment of every go command: modules may be added, Go itself is as it is."""
    return {**os.environ, "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", "GOWORK": "off"}


def _go(*args: str, folder: Path, timeout: float = 900) -> str:
    return run(["go", *args], cwd=folder, env=_environment(), timeout=timeout).stdout


def _versions(module: str) -> list[str]:
    """Return the released versions of a module, oldest first; pre-releases are left out."""
    listed = _go("list", "-m", "-versions", module, folder=Path("/")).split()[1:]
    return sorted(filter(_RELEASE.fullmatch, listed), key=_order)


def _order(version: str) -> tuple[int, ...]:
    found = _RELEASE.fullmatch(version)
    return tuple(map(int, found.groups())) if found else ()


def _releases() -> Iterator[str]:
    """Yield what to try, newest first: the newest may lean on modules that are not published."""
    listed = _versions(_MODULE)
    if not listed:
        say(f"the module proxy lists no Consul versions; taking {_WHEN_NONE_IS_LISTED}")
    yield from reversed(listed[-3:])
    if _WHEN_NONE_IS_LISTED not in listed[-3:]:
        yield _WHEN_NONE_IS_LISTED


def _build(release: str, folder: Path) -> Path:
    source = _source(release, folder)
    binary = folder / "consul"
    for api in _api_versions(source):
        if api:
            say(f"Consul {release} does not fit its own api module; trying with api {api}")
            _go("mod", "edit", f"-require={_API}@{api}", folder=source)
        # The commands lean most on the api module: a wrong one shows here, long before the end.
        trial = _compile(f"Consul {release}, first part", source, folder, "./command/acl/...")
        if not trial:
            continue
        args = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(binary), ".")
        if _compile(f"Consul {release}", source, folder, *args):
            return binary
    raise LabError(f"go build failed; the end of its output:\n{log_tail(folder / 'build.log')}")


def _source(release: str, folder: Path) -> Path:
    """Copy a release's source out of the module cache, its replace lines dropped.

    They point at sub-folders that are modules of their own, and so are not part of this one.
    """
    fetched = json.loads(_go("mod", "download", "-json", f"{_MODULE}@{release}", folder=folder))
    source = folder / "source"
    run(["cp", "-r", "--no-preserve=mode", fetched["Dir"], source], timeout=120)
    replaced = json.loads(_go("mod", "edit", "-json", folder=source)).get("Replace") or []
    local = [line["Old"]["Path"] for line in replaced if line["New"]["Path"].startswith(".")]
    _go("mod", "edit", *(f"-dropreplace={path}" for path in local), folder=source)
    return source


def _api_versions(source: Path) -> Iterator[str]:
    """Yield "" (as published), then newer api modules: 1.22.7 was cut before the one it needs."""
    yield ""
    required = json.loads(_go("mod", "edit", "-json", folder=source))["Require"]
    own = next(line["Version"] for line in required if line["Path"] == _API)
    newer = [version for version in _versions(_API) if _order(version) > _order(own)]
    yield from newer[:2]


def _compile(what: str, source: Path, folder: Path, *args: str) -> bool:
    """Run go build with its output in a log, and tell every half minute that it is alive."""
    log = folder / "build.log"
    start = told = time.monotonic()
    say(f"{what}: go build ...")
    with log.open("wb") as output:
        build = subprocess.Popen(
            ["go", "build", "-v", *args],
            cwd=source,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        while build.poll() is None and time.monotonic() - start < _BUILD_LIMIT:
            _wait_a_second(build)
            if time.monotonic() - told >= 30:
                told = time.monotonic()
                packages = len(log.read_text(errors="replace").splitlines())
                say(f"{what}: {packages} packages, {told - start:.0f} s")
    finally:
        end(build, timeout=10)
    say(
        f"{what}: {'done' if build.returncode == 0 else 'failed'} "
        f"({time.monotonic() - start:.0f} s)"
    )
    return build.returncode == 0


def _wait_a_second(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        return
