"""Every setting: its key in ``seamark.toml``, environment variable, flag, unit and default.

Flag beats environment beats file beats default. This module only says what there is and reads it
from values; who reads files and variables is :mod:`seamark.sources`.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from dnsproxy.core.access import PRIVATE_NETWORKS


class CatalogSettings(Struct, forbid_unknown_fields=True):
    """``[catalog]``: where services live."""

    registry: Annotated[
        str,
        Meta(description="Registry URI, `consul://HOST:PORT`; empty: embedded in this process."),
    ] = ""
    services: Annotated[
        str,
        Meta(description="Embedded only: a JSON file with services in Consul's definition form."),
    ] = ""
    advertise: Annotated[
        str,
        Meta(description="Embedded only: the node's address; empty: that of the default route."),
    ] = ""


class RegistrarSettings(Struct, forbid_unknown_fields=True):
    """``[registrar]``: containers to services."""

    docker: Annotated[
        str,
        Meta(description="The engine's socket; empty: `DOCKER_HOST`, else Docker's own default."),
    ] = ""
    resync_s: Annotated[
        float,
        Meta(gt=0, description="Seconds between two comparisons of everything (cheap: 2 reads)."),
    ] = 10.0


class DnsSettings(Struct, forbid_unknown_fields=True):
    """``[dns]``: questions to answers."""

    listen: Annotated[
        list[str],
        Meta(description="Addresses to answer on, UDP and TCP, as `ADDR:PORT`."),
    ] = field(default_factory=lambda: ["0.0.0.0:53", "[::]:53"])
    upstream: Annotated[
        list[str],
        Meta(description="Who is asked for all other names, in this order; empty: resolv.conf."),
    ] = field(default_factory=list)
    consul_dns: Annotated[
        str,
        Meta(description="Consul's DNS, `ADDR:PORT`; empty: the registry's host, port 8600."),
    ] = ""
    allow: Annotated[
        list[str],
        Meta(description="Networks whose hosts are answered; all others are refused."),
    ] = field(default_factory=lambda: list(PRIVATE_NETWORKS))


class HttpSettings(Struct, forbid_unknown_fields=True):
    """``[http]``: the status side."""

    listen: Annotated[
        str,
        Meta(description="`ADDR:PORT` of the status side, or `off`."),
    ] = "127.0.0.1:8053"


class Settings(Struct, forbid_unknown_fields=True):
    """All of ``seamark.toml``."""

    node: Annotated[
        str,
        Meta(description="This host's name in service ids; empty: the engine's host name."),
    ] = ""
    log_level: Annotated[
        str,
        Meta(pattern="^(debug|info|warning|error)$", description="What is logged to stderr."),
    ] = "info"
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    registrar: RegistrarSettings = field(default_factory=RegistrarSettings)
    dns: DnsSettings = field(default_factory=DnsSettings)
    http: HttpSettings = field(default_factory=HttpSettings)


# Setting -> its environment variables, the first that is set counts.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "node": ("SEAMARK_NODE",),
    "log_level": ("SEAMARK_LOG_LEVEL",),
    "catalog.registry": ("SEAMARK_REGISTRY",),
    "catalog.services": ("SEAMARK_SERVICES",),
    "catalog.advertise": ("SEAMARK_ADVERTISE",),
    "registrar.docker": ("SEAMARK_DOCKER", "DOCKER_HOST"),
    "registrar.resync_s": ("SEAMARK_RESYNC_S",),
    "dns.listen": ("SEAMARK_LISTEN",),
    "dns.upstream": ("SEAMARK_UPSTREAM",),
    "dns.consul_dns": ("SEAMARK_CONSUL_DNS",),
    "dns.allow": ("SEAMARK_ALLOW",),
    "http.listen": ("SEAMARK_HTTP",),
}
LISTS = {"dns.listen", "dns.upstream", "dns.allow"}
NUMBERS = {"registrar.resync_s"}
