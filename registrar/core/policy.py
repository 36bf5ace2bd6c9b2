"""What the operator chose: how containers become services on this host."""

from collections.abc import Callable
from dataclasses import dataclass

from registrar.core.selector import Selector
from registrar.core.template import Template

FAMILIES = ("", "ipv4", "ipv6")


def _no_fetch(url: str) -> str:
    raise OSError(f"{url} is not fetched here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The flags of the registrar, checked.

    ``host`` stands in service ids and in our mark. ``ip``, ``internal``, ``explicit``,
    ``use_ip_from_label``, ``tags`` and ``ttl_s`` are registrator's. ``networks`` are names or CIDRs
    in order of preference. ``node_address`` is what an empty service address stands for,
    ``node_ipv6`` the host's own for ports that are published over IPv6 only; either may be empty.
    ``no_checks`` says why the catalog runs no health checks, empty if it does. ``fetch`` gets the
    text at a URL for templates, and raises OSError.
    """

    host: str
    ip: str = ""
    internal: bool = False
    explicit: bool = False
    use_ip_from_label: str = ""
    networks: tuple[str, ...] = ()
    family: str = ""
    name: Template | None = None
    suffix: str = "auto"
    tags: Template | None = None
    select: tuple[Selector, ...] = ()
    ttl_s: int = 0
    keep_failed: bool = False
    cleanup: bool = False
    node_address: str = ""
    node_ipv6: str = ""
    no_checks: str = ""
    fetch: Callable[[str], str] = _no_fetch
