"""Leases of answers that hold until something changes, as those of a catalog in this process."""

from dnsproxy.core.hot import Lease
from dnsproxy.core.request import Key

# Some of what is said has the time in it (the serial number of an SOA), and a change of that is
# told by nobody.
_LIFE_S = 10.0
# Beyond this all are made anew: a host with 10,000 services is asked for them in some forms each.
KEYS_MAX = 65536


class Leases:
    """One for each request that was made before; all end together. Times are monotonic."""

    def __init__(self) -> None:
        self._asked: set[Key] = set()
        self._leases: dict[Key, Lease] = {}

    def of(self, key: Key, now: float) -> Lease | None:
        """That of a request; None if it is the first of its kind."""
        lease = self._leases.get(key)
        if lease is not None and now < lease.until:
            return lease
        if key not in self._asked:
            self._remember(key)
            return None
        lease = self._leases[key] = Lease(now + _LIFE_S, None)
        return lease

    def changed(self) -> None:
        """What was said may be wrong."""
        for lease in self._leases.values():
            lease.end()
        self._leases.clear()

    def _remember(self, key: Key) -> None:
        if len(self._asked) >= KEYS_MAX:
            self.changed()
            self._asked.clear()
        self._asked.add(key)
