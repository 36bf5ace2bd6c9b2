"""Names, networks and servers as people write them in settings; each fault with its place."""

import ipaddress
import re
from collections.abc import Iterable

from dnsproxy.core.endpoint import DOT_PORT, Endpoint, TlsEndpoint
from dnsproxy.core.names import Name, from_text
from seamark.addresses import is_ourselves, parse_endpoint
from seamark.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST_NAME = re.compile(r"(?=.{1,253}\.?$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


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


def parse_servers(texts: Iterable[str], path: str, listen: list[Endpoint]) -> list[Endpoint]:
    """Servers to ask, ``ADDR[:PORT]`` or ``tls://ADDR[:PORT][#NAME]``.

    None of them may be ourselves: every query would come back.
    """
    servers = [_parse_server(text.strip(), path) for text in texts]
    refuse_ourselves(servers, path, listen)
    return servers


def parse_endpoints(
    texts: Iterable[str], path: str, listen: list[Endpoint], default_port: int
) -> list[Endpoint]:
    """The same of servers that are asked in the clear only."""
    servers = [parse_endpoint(text, path, default_port) for text in texts]
    refuse_ourselves(servers, path, listen)
    return servers


def _parse_server(text: str, path: str) -> Endpoint:
    scheme, slashes, rest = text.rpartition("://")
    if not slashes:
        if "#" in text:
            raise SettingsError(
                f"{path}: `{text}` has a name, and no TLS that would check it",
                f"write `tls://{text}`, or leave out the name",
            )
        return parse_endpoint(text, path, 53)
    if scheme != "tls":
        raise SettingsError(
            f"{path}: `{scheme}://` is no way to ask a server",
            "write `ADDR` for UDP and TCP, `tls://ADDR#NAME` for DNS over TLS",
        )
    address, mark, name = rest.partition("#")
    if not _starts_with_address(address):
        host = address.partition(":")[0]
        raise SettingsError(
            f"{path}: `{text}` does not start with an IP address; who should look one up?",
            f"write the address and the name, `tls://9.9.9.9#{name or host or 'dns.quad9.net'}`",
        )
    endpoint = parse_endpoint(address, path, DOT_PORT)
    if mark and not _HOST_NAME.fullmatch(name):
        raise SettingsError(
            f"{path}: `{name}` is no name that a certificate could carry",
            "write it as `tls://9.9.9.9#dns.quad9.net`",
        )
    return TlsEndpoint(endpoint.host, endpoint.port, name.rstrip(".").lower())


def _starts_with_address(text: str) -> bool:
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    host = host if host.count(":") > 1 else host.partition(":")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


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
