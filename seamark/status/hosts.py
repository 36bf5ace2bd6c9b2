"""By which names a browser may call the status side (DNS rebinding).

A page from outside can have its own name resolve to a loopback address, and is then of one origin
with whatever answers there: only the Host header still tells its name.
"""

import ipaddress
from collections.abc import Collection


def is_ours(header: str, names: Collection[str]) -> bool:
    """Whether the value of a Host header is one that nobody outside can own.

    An address is, so is a name without a dot and what lies below localhost (RFC 6761 6.3), and
    so are ``names``, in lower case and without a final dot.
    """
    host = header.strip().lower()
    if host.startswith("["):
        return _is_address(host[1:].partition("]")[0])
    host = host.partition(":")[0].removesuffix(".")
    if "." not in host or host.endswith(".localhost"):
        return host.isascii() and bool(host)
    return host in names or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
