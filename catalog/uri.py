"""The registry URI: which catalog, and where."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from catalog.errors import RegistryUriError
from catalog.strict import nearest

DEFAULT_HTTP_PORT = 8500
DEFAULT_HTTPS_PORT = 8501
DEFAULT_DNS_PORT = 8600
_SCHEMES = ["consul", "consul-tls", "consul-unix", "consulkv", "consulkv-tls", "consulkv-unix"]
# What a browser would call it -> what it is called here.
_WEB = {"http": "consul", "https": "consul-tls"}
_PORT = re.compile(r"[0-9]+/?")
_FOREIGN = ("etcd", "skydns", "zookeeper", "zk")
_TRUTH = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False, "": False}


@dataclass(frozen=True, slots=True)
class AgentAddress:
    """The HTTP interface of a Consul agent.

    ``socket`` is the path of its Unix socket, empty for TCP; who listens on one is on this host, so
    that ``host`` is 127.0.0.1 then. With ``always_verify`` CONSUL_HTTP_SSL_VERIFY cannot switch off
    that the agent's certificate is checked.
    """

    host: str
    port: int
    tls: bool = False
    socket: str = ""
    always_verify: bool = False

    @property
    def bracketed_host(self) -> str:
        """The host as URLs want it: IPv6 in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        if self.socket:
            return f"unix://{self.socket}"
        return f"{'https' if self.tls else 'http'}://{self.bracketed_host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Registry:
    """A catalog: the services of the agent there, or keys below ``kv_prefix`` if it is not empty.

    ``kv_prefix`` has no slash at its ends.
    """

    address: AgentAddress
    kv_prefix: str = ""


def parse_registry_uri(uri: str, environment: Mapping[str, str]) -> Registry:
    """The catalog that ``consul://host:port`` and its kin name, as in registrator.

    Path, query and user of a URI that needs none are ignored. Without a host CONSUL_HTTP_ADDR of
    ``environment`` stands in, without that 127.0.0.1. CONSUL_HTTP_SSL makes ``consul:`` and
    ``consulkv:`` use TLS. Without a port it is 8500, with TLS 8501 (registrator took 80).
    Raises :class:`RegistryUriError`.
    """
    scheme, colon, rest = uri.partition(":")
    scheme = scheme.lower()
    if not colon:
        raise RegistryUriError(f"`{uri}` has no scheme; write `consul://HOST:8500`")
    if scheme not in _SCHEMES:
        raise RegistryUriError(f"`{uri}`: {_why_not(uri, scheme)}")
    kind, _, transport = scheme.partition("-")
    in_kv = kind == "consulkv"
    if transport == "unix":
        return _parse_socket(uri, rest.removeprefix("//"), in_kv=in_kv)
    authority, _, path = rest.removeprefix("//").partition("/")
    prefix = _prefix(path, uri, f"{scheme}://{authority or 'HOST:8500'}/PREFIX") if in_kv else ""
    if transport == "tls":
        if not authority:
            raise RegistryUriError(f"`{uri}` names no host; write `{scheme}://HOST:8501`")
        return Registry(_parse_authority(authority, f"`{uri}`", tls=True, always=True), prefix)
    return Registry(_plain_address(authority, uri, environment), prefix)


def truth(text: str) -> bool | None:
    """The yes or no that an environment variable holds, as Go reads it; None for neither."""
    return _TRUTH.get(text.strip().lower())


def _plain_address(authority: str, uri: str, environment: Mapping[str, str]) -> AgentAddress:
    """The address for ``consul:`` and ``consulkv:``, in which the environment has a say."""
    if authority:
        return _parse_authority(authority, f"`{uri}`", tls=_tls_wanted(environment))
    given = environment.get("CONSUL_HTTP_ADDR", "").strip() or "127.0.0.1"
    return parse_http_address(given, "CONSUL_HTTP_ADDR", environment)


