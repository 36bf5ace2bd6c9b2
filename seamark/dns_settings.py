"""The settings of the DNS proxy: ``[dns]`` and ``[[dns.zone]]`` in ``seamark.toml``."""

from typing import Annotated

from msgspec import Meta, Struct, field

from catalog.strict import one_of
from dnsproxy.core.access import PRIVATE_NETWORKS, REACHABLE_NETWORKS
from dnsproxy.core.health import Policy
from dnsproxy.core.querylog import ReplyClass

_POLICIES = one_of(*Policy)


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
    stub: Annotated[
        bool,
        Meta(description="The servers hold the zone themselves, and look nothing up."),
    ] = False
    clients: Annotated[
        list[str],
        Meta(description="Networks whose hosts alone are answered from this zone; empty: all."),
    ] = field(default_factory=list)
    policy: (
        Annotated[
            str,
            Meta(pattern=_POLICIES, description="As `dns.policy`; that one if it is not given."),
        ]
        | None
    ) = None
    remember: Annotated[
        bool | None,
        Meta(description="As `dns.remember`; that one if it is not given."),
    ] = None
    min_ttl_s: Annotated[int, Meta(ge=0, description="As `dns.min_ttl_s`.")] | None = None
    max_ttl_s: Annotated[int, Meta(ge=0, description="As `dns.max_ttl_s`.")] | None = None
    max_negative_ttl_s: (
        Annotated[int, Meta(ge=0, description="As `dns.max_negative_ttl_s`.")] | None
    ) = None
    stale_s: Annotated[int, Meta(ge=0, description="As `dns.stale_s`.")] | None = None
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
    policy: Annotated[
        str,
        Meta(pattern=_POLICIES, description="In which order upstreams that are well are asked."),
    ] = "sequential"
    hedge: Annotated[
        bool,
        Meta(description="Ask a second upstream too when the first is slow for what it is."),
    ] = False
    tls_ca_file: Annotated[
        str,
        Meta(description="The CAs of upstreams over TLS; empty: the system's."),
    ] = ""
    zone: Annotated[
        list[ZoneSettings],
        Meta(description="Names that are asked elsewhere."),
    ] = field(default_factory=list)
    consul_dns: Annotated[
        str | list[str],
        Meta(description="Consul's DNS, one or several agents; empty: the registry's host, 8600."),
    ] = field(default_factory=list)
    consul_http: Annotated[
        str,
        Meta(description="Consul's HTTP API, which tells datacenters and faults; or `off`."),
    ] = ""
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
    one_address: Annotated[
        bool,
        Meta(description="Answer A and AAAA of a service with one address, drawn by weight."),
    ] = False
    delegated: Annotated[
        list[str],
        Meta(
            description="Names in Consul's domain that another server forwards to us: the SOA of a "
            "denial is told as that name's own."
        ),
    ] = field(default_factory=list)
    consul_reverse: Annotated[
        list[str],
        Meta(description="Networks whose reverse names Consul is asked for first."),
    ] = field(default_factory=lambda: list(REACHABLE_NETWORKS))
    special: Annotated[
        bool,
        Meta(description="Answer localhost, private reverse zones and their kin here."),
    ] = True
    allow: Annotated[
        list[str],
        Meta(description="Networks whose hosts are answered; all others are refused."),
    ] = field(default_factory=lambda: list(PRIVATE_NETWORKS))
    rate_limit: Annotated[
        int,
        Meta(ge=0, description="Replies a second over UDP to each public network; 0: no limit."),
    ] = 100
    rate_limit_private: Annotated[
        int,
        Meta(ge=0, description="The same to each address of private networks."),
    ] = 0
    client_in_flight: Annotated[
        int,
        Meta(ge=1, le=1000, description="Queries of one client that may wait at once."),
    ] = 250
    client_connections: Annotated[
        int,
        Meta(ge=1, le=1024, description="TCP connections that one client may have."),
    ] = 32
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
    stale_s: Annotated[
        int,
        Meta(
            ge=0,
            le=604800,
            description="Seconds that an answer may be given past its time where no current one is "
            "to be had; 0: never.",
        ),
    ] = 86400
    prefetch: Annotated[
        bool,
        Meta(description="Ask again for what is asked for often, before its time is over."),
    ] = True
    zone_in_flight: Annotated[
        int,
        Meta(ge=1, le=1000, description="How many questions to one zone's upstreams may be out."),
    ] = 500
    workers: Annotated[
        int,
        Meta(ge=1, le=64, description="Processes that answer, on hosts with more cores."),
    ] = 1
    watches: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="How many of Consul's services are watched for changes, so that their "
            "answers may be remembered until then; 0: none.",
        ),
    ] = 100
    trust_ad: Annotated[
        bool,
        Meta(description="Pass on the AD bit: the way to the upstreams is safe."),
    ] = False
    stop_rebind: Annotated[
        bool,
        Meta(description="Keep private addresses out of the upstreams' answers."),
    ] = False
    rebind_allowed: Annotated[
        list[str],
        Meta(description="Names that may have private addresses all the same, and those below."),
    ] = field(default_factory=list)
    query_log: Annotated[
        str,
        Meta(
            pattern=one_of("off", "stderr", ".*/.*"),
            description="Where each query is logged: `off`, `stderr`, or a path with a `/` in it.",
        ),
    ] = "off"
    query_log_sample: Annotated[
        float,
        Meta(ge=0, le=1, description="The share of the queries of each class that is kept."),
    ] = 1.0
    query_log_classes: Annotated[
        list[Annotated[str, Meta(pattern=one_of(*ReplyClass))]],
        Meta(description="Which queries are kept, by what came of them; empty: all."),
    ] = field(default_factory=list)
    query_log_ring: Annotated[
        int,
        Meta(ge=0, le=100_000, description="How many queries are remembered for `/api/queries`."),
    ] = 2000
