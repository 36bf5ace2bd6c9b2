"""Names, networks and servers as people write them in settings; each fault with its place."""

import ipaddress
from collections.abc import Iterable

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.names import Name, from_text
from seamark.addresses import is_ourselves, parse_endpoint
from seamark.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_name(text: str, path: str) -> Name:
    """A zone's name. Raises :class:`SettingsError` naming ``path``, as do all of these."""
    try:
        return from_text(text)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}", "write it as `corp.example`") from error


def parse_datacenter(text: str, path: str) -> bytes:
    """A datacenter's name as the label that stands for it, in canonical spelling."""
    name = parse_name(text, path)
    if len(name) != 1:
        raise SettingsError(f"{path}: `{text}` is no datacenter's name", "write it as `dc2`")
    return name[0].lower()


def parse_networks(texts: Iterable[str], path: str) -> list[Network]:
    """Networks as ``10.20.0.0/16``, without a host's bits."""
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise SettingsError(
                f"{path}: `{text}` is no network: {error}", "write networks as `10.20.0.0/16`"
            ) from error
    return networks


def parse_servers(
    texts: Iterable[str], path: str, listen: list[Endpoint], default_port: int = 53
) -> list[Endpoint]:
    """Servers to ask, none of whom may be ourselves: every query would come back."""
    servers = [parse_endpoint(text, path, default_port) for text in texts]
    refuse_ourselves(servers, path, listen)
    return servers


def refuse_ourselves(servers: Iterable[Endpoint], path: str, listen: list[Endpoint]) -> None:
    """Raise if a query to one of these servers would come back to a listener of ours."""
    for server in servers:
        if is_ourselves(server, listen):
            raise SettingsError(
                f"{path}: {server} is ourselves; every query would come back",
                "name another server, or listen elsewhere",
            )


def listed(servers: Iterable[Endpoint]) -> str:
    """Servers for people."""
    return ", ".join(map(str, servers))
