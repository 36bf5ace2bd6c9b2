"""When Consul tells of a change whoever waits for it: a watcher of the test's own.

It does what any watcher can do, and no more. On a host with more work than cores it is as late as
ours, and what it measures is the host's share.
"""

import bisect
import contextlib
import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# A change may be told before its own request has been answered.
_BEFORE_S = 0.5
_WITHIN_S = 1.0
_WAIT_S = 30
_AGAIN_S = 0.02


class Telling:
    """A blocking query for each service; the times at which one ended, seconds since the epoch."""

    def __init__(self, address: str, services: Sequence[str]) -> None:
        self._address = address
        self._told: dict[str, list[float]] = {service: [] for service in services}
        self._ending = threading.Event()
        for service in services:
            threading.Thread(target=self._follow, args=(service,), daemon=True).start()

    def told_s(self, service: str, replied: float) -> float:
        """Seconds from then until a change of about then was told; 0 if it was before, or never."""
        times = self._told[service]
        position = bisect.bisect_left(times, replied - _BEFORE_S)
        late = times[position] - replied if position < len(times) else 0.0
        return max(late, 0.0) if late < _WITHIN_S else 0.0

    def end(self) -> None:
        """Wait for nothing more."""
        self._ending.set()

    def _follow(self, service: str) -> None:
        index = "0"
        while not self._ending.is_set():
            try:
                index = self._look(service, index)
            except (OSError, http.client.HTTPException):
                index = "0"
                self._ending.wait(_AGAIN_S)

    def _look(self, service: str, index: str) -> str:
        connection = http.client.HTTPConnection(self._address, timeout=_WAIT_S + 10)
        with contextlib.closing(connection):
            path = f"/v1/health/service/{service}?stale&index={index}&wait={_WAIT_S}s"
            connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
        if reply.status != http.client.OK:
            raise http.client.HTTPException(reply.reason)
        found = reply.headers["X-Consul-Index"] or "0"
        if index not in {"0", found}:
            self._told[service].append(time.time())
        return found


@contextmanager
def telling(address: str, services: Sequence[str]) -> Iterator[Telling]:
    """One that runs."""
    found = Telling(address, services)
    try:
        yield found
    finally:
        found.end()
