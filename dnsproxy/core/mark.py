"""Our mark on questions that may come back to us.

Consul hands what it does not know to its recursors, with all options of who asked. Where a recursor
leads here, our own question comes in again while we wait for its answer (consul#6183).
"""

from dnsproxy.core import edns
from dnsproxy.core.wire import Message, edns_options

# For local use (RFC 6891 9: 65001 to 65534); a server that does not know it ignores it (6.1.2).
_CODE = 65317


def option(mark: bytes) -> bytes:
    """The EDNS option that carries a mark; nothing for an empty one."""
    return edns.option(_CODE, mark) if mark else b""


def carries(message: Message, mark: bytes) -> bool:
    """Whether the OPT of a message that the gate let in carries this mark."""
    opt = message.opt
    if opt is None or not mark:
        return False
    return (_CODE, mark) in edns_options(message.wire, opt)
