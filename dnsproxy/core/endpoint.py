"""An address and a port: of a listener of ours, or of an upstream."""

from dataclasses import dataclass

DOT_PORT = 853


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``host`` is an IP address; ``0.0.0.0`` and ``::`` stand for all of a family to a listener."""

    host: str
    port: int = 53

    @property
    def is_ipv6(self) -> bool:
        """Its family."""
        return ":" in self.host

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for all addresses of its family."""
        return self.host in {"0.0.0.0", "::"}  # noqa: S104  (compared, not bound)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TlsEndpoint(Endpoint):
    """An upstream that is asked over TLS (RFC 7858).

    ``name`` is what its certificate must carry; where it is empty, the address itself.
    """

    port: int = DOT_PORT
    name: str = ""

    def __str__(self) -> str:
        # Zero-argument super() does not survive slots=True (cpython#90562).
        plain = Endpoint.__str__(self)
        return f"tls://{plain}#{self.name}" if self.name else f"tls://{plain}"
