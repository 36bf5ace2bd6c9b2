"""What only a catalog outside this process needs: others change it, and it outlives us."""

import logging
from collections.abc import Callable, Iterable

import gevent

from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.model import SharedCatalog
from registrar.core.backoff import delay_s
from registrar.core.counts import Counts, Write
from registrar.core.diff import Deregister
from registrar.edges.outage import Outage

log = logging.getLogger("registrar")

# Our own writes wake the watch too: it is followed at most this often.
_PAUSE_S = 0.5
_REFUSED_S = 30.0
# An agent that has just started does not know its own node for a moment: no need to tell.
_REFUSALS_TOLD = 4


class Follower:
    """Waits for changes in ``catalog``, and keeps services there alive."""

    def __init__(self, catalog: SharedCatalog, outage: Outage, counts: Counts) -> None:
        self._catalog = catalog
        self._counts = counts
        self._outage = outage

    def follow(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever this node's services may have changed. Never returns."""
        index = refusals = 0
        while True:
            try:
                index = self._catalog.wait_for_change(index)
                changed()
                refusals = 0
                gevent.sleep(_PAUSE_S)
            except CatalogRefused as error:
                refusals += 1
                if refusals == _REFUSALS_TOLD:
                    log.warning("%s; others' changes are found at the next comparison", error)
                gevent.sleep(delay_s(refusals, jitter=0, longest_s=_REFUSED_S))
            except CatalogUnavailable as error:
                index = 0
                gevent.sleep(self._outage.failed(str(error)))

    def keep_alive(self, services: Iterable[Deregister]) -> bool:
        """Pass the checks that take services away if we should die; False if one is gone."""
        all_there = True
        for ours in services:
            try:
                with self._counts.write(Write.HEARTBEAT):
                    self._catalog.heartbeat(ours.service_id, ours.token)
            except CatalogUnavailable as error:
                self._outage.failed(str(error))
                break
            except CatalogRefused:
                all_there = False
        return all_there
