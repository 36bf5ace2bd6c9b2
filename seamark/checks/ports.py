"""The addresses to listen on: whether they are free, and else who holds them.

Each is bound as at the start, and let go at once.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.edges.binding import bound
from dnsproxy.edges.links import local_addresses
from dnsproxy.errors import AddressHeld, ListenError
from seamark import healthcheck, status_client
from seamark.addresses import status_address
from seamark.checks.findings import Finding, State, apart
from seamark.dns_half import listen_addresses
from seamark.errors import StartError
from seamark.inherited import Inherited
from seamark.settings import HttpSettings, Settings

PART = "ports"
_KINDS = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_SYSTEMD = "held by systemd (pid 1)"
_STATUS_S = 2.0


def check_ports(settings: Settings) -> Iterator[Finding]:
    """A finding for each address and protocol that cannot be had, one for each that can."""
    for address in listen_addresses(settings, Inherited()):
        yield from _of_address(address)
    status = status_address(settings.http.listen)
    yield _of_status(status) if status else Finding(PART, State.SKIP, "status side", "it is off")


def _of_address(address: Endpoint) -> Iterator[Finding]:
    errors = {protocol: _error(address, protocol) for protocol in _KINDS}
    held = any(isinstance(error, AddressHeld) for error in errors.values())
    if held and _is_a_seamark(address):
        words = next(apart(_reason(error))[0] for error in errors.values() if error)
        found = f"a Seamark answers there already ({words.rpartition(', ')[2]})"
        yield Finding(PART, State.OK, str(address), found)
        return
    if held and address.is_wildcard and (partly := _left_of(address)):
        yield from partly
        return
    free = [protocol for protocol, error in errors.items() if error is None]
    if free:
        yield Finding(PART, State.OK, f"{address} ({', '.join(free)})", "free")
    for protocol, error in errors.items():
        if error is not None:
            yield _of_error(f"{address} ({protocol})", error)


def _error(address: Endpoint, protocol: str) -> ListenError | None:
    try:
        bound(address, _KINDS[protocol]).close()
    except ListenError as error:
        return error
    return None


def _of_error(what: str, error: ListenError) -> Finding:
    found, hint = apart(_reason(error))
    if _SYSTEMD in found:
        hint = "right if seamark.socket holds it for the service; else see `systemctl list-sockets`"
        return Finding(PART, State.WARN, what, found, hint)
    if "no permission" in found and _UNPRIVILEGED.exists():
        start = _UNPRIVILEGED.read_text().strip()
        hint += f", or set sysctl net.ipv4.ip_unprivileged_port_start, which is {start}"
    return Finding(PART, State.FAIL, what, found, hint)


def _reason(error: ListenError) -> str:
    """Without the address, which stands in front."""
    return str(error).partition("): ")[2]


def _left_of(wildcard: Endpoint) -> list[Finding]:
    """Of all addresses those that are free, where somebody holds a few; none if all are held."""
    try:
        addresses = local_addresses(6 if wildcard.is_ipv6 else 4)
    except OSError:
        return []
    held = {}
    for local in addresses:
        host = f"{local.host}%{local.interface}" if local.interface else local.host
        address = Endpoint(host, wildcard.port)
        errors = [error for error in (_error(address, protocol) for protocol in _KINDS) if error]
        if errors:
            held[address] = errors[0]
    free = len(addresses) - len(held)
    if not free:
        return []
    found = [Finding(PART, State.OK, str(wildcard), f"free on {free} of this host's addresses")]
    for address, error in held.items():
        reason, _ = apart(_reason(error))
        what = f"{reason}; Seamark leaves this address out"
        found.append(Finding(PART, State.OK, str(address), what))
    return found


def _is_a_seamark(address: Endpoint) -> bool:
    try:
        healthcheck.check([address])
    except StartError:
        return False
    return True


def _of_status(address: Endpoint) -> Finding:
    what = f"{address} (status)"
    error = _error(address, "tcp")
    if error is None:
        return Finding(PART, State.OK, what, "free")
    found, _ = apart(_reason(error))
    if isinstance(error, AddressHeld) and _tells_a_status(address):
        return Finding(PART, State.OK, what, f"a Seamark tells there already ({found})")
    hint = "choose another with `--http ADDR:PORT`, or `--http off`"
    if str(address) == HttpSettings().listen:
        return Finding(PART, State.WARN, what, f"{found}; Seamark goes on without", hint)
    return Finding(PART, State.FAIL, what, found, hint)


def _tells_a_status(address: Endpoint) -> bool:
    try:
        code, said = status_client.get(address, "/health", _STATUS_S, "a Seamark")
    except StartError:
        return False
    return code in {200, 503} and b'"status"' in said
