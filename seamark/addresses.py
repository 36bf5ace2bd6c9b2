"""Addresses as people write them, and those that this host has."""

import ipaddress
import socket
from pathlib import Path

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.holders import hosts_held
from seamark.errors import SettingsError
from seamark.surroundings import in_container

RESOLV_CONF = Path("/etc/resolv.conf")
# systemd-resolved's own list of servers, and the stub address that it writes to resolv.conf.
RESOLVED_CONF = Path("/run/systemd/resolve/resolv.conf")
RESOLVED_STUB = "127.0.0.53"
# Docker's own server in a user-defined network. The packets go to another port on their way:
# none of them comes to us, whatever we have bound.
_ENGINES_OWN = "127.0.0.11"


def parse_endpoint(text: str, setting: str, default_port: int | None = None) -> Endpoint:
    """``1.2.3.4:53``, ``[::1]:53``; without a port only where there is a default.

    Raises :class:`SettingsError` naming ``setting``. Names are refused: who looks up the address of
    a name server by name needs another name server first.
    """
    host, port = _split(text.strip())
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError as error:
        raise SettingsError(
            f"{setting}: `{text}` does not start with an IP address", "write it as `ADDR:PORT`"
        ) from error
    if not port and default_port is not None:
        return Endpoint(address, default_port)
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise SettingsError(
            f"{setting}: `{text}` has no port from 0 to 65535", "write it as `ADDR:PORT`"
        )
    return Endpoint(address, int(port))


def status_address(listen: str) -> Endpoint | None:
    """Where the status side listens, by `http.listen`; None if it is off."""
    return None if listen == "off" else parse_endpoint(listen, "http")


def from_here(listener: Endpoint) -> Endpoint:
    """Where this host asks who listens there: on every address means on loopback too."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared, not bound)
    return Endpoint(loopback.get(listener.host, listener.host), listener.port)


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    if text.count(":") > 1:
        return text, ""
    host, _, port = text.partition(":")
    return host or "0.0.0.0", port  # noqa: S104  (`:53` means everywhere)


def system_upstreams(
    listen: list[Endpoint], resolv_conf: Path = RESOLV_CONF, resolved_conf: Path = RESOLVED_CONF
) -> list[Endpoint]:
    """The nameservers of /etc/resolv.conf that are not ourselves.

    Where that names systemd-resolved's stub alone, the servers behind it, as the engine does for
    its containers: the stub may have been told to ask us.
    """
    hosts = nameservers(resolv_conf)
    if hosts == [RESOLVED_STUB]:
        hosts = nameservers(resolved_conf) or hosts
    return [server for server in map(Endpoint, hosts) if not is_ourselves(server, listen)]


def nameservers(file: Path) -> list[str]:
    """The addresses of resolv.conf(5)'s `nameserver` lines; none if there is no such file."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    return [line[1].partition("%")[0] for line in words if line[:1] == ["nameserver"] and line[1:]]


def is_ourselves(server: Endpoint, listen: list[Endpoint]) -> bool:
    """Whether a query to that server would come back to one of our listeners.

    To be asked before anything is bound: an address of this host that somebody else holds by then
    stays theirs, also where we listen on all the others.
    """
    if server.host == _ENGINES_OWN and in_container():
        return False
    for address in listen:
        if address.port != server.port or address.is_ipv6 != server.is_ipv6:
            continue
        if address.host == server.host:
            return True
        if address.is_wildcard and is_local(server.host):
            return server.host not in hosts_held(server.port)
    return False


def is_local(host: str) -> bool:
    """Whether this host has that address: only then can it be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((host, 0))
        except OSError:
            return False
    return True


def default_route_address() -> str:
    """The address that this host uses towards others; 127.0.0.1 if it has no route at all."""
    return _route_source(socket.AF_INET, "198.51.100.1") or own_ipv6() or "127.0.0.1"


def own_ipv6() -> str:
    """The address that this host uses towards others over IPv6; empty if it has none."""
    return _route_source(socket.AF_INET6, "2001:db8::1")


def _route_source(family: socket.AddressFamily, destination: str) -> str:
    """The source address for a destination (RFC 5737, RFC 3849: for documentation).

    Connecting a UDP socket sends nothing; the kernel only chooses the address.
    """
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((destination, 53))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
