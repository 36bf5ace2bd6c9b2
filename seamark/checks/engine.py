"""The container engine: whether it answers, what it is, and whether we may use it."""

import os
import pwd
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from registrar.edges.engine import explain
from registrar.errors import EngineUnavailable
from seamark import registering
from seamark.checks.findings import Finding, State, apart
from seamark.privileges import find_user
from seamark.settings import Settings

PART = "engine"
_UNIX = "unix://"


def check_engine(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """What answers, how many containers run there; or why not, and where else one may be."""
    engine = registering.engine(settings, environment)
    try:
        version = engine.version()
        count = len(engine.running())
    except EngineUnavailable as error:
        found, hint = apart(str(error))
        others = [path for path in _others(environment) if f"{_UNIX}{path}" != engine.url]
        if others:
            hint = f"{hint}; there is one: --docker {_UNIX}{others[0]}"
        yield Finding(PART, State.FAIL, engine.url, found, hint)
        return
    running = f"{count} container{'' if count == 1 else 's'} running"
    yield Finding(PART, State.OK, engine.url, f"{version}, {running}")
    yield from _as_the_user(settings, engine.url)


def _others(environment: Mapping[str, str]) -> Iterator[Path]:
    """Where engines put their sockets: Docker, podman, and both of a user without root."""
    known = [Path("/var/run/docker.sock"), Path("/run/podman/podman.sock")]
    if folder := environment.get("XDG_RUNTIME_DIR"):
        known += [Path(folder, "docker.sock"), Path(folder, "podman", "podman.sock")]
    yield from (path for path in known if path.is_socket() and os.access(path, os.W_OK))


def _as_the_user(settings: Settings, url: str) -> Iterator[Finding]:
    """Whether who we shall be may do what root may."""
    user = find_user(settings.user)
    if user is None or not url.startswith(_UNIX):
        return
    path = Path(url.removeprefix(_UNIX))
    if may_write(path, user):
        yield Finding(PART, State.OK, f"{url} as {user.pw_name}", "may be used")
        return
    found, _ = apart(explain(url, PermissionError(13, "")))
    group = found and _group(path)
    hint = f"usermod --append --groups {group} {user.pw_name}"
    yield Finding(PART, State.FAIL, f"{url} as {user.pw_name}", found, hint)


def may_write(path: Path, user: pwd.struct_passwd) -> bool:
    """Whether a user may write to what is at a path, as its mode says it."""
    found = path.stat()
    if user.pw_uid in {0, found.st_uid}:
        return user.pw_uid == 0 or bool(found.st_mode & stat.S_IWUSR)
    if found.st_gid in os.getgrouplist(user.pw_name, user.pw_gid):
        return bool(found.st_mode & stat.S_IWGRP)
    return bool(found.st_mode & stat.S_IWOTH)


def _group(path: Path) -> str:
    try:
        return path.group()
    except KeyError:
        return str(path.stat().st_gid)
