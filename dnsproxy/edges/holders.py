"""Who holds a port: the answer to `address already in use` that people look for next."""

import contextlib
from pathlib import Path

_TCP_LISTEN = "0A"


def holders(protocol: str, port: int) -> str:
    """The processes that have ``port`` open (``systemd-resolve (pid 431)``), as far as we may see.

    Reads /proc: `udp` and `tcp`, both families. Empty if they belong to another user.
    """
    inodes = _inodes(protocol, port)
    found = [
        f"{_command(process)} (pid {process.name})"
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and inodes & _sockets(process)
    ]
    return ", ".join(sorted(found))


def _inodes(protocol: str, port: int) -> set[str]:
    """The socket inodes bound to a port (proc(5): local address in field 2, inode in field 10)."""
    inodes = set()
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                listens = protocol == "udp" or fields[3] == _TCP_LISTEN
                if listens and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    return inodes


def _sockets(process: Path) -> set[str]:
    inodes = set()
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            # A descriptor may be closed between the listing and this look.
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
    return inodes


def _command(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"
