"""How many replies over UDP a client gets: whoever forges its address must not bury it in them."""

import functools
from collections.abc import Callable

from dnsproxy.core.access import network_of

# Clients that are counted at once; beyond this the one heard of first starts anew.
CLIENTS = 10_000
_REMEMBERED = 4096


class _Bucket:
    __slots__ = ("at", "left", "over")

    def __init__(self, left: float, at: float) -> None:
        self.left, self.at, self.over = left, at, 0


class Rates:
    """Replies a second, in a bucket that holds a second's worth; 0 is no limit.

    ``public`` is for each network outside the private ones, ``private`` for each address in them.
    """

    def __init__(self, public: int, private: int) -> None:
        self._rates = {False: public, True: private}
        self._buckets: dict[str, _Bucket] = {}
        self.limit: Callable[[str], tuple[str, int] | None] = functools.lru_cache(_REMEMBERED)(
            self._limit
        )

    def _limit(self, client: str) -> tuple[str, int] | None:
        """Whom the replies to a client count for, and how many it gets; None if all it wants."""
        network, private = network_of(client)
        rate = self._rates[private]
        return (network, rate) if rate else None

    def exceeded(self, network: str, rate: int, now: float) -> int:
        """Take one reply out of the bucket; 0 if it had one, else how often it had none so far.

        ``now`` is monotonic.
        """
        bucket = self._buckets.get(network)
        if bucket is None:
            if len(self._buckets) >= CLIENTS:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[network] = _Bucket(rate, now)
        bucket.left = min(bucket.left + (now - bucket.at) * rate, rate)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        bucket.over += 1
        return bucket.over
