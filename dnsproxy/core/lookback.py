"""A few exchanges of each moment of the last hour: of a busy proxy the newest soon are gone."""

from collections import Counter, deque
from collections.abc import Iterator

from dnsproxy.core.exchange import Exchange
from dnsproxy.core.querylog import ReplyClass

SPAN_S = 10
# Of each class, so that the few failures are not lost among what went well.
EACH = 12
# An hour of all classes is more than this, and never happens.
KEPT_MAX = 10_000
KEPT_S = 3600


class Lookback:
    """At most ``EACH`` exchanges of each class and span, in the order in which they came.

    Times are those of the exchanges, seconds since the epoch.
    """

    def __init__(self) -> None:
        self._kept: deque[Exchange] = deque(maxlen=KEPT_MAX)
        self._span = 0
        self._seen: Counter[ReplyClass] = Counter()

    def add(self, exchange: Exchange, reply_class: ReplyClass) -> None:
        """Keep one if there is room for it in its span. Called for each that is no answer."""
        span = int(exchange.at) // SPAN_S
        if span != self._span:
            self._span = span
            self._seen.clear()
            self._forget(exchange.at - KEPT_S)
        if self._seen[reply_class] < EACH:
            self._seen[reply_class] += 1
            self._kept.append(exchange)

    def before(self, at: float) -> Iterator[Exchange]:
        """Those of before a moment, the newest first."""
        return (exchange for exchange in reversed(list(self._kept)) if exchange.at < at)

    def _forget(self, at: float) -> None:
        while self._kept and self._kept[0].at < at:
            self._kept.popleft()
