"""Which datacenters there are, asked when a name in an unknown one comes up.

Search lists make clients ask for names like ``db.service.lan.consul``; each is a question that
Consul's servers hand around before they deny it (consul#807).
"""

import logging
from collections.abc import Callable, Collection
from time import monotonic

import gevent
from gevent.event import Event

from catalog.errors import CatalogError

log = logging.getLogger("dnsproxy")

# A datacenter that joins is known this much later at most.
FRESH_S = 1.0
# Between two tries of an agent that does not tell: until then Consul itself decides.
RETRY_S = 5.0
_PATIENCE_S = 0.5


class Datacenters:
    """The datacenters that ``fetch`` lists; it may block, and raises CatalogError."""

    def __init__(self, fetch: Callable[[], Collection[str]]) -> None:
        self._fetch = fetch
        self._known: frozenset[bytes] = frozenset()
        self._told = False
        self._ask_again = 0.0
        self._fetching: Event | None = None

    def recall(self, label: bytes) -> bool | None:
        """Whether there may be a datacenter of that name (in lower case); None: :meth:`ask`."""
        if label in self._known:
            return True
        if monotonic() < self._ask_again:
            return not self._told
        return None

    def ask(self, label: bytes, deadline: float) -> bool:
        """The same; waits for a short time, and says yes where nobody can tell."""
        known = self.recall(label)
        if known is not None:
            return known
        if self._fetching is None:
            self._fetching = Event()
            gevent.spawn(self._update, self._fetching)
        left = max(deadline - monotonic(), 0)
        self._fetching.wait(min(left, _PATIENCE_S))
        return self.recall(label) is not False

    def _update(self, done: Event) -> None:
        try:
            # A name that no label can hold is none that anybody asks for.
            self._known = frozenset(name.lower().encode(errors="replace") for name in self._fetch())
            self._told = True
        except CatalogError as error:
            log.debug("the datacenters are not known: %s", error)
            self._told = False
        finally:
            self._ask_again = monotonic() + (FRESH_S if self._told else RETRY_S)
            self._fetching = None
            done.set()
