"""What is kept of clients, whatever answers them: it outlives a change of settings."""

from dataclasses import dataclass

from dnsproxy.core.cookies import Cookies
from dnsproxy.core.exchange import Limited
from dnsproxy.core.gate import Query, Refusal
from dnsproxy.core.rates import Rates

# Every second reply beyond the rate is sent after all, but empty.
_SLIP = 2


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How much one client gets.

    ``rate``, ``rate_private``: see :class:`~dnsproxy.core.rates.Rates`. ``in_flight``: queries that
    wait, over each transport. ``connections``: over TCP.
    """

    rate: int = 100
    rate_private: int = 0
    in_flight: int = 250
    connections: int = 32


class Clients:
    """Cookies and buckets of one process; ``secret`` is 16 random bytes."""

    def __init__(self, secret: bytes, limits: ClientLimits | None = None) -> None:
        self.cookies = Cookies(secret)
        self._limits = limits or ClientLimits()
        self.rates = Rates(self._limits.rate, self._limits.rate_private)

    @property
    def limits(self) -> ClientLimits:
        """What holds now."""
        return self._limits

    @limits.setter
    def limits(self, limits: ClientLimits) -> None:
        self._limits = limits
        self.rates = Rates(limits.rate, limits.rate_private)

    def limited(self, query: Query | Refusal, client: str, now: float, at: float) -> Limited | None:
        """What is done with a query over UDP beyond the rate; None if it is within.

        ``now`` is monotonic, ``at`` in seconds since the epoch. Who has shown that it is there by
        a cookie is not counted. Of the others every second gets something that makes a real client
        prove it, over TCP or by the cookie that comes with it; that is half of what somebody who
        forges its address sends, and no larger. Errors are as short as they can be: they are sent
        or not.
        """
        limit = self.rates.limit(client)
        if limit is None:
            return None
        asked = query.query if isinstance(query, Refusal) else query
        cookie = asked.cookie if asked is not None else b""
        if self.cookies.holds(cookie, client, at):
            return None
        over = self.rates.exceeded(*limit, now)
        if not over:
            return None
        if over % _SLIP or isinstance(query, Refusal):
            return Limited.DROPPED
        return Limited.BADCOOKIE if cookie else Limited.TRUNCATED
