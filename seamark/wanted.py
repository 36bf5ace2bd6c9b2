"""Which exchanges somebody looks for. A value: it is sent to whoever has them."""

from dataclasses import dataclass

from dnsproxy.core.exchange import Exchange, Source
from dnsproxy.core.names import to_text
from dnsproxy.core.querylog import ReplyClass, classify


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is given must hold; what is empty is not asked for.

    ``name`` is a part of the name as it is shown, in lower case, ``client`` and ``server`` of the
    addresses as they are shown; ``since`` and ``until`` are seconds since the epoch.
    """

    name: str = ""
    client: str = ""
    server: str = ""
    classes: frozenset[ReplyClass] = frozenset()
    sources: frozenset[Source] = frozenset()
    since: float = 0.0
    until: float = float("inf")

    def __call__(self, exchange: Exchange) -> bool:
        """Whether an exchange is one of them."""
        return (
            self.since <= exchange.at <= self.until
            and self.client in exchange.client
            and self.server in exchange.server
            and (not self.sources or exchange.source in self.sources)
            and (not self.classes or classify(exchange) in self.classes)
            and (not self.name or self._named(exchange))
        )

    def _named(self, exchange: Exchange) -> bool:
        return exchange.name is not None and self.name in to_text(exchange.name).lower()


@dataclass(frozen=True, slots=True)
class Search:
    """At most ``limit`` of those that are wanted, the newest first."""

    wanted: Wanted
    limit: int
