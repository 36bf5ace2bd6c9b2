"""What is counted becomes the history of the last hour, in a greenlet of its own."""

from collections.abc import Callable, Mapping
from time import time

import gevent

from seamark.dns_side import Observed
from seamark.status.steps import SAMPLE_S, Sample, Steps, sample


class Sampler:
    """Takes a sample every two seconds. ``changes`` counts those of the catalog, by kind."""

    def __init__(self, observer: Observed | None, changes: Callable[[], Mapping[str, int]]) -> None:
        self._observer = observer
        self.changes = changes
        self.started = time()
        self.steps = Steps(self._sample())
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin."""
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """End."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {} if self._greenlet is None else {"history": not self._greenlet.ready()}

    def _run(self) -> None:
        while True:
            gevent.sleep(SAMPLE_S)
            self.steps.add(self._sample())

    def _sample(self) -> Sample:
        tally = self._observer.tally if self._observer is not None else None
        return sample(time(), tally, self.changes())
