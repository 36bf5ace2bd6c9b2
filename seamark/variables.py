"""Environment variables of the settings, and how the text in one is to be read."""

from typing import Any

import msgspec
import msgspec.inspect as shape
from msgspec import Struct

from seamark.settings import Settings

# Setting -> its environment variables, the first that is set counts.
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    "node": ("SEAMARK_NODE",),
    "log_level": ("SEAMARK_LOG_LEVEL",),
    "user": ("SEAMARK_USER",),
    "catalog.registry": ("SEAMARK_REGISTRY",),
    "catalog.token_file": ("SEAMARK_TOKEN_FILE", "CONSUL_HTTP_TOKEN_FILE"),
    "catalog.ca_file": ("CONSUL_CACERT",),
    "catalog.cert_file": ("CONSUL_CLIENT_CERT",),
    "catalog.key_file": ("CONSUL_CLIENT_KEY",),
    "catalog.services": ("SEAMARK_SERVICES",),
    "catalog.advertise": ("SEAMARK_ADVERTISE",),
    # A table: no variable can hold it.
    "catalog.node_meta": (),
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
    "dns.policy": ("SEAMARK_POLICY",),
    "dns.hedge": ("SEAMARK_HEDGE",),
    "dns.tls_ca_file": ("SEAMARK_TLS_CA_FILE",),
    "dns.consul_dns": ("SEAMARK_CONSUL_DNS",),
    "dns.consul_http": ("SEAMARK_CONSUL_HTTP",),
    "dns.domain": ("SEAMARK_DOMAIN",),
    "dns.alt_domain": ("SEAMARK_ALT_DOMAIN",),
    "dns.datacenters": ("SEAMARK_DATACENTERS",),
    "dns.empty_names": ("SEAMARK_EMPTY_NAMES",),
    "dns.one_address": ("SEAMARK_ONE_ADDRESS",),
    "dns.delegated": ("SEAMARK_DELEGATED",),
    "dns.consul_reverse": ("SEAMARK_CONSUL_REVERSE",),
    "dns.special": ("SEAMARK_SPECIAL",),
    "dns.allow": ("SEAMARK_ALLOW",),
    "dns.rate_limit": ("SEAMARK_RATE_LIMIT",),
    "dns.rate_limit_private": ("SEAMARK_RATE_LIMIT_PRIVATE",),
    "dns.client_in_flight": ("SEAMARK_CLIENT_IN_FLIGHT",),
    "dns.client_connections": ("SEAMARK_CLIENT_CONNECTIONS",),
    # A line has blanks, and commas in its comment: no list in a variable can hold it.
    "dns.hosts": (),
    "dns.hosts_files": ("SEAMARK_HOSTS_FILES",),
    "dns.edns_size": ("SEAMARK_EDNS_SIZE",),
    "dns.remember": ("SEAMARK_REMEMBER",),
    "dns.memory_mib": ("SEAMARK_MEMORY_MIB",),
    "dns.min_ttl_s": ("SEAMARK_MIN_TTL_S",),
    "dns.max_ttl_s": ("SEAMARK_MAX_TTL_S",),
    "dns.max_negative_ttl_s": ("SEAMARK_MAX_NEGATIVE_TTL_S",),
    "dns.stale_s": ("SEAMARK_STALE_S",),
    "dns.prefetch": ("SEAMARK_PREFETCH",),
    "dns.zone_in_flight": ("SEAMARK_ZONE_IN_FLIGHT",),
    "dns.workers": ("SEAMARK_WORKERS",),
    "dns.watches": ("SEAMARK_WATCHES",),
    "dns.trust_ad": ("SEAMARK_TRUST_AD",),
    "dns.stop_rebind": ("SEAMARK_STOP_REBIND",),
    "dns.rebind_allowed": ("SEAMARK_REBIND_ALLOWED",),
    "dns.query_log": ("SEAMARK_QUERY_LOG",),
    "dns.query_log_sample": ("SEAMARK_QUERY_LOG_SAMPLE",),
    "dns.query_log_classes": ("SEAMARK_QUERY_LOG_CLASSES",),
    "dns.query_log_ring": ("SEAMARK_QUERY_LOG_RING",),
    "dns_config.node_ttl": ("SEAMARK_NODE_TTL",),
    "dns_config.service_ttl": (),
    "dns_config.only_passing": ("SEAMARK_ONLY_PASSING",),
    "dns_config.udp_answer_limit": ("SEAMARK_UDP_ANSWER_LIMIT",),
    "dns_config.a_record_limit": ("SEAMARK_A_RECORD_LIMIT",),
    "dns_config.enable_additional_node_meta_txt": ("SEAMARK_ADDITIONAL_NODE_META_TXT",),
    "dns_config.soa": (),
    "http.listen": ("SEAMARK_HTTP",),
    "http.hosts": ("SEAMARK_HTTP_HOSTS",),
}
# What no variable can say: tables.
FILE_ONLY = {"dns.zone"}


def flat(settings: Settings) -> dict[str, Any]:
    """Setting (`dns.listen`) -> its value as TOML has it, in the order of the sections."""
    found: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(settings).items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            found[name] = value
    return found


def _types() -> dict[str, tuple[shape.Type, ...]]:
    """Setting -> the types that its value may have."""
    found: dict[str, tuple[shape.Type, ...]] = {}
    for name, types in _fields(Settings).items():
        section = types[0]
        if isinstance(section, shape.StructType):
            found |= {f"{name}.{key}": value for key, value in _fields(section.cls).items()}
        else:
            found[name] = types
    return found


def _fields(struct: type[Struct]) -> dict[str, tuple[shape.Type, ...]]:
    whole = shape.type_info(struct)
    assert isinstance(whole, shape.StructType)
    return {field.encode_name: _alternatives(field.type) for field in whole.fields}


def _alternatives(kind: shape.Type) -> tuple[shape.Type, ...]:
    bare = kind.type if isinstance(kind, shape.Metadata) else kind
    return bare.types if isinstance(bare, shape.UnionType) else (bare,)


def _of(kind: type[shape.Type]) -> frozenset[str]:
    return frozenset(
        name for name, types in _types().items() if any(isinstance(one, kind) for one in types)
    )


LISTS = _of(shape.ListType)
NUMBERS = _of(shape.FloatType)
INTEGERS = _of(shape.IntType)
BOOLEANS = _of(shape.BoolType)
