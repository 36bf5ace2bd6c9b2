"""Which of Consul's answers are known to be current, because somebody waits for their change."""

from dnsproxy.core.coverage import Cover, Topic, topic_of
from dnsproxy.core.names import Name, lies_in
from dnsproxy.core.request import Request
from dnsproxy.edges.watches import Watches


class Coverage:
    """The watches of what is asked for below Consul's canonical ``domain``."""

    def __init__(self, domain: Name, watches: Watches) -> None:
        self._domain = domain
        self._watches = watches

    def of(self, request: Request) -> Cover | None:
        """What covers the answer to a request, if anything does."""
        topic = self._topic(request)
        return self._watches.cover(topic) if topic is not None else None

    def well_since(self, request: Request) -> float:
        """Since when changes are told of (monotonic); 0 if they are not."""
        cover = self.of(request)
        return cover.since if cover is not None and cover.live else 0.0

    def hold(self, request: Request) -> None:
        """Wait until who is asked has seen the last change that is known; for a moment at most."""
        topic = self._topic(request)
        if topic is not None:
            self._watches.hold(topic)

    def want(self, request: Request) -> None:
        """Have the answer covered from now on, if it can be."""
        topic = self._topic(request)
        if topic is not None:
            self._watches.want(topic)

    def _topic(self, request: Request) -> Topic | None:
        key = request.question.key
        if not lies_in(key, self._domain):
            return None
        return topic_of(key[: len(key) - len(self._domain)])
