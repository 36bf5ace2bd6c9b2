"""How the answers of a zone's upstreams are treated."""

from dataclasses import dataclass, field, replace

from dnsproxy.core.failures import HOLD_MAX_S
from dnsproxy.core.memory import TtlPolicy
from dnsproxy.core.records import Reply

# RFC 8767 5: how long a client waits for a current answer while there is a stale one.
PATIENCE_S = 1.8
IN_FLIGHT = 500


@dataclass(frozen=True, slots=True)
class ZonePolicy:
    """How a zone's answers are treated.

    ``remembers``: within their TTLs, and failures for up to ``hold_max_s`` seconds. ``prefetches``:
    what is asked for often is asked anew before its time is over. ``patience_s``: how long a
    current answer is waited for while there is a stale one. ``in_flight``: how many questions may
    be out, and how many clients may wait.
    ``is_consuls``: AA is passed on, every record is kept, ANY is asked, and what is less right
    after an outage than it was before is doubted. ``trusts_ad``: AD is passed on, the way to the
    upstream being safe (RFC 6840 5.9).
    """

    ttls: TtlPolicy = field(default_factory=TtlPolicy)
    remembers: bool = True
    prefetches: bool = True
    hold_max_s: float = HOLD_MAX_S
    patience_s: float = PATIENCE_S
    in_flight: int = IN_FLIGHT
    is_consuls: bool = False
    trusts_ad: bool = False

    def flagged(self, reply: Reply) -> Reply:
        """The reply with those of its flags that are passed on."""
        authoritative = reply.authoritative and self.is_consuls
        authentic = reply.authentic and self.trusts_ad
        if (authoritative, authentic) == (reply.authoritative, reply.authentic):
            return reply
        return replace(reply, authoritative=authoritative, authentic=authentic)
