"""How many files, sockets among them, this process may have open."""

import contextlib
import resource

# Connections of clients, one socket or connection to an upstream for each query that waits, and
# what the rest of the process needs.
WANTED = 8192


def allowed() -> int:
    """Ask for as many as we need, as far as the hard limit goes. Returns how many there may be.

    Many a system gives 1,024 to a process that does not ask, and select() is why; nothing here
    uses it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
