"""``GET /api/queries``: the newest exchanges of the ring as JSON lines, filtered and bounded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import falcon

from dnsproxy.core.exchange import Exchange
from dnsproxy.core.names import to_text
from dnsproxy.core.querylog import ReplyClass, classify, line
from seamark.dns_side import Observed
from seamark.tuning import give_way

LIMIT = 100
LIMIT_MAX = 1000
_KNOWN = {"limit", "class", "name"}
# To escape the names of so many takes less than a millisecond; then DNS has its turn.
_PORTION = 20


@dataclass(frozen=True, slots=True)
class Filter:
    """Which exchanges are wanted: at most ``limit``, of these classes, with this in their name."""

    limit: int
    classes: frozenset[ReplyClass]
    name: str

    def takes(self, exchange: Exchange) -> bool:
        """Whether an exchange is wanted."""
        if self.classes and classify(exchange) not in self.classes:
            return False
        if not self.name:
            return True
        return exchange.name is not None and self.name in to_text(exchange.name).lower()


class Queries:
    """The resource. Read-only."""

    def __init__(self, observer: Observed) -> None:
        self._observer = observer

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """The newest first, one JSON object a line; 400 for parameters that say nothing."""
        wanted = _filter(request)
        response.content_type = "application/x-ndjson"
        response.stream = _lines(self._observer.newest(), wanted)


def _filter(request: falcon.Request) -> Filter:
    """Raises falcon.HTTPError."""
    if not request.params.keys() <= _KNOWN:
        raise falcon.HTTPBadRequest(description="Known parameters: limit, class, name.")
    limit = request.get_param_as_int("limit", min_value=1, max_value=LIMIT_MAX, default=LIMIT)
    words = request.get_param_as_list("class", default=[])
    try:
        classes = frozenset(ReplyClass(part) for word in words for part in word.split(","))
    except ValueError as error:
        known = ", ".join(ReplyClass)
        raise falcon.HTTPInvalidParam(f"Known classes: {known}.", "class") from error
    name = request.get_param_as_list("name", default=[""])
    return Filter(limit, classes, name[-1].lower())


def _lines(exchanges: Sequence[Exchange], wanted: Filter) -> Iterator[bytes]:
    left = wanted.limit
    for start in range(0, len(exchanges), _PORTION):
        portion = exchanges[start : start + _PORTION]
        found = [exchange for exchange in portion if wanted.takes(exchange)][:left]
        if found:
            yield "".join(map(line, found)).encode()
        left -= len(found)
        if not left:
            return
        give_way()
