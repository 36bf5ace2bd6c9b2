"""How the embedded catalog answers: ``[dns_config]``, Consul's own table under Consul's names."""

from typing import Annotated

from msgspec import Meta, Struct, field

from dnsproxy.core.dns_config import DnsConfig, SoaTimes

_SECONDS = Annotated[int, Meta(ge=0, le=0x7FFFFFFF)]


class SoaSettings(Struct, forbid_unknown_fields=True):
    """``soa``: the times of the SOA, in seconds."""

    refresh: _SECONDS = SoaTimes().refresh
    retry: _SECONDS = SoaTimes().retry
    expire: _SECONDS = SoaTimes().expire
    min_ttl: _SECONDS = SoaTimes().min_ttl


class DnsConfigSettings(Struct, forbid_unknown_fields=True):
    """``[dns_config]``; what else Consul has there is for several hosts."""

    node_ttl: Annotated[
        str,
        Meta(description="The TTL of nodes and addresses, a time as `30s`."),
    ] = "0s"
    service_ttl: Annotated[
        dict[str, str],
        Meta(description="TTLs of services by name; `web*` is all that begin so, `*` all others."),
    ] = field(default_factory=dict)
    only_passing: Annotated[
        bool,
        Meta(description="Leave out services whose status is warning, too."),
    ] = False
    udp_answer_limit: Annotated[
        int,
        Meta(ge=1, description="Answers in a datagram of 512 bytes; 8 at most, whatever is set."),
    ] = DnsConfig().udp_answer_limit
    a_record_limit: Annotated[
        int,
        Meta(ge=0, description="Addresses in an answer, drawn anew each time; 0: no limit."),
    ] = DnsConfig().a_record_limit
    enable_additional_node_meta_txt: Annotated[
        bool,
        Meta(description="Tell the node's meta beside its addresses, as TXT records."),
    ] = DnsConfig().node_meta_txt
    soa: Annotated[
        SoaSettings,
        Meta(description="Refresh, retry, expire and min_ttl of the SOA, in seconds."),
    ] = field(default_factory=SoaSettings)
