"""The registry URI: which catalog, and where."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from catalog.errors import RegistryUriError
from catalog.strict import nearest

DEFAULT_HTTP_PORT = 8500
DEFAULT_DNS_PORT = 8600
_SCHEMES = ["consul"]
_FOREIGN = {"etcd", "skydns2", "zookeeper"}


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """The HTTP interface of a Consul agent."""

    host: str
    port: int

    @property
    def bracketed_host(self) -> str:
        """The host as URLs want it: IPv6 in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        return f"http://{self.bracketed_host}:{self.port}"


def parse_registry_uri(uri: str, consul_http_addr: str = "") -> AgentAddress:
    """The agent that ``consul://host:port`` names.

    Without a host, ``consul_http_addr`` (the value of CONSUL_HTTP_ADDR) stands in, as in
    registrator; without that, 127.0.0.1:8500. Raises :class:`RegistryUriError`.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon:
        raise RegistryUriError(f"`{uri}` has no scheme; write `consul://HOST:8500`")
    if scheme not in _SCHEMES:
        raise RegistryUriError(f"`{uri}`: {_why_not(scheme)}")
    if not rest.strip("/"):
        return _parse_host_port(consul_http_addr or "127.0.0.1", uri)
    return _parse_host_port(rest, uri)


def _parse_host_port(text: str, whole: str) -> AgentAddress:
    bare = text.split("://", 1)[-1].lstrip("/")
    try:
        parts = urlsplit(f"//{bare}")
        port = parts.port
    except ValueError as error:
        raise RegistryUriError(f"`{whole}`: {error}; write `consul://HOST:8500`") from error
    if text.startswith("https:"):
        raise RegistryUriError(f"`{whole}`: Consul over TLS is not supported yet; use http")
    if not parts.hostname:
        raise RegistryUriError(f"`{whole}` names no host; write `consul://HOST:8500`")
    return AgentAddress(parts.hostname, DEFAULT_HTTP_PORT if port is None else port)


def _why_not(scheme: str) -> str:
    if scheme in _FOREIGN:
        return f"Seamark registers in Consul only, not in {scheme}; use `consul://HOST:8500`"
    guess = nearest(scheme, _SCHEMES)
    meant = f"did you mean `{guess}`?" if guess else f"known: {', '.join(_SCHEMES)}"
    return f"unknown scheme `{scheme}`; {meant}"
