"""Whether the agent that is asked can answer well; if not, why, once."""

import logging
from collections.abc import Callable

import gevent

from catalog.errors import CatalogError
from catalog.model import AgentFacts
from dnsproxy.core.consul import faults_of

log = logging.getLogger("dnsproxy")

LOOK_S = 300.0
_RETRY_S = 10.0


class AgentCheck:
    """Looks at the facts of an agent now and then: it may be upgraded while we run.

    ``fetch`` may block, and raises CatalogError; ``domain`` is the one that we ask for.
    """

    def __init__(self, location: str, domain: str, fetch: Callable[[], AgentFacts]) -> None:
        self._location = location
        self._domain = domain
        self._fetch = fetch
        self._said: set[str] = set()
        self._follower: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._follower = gevent.spawn(self._follow)

    def stop(self) -> None:
        """Look no more."""
        if self._follower is not None:
            self._follower.kill()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {} if self._follower is None else {"agent check": not self._follower.ready()}

    def _follow(self) -> None:
        while True:
            try:
                facts = self._fetch()
            except CatalogError as error:
                # Asked over DNS alone it may be right all the same.
                log.debug("nothing is known of the agent: %s", error)
                gevent.sleep(_RETRY_S)
                continue
            self._tell(faults_of(facts, self._domain))
            gevent.sleep(LOOK_S)

    def _tell(self, faults: list[str]) -> None:
        for fault in faults:
            if fault not in self._said:
                log.warning("%s %s", self._location, fault)
        self._said = set(faults)
