"""Every setting: its key in ``seamark.toml``, environment variable, flag, unit and default.

Flag beats environment beats file beats default. This module only says what there is and reads it
from values; who reads files and variables is :mod:`seamark.sources`.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from dnsproxy.core.access import PRIVATE_NETWORKS
from dnsproxy.core.querylog import ReplyClass


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
        Meta(pattern="^(|ipv4|ipv6)$", description="The address family to register."),
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
        Meta(pattern="^(auto|always|never)$", description="When a name ends in `-<port>`."),
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
            pattern="^(always|on-success)$",
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


class ZoneSettings(Struct, forbid_unknown_fields=True):
    """``[[dns.zone]]``: names that are asked elsewhere than all others."""

    name: Annotated[
        str,
        Meta(description="The zone, `corp.example`; or `cidr`."),
    ] = ""
    cidr: Annotated[
        str,
        Meta(description="A network whose reverse names are meant, `10.20.0.0/16`."),
    ] = ""
    upstream: Annotated[
        list[str],
        Meta(description="Who is asked, as `dns.upstream`."),
    ] = field(default_factory=list)
    remember: Annotated[
        bool | None,
        Meta(description="As `dns.remember`; that one if it is not given."),
    ] = None
    min_ttl_s: Annotated[int, Meta(ge=0, description="As `dns.min_ttl_s`.")] | None = None
    max_ttl_s: Annotated[int, Meta(ge=0, description="As `dns.max_ttl_s`.")] | None = None
    max_negative_ttl_s: (
        Annotated[int, Meta(ge=0, description="As `dns.max_negative_ttl_s`.")] | None
    ) = None
    trust_ad: Annotated[bool | None, Meta(description="As `dns.trust_ad`.")] = None


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
    zone: Annotated[
        list[ZoneSettings],
        Meta(description="Names that are asked elsewhere."),
    ] = field(default_factory=list)
    consul_dns: Annotated[
        str | list[str],
        Meta(description="Consul's DNS, one or several agents; empty: the registry's host, 8600."),
    ] = field(default_factory=list)
    domain: Annotated[
        str,
        Meta(description="The domain that Consul is configured with."),
    ] = "consul"
    alt_domain: Annotated[
        str,
        Meta(description="A second domain under which Consul's names can be asked for."),
    ] = ""
    datacenters: Annotated[
        list[str],
        Meta(description="Consul's datacenters to search, in order, for what the agent denies."),
    ] = field(default_factory=list)
    empty_names: Annotated[
        bool,
        Meta(description="Say NODATA, not Consul's NXDOMAIN, of `consul.` and `service.consul.`"),
    ] = False
    consul_reverse: Annotated[
        list[str],
        Meta(description="Networks whose reverse names Consul is asked for first."),
    ] = field(default_factory=lambda: list(PRIVATE_NETWORKS))
    special: Annotated[
        bool,
        Meta(description="Answer localhost, private reverse zones and their kin here."),
    ] = True
    allow: Annotated[
        list[str],
        Meta(description="Networks whose hosts are answered; all others are refused."),
    ] = field(default_factory=lambda: list(PRIVATE_NETWORKS))
    hosts: Annotated[
        list[str],
        Meta(description="Names of your own: lines of hosts(5), `10.0.0.9 printer.lan printer`."),
    ] = field(default_factory=list)
    hosts_files: Annotated[
        list[str],
        Meta(description="Files of such lines, read again when they change."),
    ] = field(default_factory=list)
    edns_size: Annotated[
        int,
        Meta(ge=512, le=4096, description="Bytes in one datagram, sent and asked for."),
    ] = 1232
    remember: Annotated[
        bool,
        Meta(description="Remember answers for as long as their TTLs say."),
    ] = True
    memory_mib: Annotated[
        int,
        Meta(ge=1, description="How much may be remembered; half of it of denials."),
    ] = 64
    min_ttl_s: Annotated[
        int,
        Meta(ge=0, description="Seconds that an answer holds at least, unless its TTL is 0."),
    ] = 0
    max_ttl_s: Annotated[
        int,
        Meta(ge=0, le=604800, description="Seconds that an answer holds at most."),
    ] = 86400
    max_negative_ttl_s: Annotated[
        int,
        Meta(ge=0, le=86400, description="Seconds that a denial holds at most; Consul's: 5."),
    ] = 300
    trust_ad: Annotated[
        bool,
        Meta(description="Pass on the AD bit: the way to the upstreams is safe."),
    ] = False
    query_log: Annotated[
        str,
        Meta(
            pattern="^(off|stderr|.*/.*)$",
            description="Where each query is logged: `off`, `stderr`, or a path with a `/` in it.",
        ),
    ] = "off"
    query_log_sample: Annotated[
        float,
        Meta(ge=0, le=1, description="The share of the queries of each class that is kept."),
    ] = 1.0
    query_log_classes: Annotated[
        list[Annotated[str, Meta(pattern=f"^({'|'.join(ReplyClass)})$")]],
        Meta(description="Which queries are kept, by what came of them; empty: all."),
    ] = field(default_factory=list)
    query_log_ring: Annotated[
        int,
        Meta(ge=0, le=100_000, description="How many queries are remembered for `/queries`."),
    ] = 2000


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
    "catalog.token_file": ("SEAMARK_TOKEN_FILE", "CONSUL_HTTP_TOKEN_FILE"),
    "catalog.ca_file": ("CONSUL_CACERT",),
    "catalog.cert_file": ("CONSUL_CLIENT_CERT",),
    "catalog.key_file": ("CONSUL_CLIENT_KEY",),
    "catalog.services": ("SEAMARK_SERVICES",),
    "catalog.advertise": ("SEAMARK_ADVERTISE",),
    "registrar.docker": ("SEAMARK_DOCKER", "DOCKER_HOST"),
    "registrar.ip": ("SEAMARK_IP",),
    "registrar.internal": ("SEAMARK_INTERNAL",),
    "registrar.network": ("SEAMARK_NETWORK",),
    "registrar.family": ("SEAMARK_FAMILY",),
    "registrar.use_ip_from_label": ("SEAMARK_USE_IP_FROM_LABEL",),
    "registrar.explicit": ("SEAMARK_EXPLICIT",),
    "registrar.select": ("SEAMARK_SELECT",),
    "registrar.name": ("SEAMARK_NAME",),
    "registrar.suffix": ("SEAMARK_SUFFIX",),
    "registrar.tags": ("SEAMARK_TAGS",),
    "registrar.ttl_s": ("SEAMARK_TTL_S",),
    "registrar.ttl_refresh_s": ("SEAMARK_TTL_REFRESH_S",),
    "registrar.deregister": ("SEAMARK_DEREGISTER",),
    "registrar.cleanup": ("SEAMARK_CLEANUP",),
    "registrar.purge": ("SEAMARK_PURGE",),
    "registrar.resync_s": ("SEAMARK_RESYNC_S",),
    "registrar.retry_attempts": ("SEAMARK_RETRY_ATTEMPTS",),
    "registrar.retry_interval_ms": ("SEAMARK_RETRY_INTERVAL_MS",),
    "dns.listen": ("SEAMARK_LISTEN",),
    "dns.upstream": ("SEAMARK_UPSTREAM",),
    "dns.consul_dns": ("SEAMARK_CONSUL_DNS",),
    "dns.domain": ("SEAMARK_DOMAIN",),
    "dns.alt_domain": ("SEAMARK_ALT_DOMAIN",),
    "dns.datacenters": ("SEAMARK_DATACENTERS",),
    "dns.empty_names": ("SEAMARK_EMPTY_NAMES",),
    "dns.consul_reverse": ("SEAMARK_CONSUL_REVERSE",),
    "dns.special": ("SEAMARK_SPECIAL",),
    "dns.allow": ("SEAMARK_ALLOW",),
    # A line has blanks, and commas in its comment: no list in a variable can hold it.
    "dns.hosts": (),
    "dns.hosts_files": ("SEAMARK_HOSTS_FILES",),
    "dns.edns_size": ("SEAMARK_EDNS_SIZE",),
    "dns.remember": ("SEAMARK_REMEMBER",),
    "dns.memory_mib": ("SEAMARK_MEMORY_MIB",),
    "dns.min_ttl_s": ("SEAMARK_MIN_TTL_S",),
    "dns.max_ttl_s": ("SEAMARK_MAX_TTL_S",),
    "dns.max_negative_ttl_s": ("SEAMARK_MAX_NEGATIVE_TTL_S",),
    "dns.trust_ad": ("SEAMARK_TRUST_AD",),
    "dns.query_log": ("SEAMARK_QUERY_LOG",),
    "dns.query_log_sample": ("SEAMARK_QUERY_LOG_SAMPLE",),
    "dns.query_log_classes": ("SEAMARK_QUERY_LOG_CLASSES",),
    "dns.query_log_ring": ("SEAMARK_QUERY_LOG_RING",),
    "http.listen": ("SEAMARK_HTTP",),
}
# What a variable cannot say.
FILE_ONLY = {"dns.zone"}
LISTS = {
    "dns.listen",
    "dns.upstream",
    "dns.consul_dns",
    "dns.datacenters",
    "dns.consul_reverse",
    "dns.allow",
    "dns.hosts",
    "dns.hosts_files",
    "dns.query_log_classes",
    "registrar.network",
    "registrar.select",
}
NUMBERS = {"registrar.resync_s", "dns.query_log_sample"}
INTEGERS = {
    "registrar.ttl_s",
    "registrar.ttl_refresh_s",
    "registrar.retry_attempts",
    "registrar.retry_interval_ms",
    "dns.edns_size",
    "dns.memory_mib",
    "dns.min_ttl_s",
    "dns.max_ttl_s",
    "dns.max_negative_ttl_s",
    "dns.query_log_ring",
}
BOOLEANS = {
    "registrar.internal",
    "registrar.explicit",
    "registrar.cleanup",
    "registrar.purge",
    "dns.empty_names",
    "dns.special",
    "dns.remember",
    "dns.trust_ad",
}
