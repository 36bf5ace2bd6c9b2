"""What a process can tell of the container that it runs in, if it runs in one."""

import re
import socket
from pathlib import Path

# What Docker and podman put into each container.
_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
_SHORT_ID = re.compile("[0-9a-f]{12}")


def in_container() -> bool:
    """Whether Docker or podman started us."""
    return any(path.exists() for path in _MARKS)


def container_host() -> str:
    """The host name that our container was given, as in registrator's `docker run -h node1`.

    Empty outside a container, and for the name that an engine makes up: its short id.
    """
    name = socket.gethostname()
    return name if in_container() and not _SHORT_ID.fullmatch(name) else ""
