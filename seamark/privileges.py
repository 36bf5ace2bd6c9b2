"""Becoming somebody with less power once everything is bound: setuid(2), capabilities(7)."""

import contextlib
import ctypes
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from seamark.errors import SettingsError, StartError

_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
# Addresses that come later are bound then, on port 53 too.
_NET_BIND_SERVICE = 1 << 10


def find_user(name: str) -> pwd.struct_passwd | None:
    """Whom to become; None if nobody is named. Raises :class:`SettingsError`."""
    if not name:
        return None
    try:
        user = pwd.getpwnam(name)
    except KeyError as error:
        raise SettingsError(
            f"user: there is no `{name}` on this host", f"create it: useradd --system {name}"
        ) from error
    if os.geteuid() not in {0, user.pw_uid}:
        raise SettingsError(
            f"user: only root can become `{name}`", "start it as root, or leave --user out"
        )
    return user


def become(user: pwd.struct_passwd) -> None:
    """Be that user from now on, and never more. Raises :class:`StartError`.

    With all groups it is in: that of the engine's socket may be among them.
    """
    try:
        if os.geteuid() == 0:
            # A socket of ours is joined by one of the same user only (SO_REUSEPORT).
            for socket in _own_sockets():
                os.fchown(socket, user.pw_uid, user.pw_gid)
            os.setgroups(os.getgrouplist(user.pw_name, user.pw_gid))
            os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
            _prctl(_PR_SET_KEEPCAPS, 1)
            os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
            _keep(_NET_BIND_SERVICE)
            _prctl(_PR_SET_KEEPCAPS, 0)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    except OSError as error:
        raise StartError(
            f"user: cannot become `{user.pw_name}`: {error.strerror or error}",
            "give the process CAP_SETUID, CAP_SETGID and CAP_NET_BIND_SERVICE",
        ) from error


def unusable(readable: Iterable[Path], writable: Iterable[Path]) -> Iterator[str]:
    """A line for each of these files, which are there, that we may not use as who we are now."""
    for path in readable:
        if not os.access(path, os.R_OK):
            yield f"{path} cannot be read as the user that we are now"
    for path in writable:
        if not os.access(path, os.W_OK):
            yield f"{path} cannot be written as the user that we are now"


def _own_sockets() -> Iterator[int]:
    for fd in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
        # The listing's own descriptor is closed by now.
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                yield fd


def _prctl(option: int, value: int) -> None:
    _check(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def _keep(capabilities: int) -> None:
    """These alone, for this thread and those that it starts: effective and permitted."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Effective, permitted, inheritable; twice, for the low and the high half of 64 bits.
    data = (ctypes.c_uint32 * 6)(capabilities, capabilities, 0, 0, 0, 0)
    _check(ctypes.CDLL(None, use_errno=True).capset(header, data))


def _check(result: int) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
