"""How the embedded catalog answers: Consul's ``dns_config``, under its names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Of an answer over UDP that has no more than 512 bytes, whatever is set (Consul's own bound).
_UDP_ANSWERS_MAX = 8


@dataclass(frozen=True, slots=True)
class SoaTimes:
    """``soa``; in seconds."""

    refresh: int = 3600
    retry: int = 600
    expire: int = 86400
    min_ttl: int = 0


@dataclass(frozen=True, slots=True)
class DnsConfig:
    """TTLs in seconds, limits in records; 0 for ``a_record_limit``: none.

    ``service_ttl`` is by name in lower case, or by the beginning of one with ``*`` behind it.
    ``node_meta_txt``: meta of the node is told beside addresses too.
    """

    node_ttl: int = 0
    service_ttl: Mapping[str, int] = field(default_factory=dict)
    only_passing: bool = False
    udp_answer_limit: int = 3
    a_record_limit: int = 0
    node_meta_txt: bool = True
    soa: SoaTimes = SoaTimes()

    @property
    def udp_answers(self) -> int:
        """How many answers a client gets over UDP that takes no more than 512 bytes."""
        return min(self.udp_answer_limit, _UDP_ANSWERS_MAX)


def ttl_of(service: str, ttls: Mapping[str, int]) -> int:
    """The TTL of a service: its own, else that of the longest beginning of its name, else 0."""
    if not ttls:
        return 0
    own = ttls.get(service)
    if own is not None:
        return own
    for end in range(len(service), -1, -1):
        found = ttls.get(service[:end] + "*")
        if found is not None:
            return found
    return 0
