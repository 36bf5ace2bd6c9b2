"""A zone whose servers are its own: they hold it, and look nothing up for anybody."""

from dataclasses import replace

from dnsproxy.core.records import Reply
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Rcode, Type
from dnsproxy.errors import UpstreamFailed
from dnsproxy.forwarding import ForwardZone, Found


class StubZone:
    """Asks without RD, and leaves what lies outside of the zone to the resolver."""

    def __init__(self, zone: ForwardZone) -> None:
        self.name = zone.name
        self.completes = False
        self._zone = zone

    def recall(self, request: Request) -> Found | None:
        """What is remembered; no waiting."""
        return self._zone.recall(_own(request))

    def last(self, request: Request) -> Found | None:
        """The same, else the last good answer."""
        return self._zone.last(_own(request))

    def ask(self, request: Request, deadline: float) -> Found:
        """The answer; waits. Raises :class:`UpstreamFailed`, for a referral too."""
        found = self._zone.ask(_own(request), deadline)
        if _is_referral(found.reply):
            raise UpstreamFailed(f"{found.server} refers to other servers; name those in a zone")
        return found


def _own(request: Request) -> Request:
    return replace(request, recursion=False)


def _is_referral(reply: Reply) -> bool:
    """Whether others are named who would know (RFC 1034 4.3.2): no denial, though it looks so."""
    names_servers = any(record.rtype == Type.NS for record in reply.authority)
    return reply.rcode == Rcode.NOERROR and not reply.answer and reply.soa is None and names_servers
