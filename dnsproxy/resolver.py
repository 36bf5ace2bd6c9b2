"""A query -> the bytes of its reply: the zone it lies in says who is asked."""

import logging
import random
import time
from dataclasses import dataclass, replace

from dnsproxy.core.embedded import CatalogView, answer
from dnsproxy.core.gate import Query
from dnsproxy.core.names import to_text
from dnsproxy.core.replies import rcode_reply, size_limit, write
from dnsproxy.core.wire import Rcode
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.upstreams import UpstreamGroup
from dnsproxy.errors import UpstreamFailed

log = logging.getLogger("dnsproxy")

# Errors beyond this live in an OPT, which is between us and the upstream (RFC 6891 6.1.3).
_RCODE_IN_HEADER = 15
_QUIET_S = 10.0


@dataclass(frozen=True, slots=True)
class EmbeddedZone:
    """A zone whose answers are made here, from a catalog in this process."""

    catalog: CatalogView


Target = EmbeddedZone | UpstreamGroup


class Resolver:
    """Answers queries by zone; what lies in no zone goes nowhere and is refused."""

    def __init__(self, zones: ZoneTable[Target]) -> None:
        self._zones = zones
        self._untold = 0
        self._quiet_until = 0.0

    def target(self, query: Query) -> Target | None:
        """Where the query is answered; an :class:`EmbeddedZone` needs no waiting."""
        return self._zones.find(query.question.key)

    def resolve(self, query: Query, *, tcp: bool) -> bytes:
        """The reply, always: SERVFAIL when nobody gave one. Waits until the deadline at most."""
        match self.target(query):
            case EmbeddedZone(catalog):
                return self._from_catalog(query, catalog, tcp=tcp)
            case UpstreamGroup() as group:
                return self._from_upstream(query, group, tcp=tcp)
            case _:
                return rcode_reply(query, Rcode.REFUSED)

    def shed(self, query: Query) -> bytes:
        """SERVFAIL at once: the client asks its next server, and we are not buried."""
        self._tell(f"too many queries wait for upstreams; {to_text(query.question.name)} given up")
        return rcode_reply(query, Rcode.SERVFAIL)

    def _from_catalog(self, query: Query, catalog: CatalogView, *, tcp: bool) -> bytes:
        found = answer(query.question, catalog, time.time(), random.shuffle)
        return write(query, found, size_limit(query, tcp=tcp))

    def _from_upstream(self, query: Query, group: UpstreamGroup, *, tcp: bool) -> bytes:
        try:
            reply = group.ask(query.request)
        except UpstreamFailed as error:
            self._tell(f"{group.name}: no answer for {to_text(query.question.name)}: {error}")
            return rcode_reply(query, Rcode.SERVFAIL)
        if reply.rcode > _RCODE_IN_HEADER:
            return rcode_reply(query, Rcode.SERVFAIL)
        limit = size_limit(query, tcp=tcp)
        return write(query, replace(reply, authoritative=group.authoritative), limit)

    def _tell(self, failure: str) -> None:
        """Log a failure now, then only how many there were: an outage must not flood the log."""
        now = time.monotonic()
        self._untold += 1
        if now < self._quiet_until:
            return
        more = f" ({self._untold - 1} more before)" if self._untold > 1 else ""
        log.warning("%s%s", failure, more)
        self._untold, self._quiet_until = 0, now + _QUIET_S
