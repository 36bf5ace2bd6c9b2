"""Which of Consul's answers are known to be current, because somebody waits for their change."""

from collections.abc import Sequence

from dnsproxy.core.coverage import EVERYTHING, Cover, Covers, Kind, Topic, topic_of
from dnsproxy.core.names import Name, lies_in
from dnsproxy.core.request import Request
from dnsproxy.edges.watches import Watches


class Coverage:
    """The watches of what is asked for below Consul's canonical ``domain``.

    A service that there is no room to watch is watched with all the others of the agent's own
    datacenter: then each change of any ends its answers.
    """

    def __init__(self, domain: Name, watches: Watches) -> None:
        self._domain = domain
        self._watches = watches

    def of(self, request: Request) -> Cover | Covers | None:
        """What covers the answer to a request, if anything does."""
        topic = self._topic(request)
        if topic is None:
            return None
        return self._watches.cover(topic) or self._shared(topic)

    def well_since(self, request: Request) -> float:
        """Since when changes are told of (monotonic); 0 if they are not."""
        cover = self.of(request)
        return cover.since if cover is not None and cover.live else 0.0

    def hold(self, request: Request) -> None:
        """Wait until who is asked has seen the last change that is known; for a moment at most."""
        topic = self._topic(request)
        if topic is not None:
            self._watches.hold(self._watched(topic))

    def want(self, request: Request) -> None:
        """Have the answer covered from now on, if it can be."""
        topic = self._topic(request)
        if topic is not None and not self._watches.want(topic) and _is_shared(topic):
            for each in EVERYTHING:
                self._watches.want(each, reserved=True)

    def _shared(self, topic: Topic) -> Covers | None:
        if not _is_shared(topic):
            return None
        covers = [self._watches.cover(each) for each in EVERYTHING]
        known = [cover for cover in covers if cover is not None]
        return Covers(known) if len(known) == len(EVERYTHING) else None

    def _watched(self, topic: Topic) -> Sequence[Topic]:
        """By what the answer is covered."""
        alone = self._watches.cover(topic) is not None or not _is_shared(topic)
        return [topic] if alone else EVERYTHING

    def _topic(self, request: Request) -> Topic | None:
        key = request.question.key
        if not lies_in(key, self._domain):
            return None
        return topic_of(key[: len(key) - len(self._domain)])


def _is_shared(topic: Topic) -> bool:
    return topic.kind is Kind.SERVICE and not topic.datacenter
