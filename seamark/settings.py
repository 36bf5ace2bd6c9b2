"""Every setting: its key in ``seamark.toml``, its unit and its default.

Flag beats environment beats file beats default. This module and :mod:`seamark.dns_settings` only
say what there is; :mod:`seamark.variables` says which environment variables stand for it,
:mod:`seamark.flags` which flags, and :mod:`seamark.sources` reads them all.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from catalog.strict import one_of
from seamark.consul_settings import DnsConfigSettings
from seamark.dns_settings import DnsSettings


class CatalogSettings(Struct, forbid_unknown_fields=True):
    """``[catalog]``: where services live."""

    registry: Annotated[
        str,
        Meta(description="Registry URI, `consul://HOST:PORT`; empty: embedded in this process."),
    ] = ""
    token_file: Annotated[
        str,
        Meta(description="A file with the ACL token, read again when it changes."),
    ] = ""
    ca_file: Annotated[
        str,
        Meta(description="The CA that signed the certificate of a Consul over TLS."),
    ] = ""
    cert_file: Annotated[
        str,
        Meta(description="Our client certificate for a Consul that asks for one."),
    ] = ""
    key_file: Annotated[
        str,
        Meta(description="The key of the client certificate."),
    ] = ""
    services: Annotated[
        str,
        Meta(description="Embedded only: a JSON file with services in Consul's definition form."),
    ] = ""
    advertise: Annotated[
        str,
        Meta(description="Embedded only: the node's address; empty: that of the default route."),
    ] = ""
    node_meta: Annotated[
        dict[str, str],
        Meta(description="Embedded only: what is told of the node in TXT records."),
    ] = field(default_factory=dict)


class RegistrarSettings(Struct, forbid_unknown_fields=True):
    """``[registrar]``: containers to services."""

    docker: Annotated[
        str,
        Meta(description="The engine's socket; empty: `DOCKER_HOST`, else Docker's own default."),
    ] = ""
    ip: Annotated[
        str,
        Meta(description="The address to register for published ports; empty: the node's own."),
    ] = ""
    internal: Annotated[
        bool,
        Meta(description="Register the containers' own addresses and ports."),
    ] = False
    network: Annotated[
        list[str],
        Meta(description="Whose address of a container is registered: names or CIDRs, in order."),
    ] = field(default_factory=list)
    family: Annotated[
        str,
        Meta(pattern=one_of("", "ipv4", "ipv6"), description="The address family to register."),
    ] = ""
    use_ip_from_label: Annotated[
        str,
        Meta(description="A label whose value is the address to register."),
    ] = ""
    explicit: Annotated[
        bool,
        Meta(description="Register only what has a SERVICE_NAME."),
    ] = False
    select: Annotated[
        list[str],
        Meta(description="Register only containers that match, `label:KEY=GLOB and not ...`."),
    ] = field(default_factory=list)
    name: Annotated[
        str,
        Meta(description="A template for the default name of services."),
    ] = ""
    suffix: Annotated[
        str,
        Meta(
            pattern=one_of("auto", "always", "never"), description="When a name ends in `-<port>`."
        ),
    ] = "auto"
    tags: Annotated[
        str,
        Meta(description="Tags for every service, a comma list, as a template."),
    ] = ""
    ttl_s: Annotated[
        int,
        Meta(ge=0, description="Seconds that a service outlives the registrar; 0: for ever."),
    ] = 0
    ttl_refresh_s: Annotated[
        int,
        Meta(ge=0, description="Seconds between two heartbeats, less than `ttl_s`."),
    ] = 0
    deregister: Annotated[
        str,
        Meta(
            pattern=one_of("always", "on-success"),
            description="Which ended containers are deregistered; `on-success` keeps failed ones.",
        ),
    ] = "always"
    cleanup: Annotated[
        bool,
        Meta(description="Remove what registrator left behind for containers that are gone."),
    ] = False
    purge: Annotated[
        bool,
        Meta(description="Deregister everything at the end of the registrar."),
    ] = False
    resync_s: Annotated[
        float,
        Meta(ge=0, description="Seconds between two comparisons of everything (cheap: 2 reads)."),
    ] = 10.0
    retry_attempts: Annotated[
        int,
        Meta(ge=-1, description="Tries after the first to reach the catalog at the start."),
    ] = -1
    retry_interval_ms: Annotated[
        int,
        Meta(gt=0, description="Milliseconds between these tries."),
    ] = 2000


class HttpSettings(Struct, forbid_unknown_fields=True):
    """``[http]``: the status side."""

    listen: Annotated[
        str,
        Meta(description="`ADDR:PORT` of the status side, or `off`."),
    ] = "127.0.0.1:8053"
    hosts: Annotated[
        list[str],
        Meta(
            description="Names with a dot by which browsers may call it; addresses and names "
            "without a dot always may."
        ),
    ] = field(default_factory=list)


class Settings(Struct, forbid_unknown_fields=True):
    """All of ``seamark.toml``."""

    node: Annotated[
        str,
        Meta(description="This host's name in service ids; empty: the engine's host name."),
    ] = ""
    log_level: Annotated[
        str,
        Meta(
            pattern=one_of("debug", "info", "warning", "error"),
            description="What is logged to stderr.",
        ),
    ] = "info"
    user: Annotated[
        str,
        Meta(description="Who to be once everything is bound; empty: whoever starts it."),
    ] = ""
    catalog: CatalogSettings = field(default_factory=CatalogSettings)
    registrar: RegistrarSettings = field(default_factory=RegistrarSettings)
    dns: DnsSettings = field(default_factory=DnsSettings)
    dns_config: DnsConfigSettings = field(default_factory=DnsConfigSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
