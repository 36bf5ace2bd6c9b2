"""Whether a proxy on this host answers: asked as its clients ask, for a name that is its own.

Nothing else is needed for the answer, neither Consul nor an upstream: where those are away, a
restart would not help.
"""

import secrets
import socket
import time
from collections.abc import Sequence

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import to_text
from dnsproxy.core.records import unpack
from dnsproxy.core.special import HEALTH, is_well
from dnsproxy.core.wire import Rcode, Type, question, scan
from dnsproxy.errors import MalformedMessage
from seamark import status_client
from seamark.addresses import default_route_address
from seamark.errors import StartError

# Less than the 30 s between two checks of an engine's, and than the patience of most callers.
LIMIT_S = 4.0
_TRIES = 2
_RD, _HEADER = b"\x01\x00", b"\x00\x01\x00\x00\x00\x00\x00\x00"


def check(listen: Sequence[Endpoint]) -> None:
    """Each address that is listened on answers. Raises :class:`StartError` for one that does not.

    Of a port on every address, one of the family that is named first: loopback, or another where
    that is somebody else's.
    """
    everywhere = {endpoint.port: endpoint for endpoint in reversed(listen) if endpoint.is_wildcard}
    for endpoint in listen:
        if not endpoint.is_wildcard:
            _ask(endpoint)
    for port, endpoint in everywhere.items():
        if endpoint.is_ipv6:
            _ask(Endpoint("::1", port))
        else:
            _ask_either(Endpoint("127.0.0.1", port), Endpoint(default_route_address(), port))


def check_status(status: Endpoint | None) -> None:
    """The status side says that all parts go on. Raises :class:`StartError`, SettingsError."""
    code, said = status_client.get(status, "/health", LIMIT_S, "a registrar")
    if code != 200:
        words = said.decode(errors="replace").strip()
        raise StartError(f"http://{status}/health: {code}: {words}", "its log says why; restart it")


def _ask_either(first: Endpoint, other: Endpoint) -> None:
    try:
        _ask(first)
    except StartError:
        if other == first:
            raise
        _ask(other)


def _ask(server: Endpoint) -> None:
    """Over UDP, twice. Raises :class:`StartError`."""
    problem = ""
    family = socket.AF_INET6 if server.is_ipv6 else socket.AF_INET
    for _ in range(_TRIES):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect((server.host, server.port))
                problem = _exchange(sock, time.monotonic() + LIMIT_S / _TRIES)
            except OSError as error:
                problem = error.strerror or "no answer in time"
        if not problem:
            return
    raise StartError(
        f"{server} does not answer for {to_text(HEALTH)}: {problem}",
        "is the proxy running there? name its address with --listen, or in seamark.toml",
    )


def _exchange(sock: socket.socket, deadline: float) -> str:
    """What is wrong; empty if nothing is. Raises OSError."""
    query = secrets.token_bytes(2) + _RD + _HEADER + question(HEALTH, Type.TXT).wire
    sock.send(query)
    while True:
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        reply = sock.recv(4096)
        if reply[:2] == query[:2]:
            return _problem(reply)


def _problem(reply: bytes) -> str:
    # The gate refuses with the header alone.
    if len(reply) > 3 and reply[3] & 15 == Rcode.REFUSED:
        return "it refuses this host; add it to dns.allow"
    try:
        found = unpack(scan(reply))
    except MalformedMessage as error:
        return f"its reply cannot be read: {error}"
    if not is_well(found):
        return "another DNS server has that address"
    return ""