def _tls_wanted(environment: Mapping[str, str]) -> bool:
    tls = truth(environment.get("CONSUL_HTTP_SSL", ""))
    if tls is None:
        raise RegistryUriError(
            f"CONSUL_HTTP_SSL: `{environment['CONSUL_HTTP_SSL']}` is no yes or no; "
            "write `true` or `false`"
        )
    return tls


def parse_http_address(given: str, setting: str, environment: Mapping[str, str]) -> AgentAddress:
    """An agent's HTTP interface as CONSUL_HTTP_ADDR takes it.

    ``HOST:PORT``, ``https://HOST:PORT``, ``unix:///PATH``; without a scheme CONSUL_HTTP_SSL of
    ``environment`` says whether it is TLS. Raises :class:`RegistryUriError` naming ``setting``.
    """
    where = f"{setting}: `{given}`"
    scheme, separator, rest = given.partition("://")
    tls = _tls_wanted(environment)
    if not separator:
        return _parse_authority(given, where, tls=tls)
    match scheme.lower():
        case "unix":
            return _socket_address("/" + rest.lstrip("/"), where, "unix:///PATH")
        case "http" | "https" as known:
            authority = rest.partition("/")[0]
            return _parse_authority(authority, where, tls=tls or known == "https")
    raise RegistryUriError(f"{where}: unknown scheme; write `HOST:8500`, `https://` or `unix://`")


def _parse_socket(uri: str, rest: str, *, in_kv: bool) -> Registry:
    if not in_kv:
        return Registry(_socket_address(rest, f"`{uri}`", "consul-unix:///PATH"))
    path, _, prefix = rest.partition(":")
    address = _socket_address(path, f"`{uri}`", "consulkv-unix:///PATH:/PREFIX")
    return Registry(address, _prefix(prefix, uri, f"consulkv-unix://{path}:/PREFIX"))


def _socket_address(path: str, where: str, example: str) -> AgentAddress:
    if not path.startswith("/") or not path.strip("/"):
        raise RegistryUriError(f"{where} names no socket by its full path; write `{example}`")
    return AgentAddress("127.0.0.1", DEFAULT_HTTP_PORT, socket=unquote(path))


def _prefix(path: str, uri: str, example: str) -> str:
    prefix = unquote(path.partition("?")[0]).strip("/")
    if not prefix:
        raise RegistryUriError(f"`{uri}` names no prefix for the keys; write `{example}`")
    return prefix


def _parse_authority(
    text: str, where: str, *, tls: bool = False, always: bool = False
) -> AgentAddress:
    """``host``, ``host:port``, with IPv6 in brackets or without if there is no port."""
    default = DEFAULT_HTTPS_PORT if tls else DEFAULT_HTTP_PORT
    try:
        parts = urlsplit(f"//{f'[{text}]' if _is_ipv6(text) else text}")
        port = default if parts.port is None else parts.port
    except ValueError as error:
        raise RegistryUriError(f"{where}: {error}; write `HOST:{default}`") from error
    if not parts.hostname:
        raise RegistryUriError(f"{where} names no host; write `HOST:{default}`")
    if port == 0:
        raise RegistryUriError(f"{where}: nobody listens on port 0; write `HOST:{default}`")
    return AgentAddress(parts.hostname, port, tls=tls, always_verify=always)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _why_not(uri: str, scheme: str) -> str:
    if scheme.startswith(_FOREIGN):
        return f"Seamark registers in Consul only, not in {scheme}; use `consul://HOST:8500`"
    if scheme in _WEB:
        return f"a registry is no web page; write `{_WEB[scheme]}:{uri.partition(':')[2]}`"
    if _PORT.fullmatch(uri.partition(":")[2]):
        return f"it has no scheme; write `consul://{uri}`"
    guess = nearest(scheme, _SCHEMES)
    meant = f"did you mean `{guess}`?" if guess else f"known: {', '.join(_SCHEMES)}"
    return f"unknown scheme `{scheme}`; {meant}"
