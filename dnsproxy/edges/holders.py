"""Who holds a port: the answer to `address already in use` that people look for next."""

import contextlib
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TCP_LISTEN = "0A"
_ANY = {"0.0.0.0", "::"}  # noqa: S104  (compared, not bound)


@dataclass(frozen=True, slots=True)
class _Opened:
    """One line of /proc/net/udp and its like: a socket, by its local address and its inode."""

    host: str
    port: int
    inode: str


def holders(protocol: str, port: int, host: str = "") -> str:
    """The processes that have ``port`` open (``systemd-resolve (pid 431)``), as far as we may see.

    With ``host``, those that stand in the way there: on that address, or on all. Reads /proc:
    `udp` and `tcp`, both families. Empty if they belong to another user.
    """
    inodes = {
        opened.inode
        for opened in _opened(protocol)
        if opened.port == port and (not host or opened.host in {host, *_ANY})
    }
    found = [
        f"{_command(process)} (pid {process.name})"
        for process in Path("/proc").iterdir()
        if inodes and process.name.isdigit() and inodes & _sockets(process)
    ]
    return ", ".join(sorted(found))


def hosts_held(port: int) -> set[str]:
    """The addresses, 0.0.0.0 and :: among them, on which somebody has ``port`` open."""
    return {
        opened.host
        for protocol in ("udp", "tcp")
        for opened in _opened(protocol)
        if opened.port == port
    }


def _opened(protocol: str) -> Iterator[_Opened]:
    """The open UDP or the listening TCP sockets (proc(5): local address, state and inode)."""
    for table in (f"/proc/net/{protocol}", f"/proc/net/{protocol}6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if protocol == "udp" or fields[3] == _TCP_LISTEN:
                    host, _, port = fields[1].partition(":")
                    yield _Opened(_host(host), int(port, 16), fields[9])


def _host(digits: str) -> str:
    """The kernel prints an address as numbers of four bytes each, in the machine's own order."""
    words = [int(digits[start : start + 8], 16) for start in range(0, len(digits), 8)]
    address = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    return str(getattr(address, "ipv4_mapped", None) or address)


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
