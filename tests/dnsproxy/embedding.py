"""Questions to the pure core of the embedded zone, the answers read as a client reads them."""

import random
from collections import Counter
from collections.abc import Iterable

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from catalog.embedded import EmbeddedCatalog
from dnsproxy.core.dns_config import DnsConfig
from dnsproxy.core.embedded import EmbeddedDns
from dnsproxy.core.gate import Query
from dnsproxy.core.replies import size_limit, write
from tests.dnsproxy.packets import query
from tests.e2e.differential.wire import Message, Record, read

NOW = 1_000_000
CONSUL = (b"consul",)


def embedded(
    catalog: EmbeddedCatalog,
    config: DnsConfig | None = None,
    domains: Iterable[tuple[bytes, ...]] = (CONSUL,),
) -> EmbeddedDns:
    """The core, with a real shuffle."""
    return EmbeddedDns(catalog, list(domains), config or DnsConfig(), random.shuffle)


def ask(
    dns_side: EmbeddedDns, name: str, qtype: str, *, edns: int | None = None, tcp: bool = True
) -> Message:
    """The reply as it is on the wire, record by record."""
    asked: Query = query(name, qtype, edns)
    reply = dns_side.answer(asked.question, NOW)
    return read(write(asked, reply, size_limit(asked, tcp=tcp)))


def records(section: Iterable[Record]) -> Counter[str]:
    """A section as `TYPE data`, each as often as it is there."""
    return Counter(map(_shown, section))


def owners(section: Iterable[Record]) -> set[str]:
    """Whom the records belong to."""
    return {dns.name.Name((*record.owner, b"")).to_text() for record in section}


def _shown(record: Record) -> str:
    rtype = dns.rdatatype.RdataType.make(record.rtype)
    data = dns.rdata.from_wire(dns.rdataclass.IN, rtype, record.data, 0, len(record.data))
    return f"{dns.rdatatype.to_text(rtype)} {data.to_text()}"
