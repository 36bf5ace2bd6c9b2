"""What of this host decides who asks Seamark: resolv.conf, the engine's own settings, the clock."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from dnsproxy.core.endpoint import Endpoint
from seamark.addresses import (
    RESOLV_CONF,
    RESOLVED_STUB,
    default_route_address,
    is_local,
    nameservers,
)
from seamark.checks.findings import Finding, State
from seamark.dns_half import listen_addresses
from seamark.inherited import Inherited
from seamark.settings import Settings
from seamark.surroundings import in_container

PART = "host"
DAEMON_JSON = Path("/etc/docker/daemon.json")
# Before this was written; certificates are not valid yet by such a clock.
_EARLIEST = 1_767_225_600
_DNS_PORT = 53


def check_host(settings: Settings, now: float) -> Iterator[Finding]:
    """Whether this host and its containers ask Seamark, and whether its clock, ``now``, is set."""
    listen = listen_addresses(settings, Inherited())
    yield _of_resolv_conf(listen)
    if not in_container():
        yield from _of_engine(listen)
    if now < _EARLIEST:
        year = time.gmtime(now).tm_year
        hint = "set it: timedatectl set-ntp true"
        yield Finding(PART, State.WARN, "clock", f"it shows the year {year}", hint)


def _of_resolv_conf(listen: list[Endpoint]) -> Finding:
    servers = nameservers(RESOLV_CONF)
    what, shown = str(RESOLV_CONF), ", ".join(servers)
    if not servers:
        return Finding(PART, State.WARN, what, "names no server", "write `nameserver 127.0.0.1`")
    reached = [_is_reached(server, listen) for server in servers]
    if all(reached):
        return Finding(PART, State.OK, what, f"this host asks {shown}, and that is Seamark")
    if any(reached):
        hint = "name Seamark alone: what one of them denies, nobody asks the next for"
        return Finding(PART, State.WARN, what, f"only some of {shown} are Seamark", hint)
    if servers == [RESOLVED_STUB]:
        hint = "for Consul's names alone: docs/how-to/beside-systemd-resolved.md"
        words = f"this host asks systemd-resolved on {shown}, not Seamark"
        return Finding(PART, State.WARN, what, words, hint)
    hint = "right if only containers are to ask it; else write `nameserver` and its address"
    return Finding(PART, State.WARN, what, f"this host asks {shown}, not Seamark", hint)


def _is_reached(server: str, listen: list[Endpoint]) -> bool:
    """Whether who asks there, on port 53, asks one of our addresses."""
    where = Endpoint(server, _DNS_PORT)
    return server != RESOLVED_STUB and any(
        address == where
        or (
            (address.is_wildcard, address.port, address.is_ipv6) == (True, _DNS_PORT, where.is_ipv6)
            and is_local(server)
        )
        for address in listen
    )


def _of_engine(listen: list[Endpoint]) -> Iterator[Finding]:
    """The servers that containers get which are started without --dns."""
    what = str(DAEMON_JSON)
    try:
        document = json.loads(DAEMON_JSON.read_text())
        servers = [str(server) for server in document.get("dns", [])]
    except FileNotFoundError:
        servers = []
    except (OSError, ValueError, AttributeError, TypeError) as error:
        yield Finding(PART, State.SKIP, what, f"cannot be read: {error}")
        return
    if servers and all(_is_reached(server, listen) for server in servers):
        yield Finding(PART, State.OK, what, f"containers ask {', '.join(servers)}")
        return
    found = f"containers ask {', '.join(servers)}" if servers else "it names no `dns`"
    address = next((a.host for a in listen if not a.is_wildcard and a.port == _DNS_PORT), "")
    address = address or default_route_address()
    hint = f'write "dns": ["{address}"] for all containers, or start each with --dns {address}'
    yield Finding(PART, State.WARN, what, found, hint)
