"""The writes to the catalog, each tried again until it is done or not wanted any more."""

import logging
import random
import time
from collections.abc import Callable
from typing import NamedTuple

from gevent.lock import BoundedSemaphore

from catalog.errors import CatalogError, CatalogRefused, CatalogUnavailable
from catalog.model import ServiceCatalog
from registrar.core.backoff import delay_s
from registrar.core.counts import Counts, Write
from registrar.core.diff import FOREIGN, Change, Deregister, Foreign, Register
from registrar.core.state import State
from registrar.edges.outage import Outage

log = logging.getLogger("registrar")

# A Consul that comes back meets every host at once.
_RETRY_S = 2.0
# An agent that is overloaded, or has no leader for the moment, soon says yes.
_PASSING_RETRY_S = 2.0
# A missing permission, or a body that Consul does not take, stays so until somebody acts. That is
# seen within seconds, but a thousand of them must not keep the agent busy with saying no.
_REFUSED_RETRY_S = 4.0
_REFUSED_PER_S = 10

# An agent takes no more writes a second from eight connections than from one; the second is there
# so that it does not wait while we work out what comes next.
_AT_ONCE = 2
_SHARDS = 64

Say = Callable[[str, list[str]], None]


class _Refusal(NamedTuple):
    """How often in a row, when the next try is due (monotonic), and why the last one failed."""

    failures: int
    due: float
    reason: str


_NEVER = _Refusal(0, 0.0, "")


class Writer:
    """Brings the catalog to what the state says. ``say`` logs what is new about a container.

    Each try is in ``counts``.
    """

    def __init__(self, catalog: ServiceCatalog, state: State, say: Say, counts: Counts) -> None:
        self._catalog = catalog
        self._state = state
        self._say = say
        self._counts = counts
        self._slots = BoundedSemaphore(_AT_ONCE)
        self._reading = BoundedSemaphore(1)
        # What was written while somebody read: his answer may be older.
        self._written: list[Change] | None = None
        # Two containers may follow each other under one service id.
        self._shards = [BoundedSemaphore(1) for _ in range(_SHARDS)]
        self._refusals: dict[str, _Refusal] = {}
        self.outage = Outage(catalog.location, _RETRY_S)
        # Called when the catalog is back after an outage.
        self.on_return: Callable[[], None] = lambda: None

    def learn(self) -> None:
        """Read everything that is registered. Raises CatalogError."""
        with self._reading:
            self._written = []
            try:
                self._state.learn(self._catalog.services())
                for change in self._written:
                    self._note(change)
            finally:
                self._written = None
        if self.outage.over():
            self._refusals.clear()
            self.on_return()

    def bring_about(self, container_id: str, host: str) -> float | None:
        """Write the difference for one container.

        Returns the seconds after which to try again, or None if there is nothing left to do.
        """
        try:
            if self.outage.reason:
                # A write without an answer may have been carried out all the same.
                self.learn()
            refused = self._write(container_id, host)
        except CatalogUnavailable as error:
            return self.outage.failed(str(error))
        except CatalogRefused as error:
            refused = error
        if refused is None:
            if self._refusals.pop(container_id, None):
                # A new token, or a new policy: it may hold for the others too.
                self._refusals.clear()
                self.on_return()
            return None
        return self._refused(container_id, refused)

    def _write(self, container_id: str, host: str) -> CatalogRefused | None:
        """Write the difference; of several ports, a bad one costs itself. The last refusal."""
        refused = None
        for change in self._state.changes(container_id, host):
            with self._shards[hash(_id_of(change)) % _SHARDS], self._slots:
                # While we waited, another container may have written under the same id.
                if change not in self._state.changes(container_id, host):
                    continue
                try:
                    self._apply(container_id, change)
                except CatalogRefused as error:
                    self._say(container_id, [str(error)])
                    refused = error
        return refused

    def _refused(self, container_id: str, error: CatalogRefused) -> float:
        least = _PASSING_RETRY_S if error.passing else _REFUSED_RETRY_S
        before = self._refusals.get(container_id, _NEVER)
        # One `docker rm -f` sends four events: a look before the next try is due counts as none.
        failures = before.failures + (before.due <= time.monotonic())
        delay = delay_s(
            failures,
            random.random(),  # noqa: S311  (no secret)
            longest_s=max(least, len(self._refusals) / _REFUSED_PER_S),
        )
        self._refusals[container_id] = _Refusal(failures, time.monotonic() + delay, str(error))
        return delay

    def remove(self, service_id: str) -> None:
        """Deregister what belongs to no container of ours. Raises CatalogError."""
        with self._slots:
            self._apply("", Deregister(service_id))

    def is_waiting(self, container_id: str) -> bool:
        """Whether the container's last write was refused and its next try is not due yet."""
        return self._refusals.get(container_id, _NEVER).due > time.monotonic()

    @property
    def refused(self) -> dict[str, str]:
        """Containers whose last write was refused, each with the catalog's reason."""
        return {container_id: refusal.reason for container_id, refusal in self._refusals.items()}

    def withdraw(self, host: str) -> None:
        """Deregister everything of ours, as far as the catalog lets us: the end of the host."""
        left = 0
        for change in self._state.owned(host):
            try:
                self._apply("", change)
            except CatalogUnavailable as error:
                log.warning("%s; what is registered stays", error)
                return
            except CatalogError as error:
                log.warning("%s", error)
                left += 1
        if left:
            log.warning("%d services could not be deregistered", left)

    def _apply(self, container_id: str, change: Change) -> None:
        match change:
            case Register(service):
                with self._counts.write(Write.REGISTER):
                    self._catalog.register(service)
                log.info("registered %s as %s, port %d", service.id, service.name, service.port)
            case Deregister(service_id, token):
                with self._counts.write(Write.DEREGISTER):
                    self._catalog.deregister(service_id, token)
                log.info("deregistered %s", service_id)
            case Foreign(service):
                self._say(container_id, [f"left out: {service.id}: {FOREIGN}"])
                return
        self._note(change)
        if self._written is not None:
            self._written.append(change)
        if self.outage.over():
            self.on_return()

    def _note(self, change: Change) -> None:
        if isinstance(change, Register):
            self._state.registered(change.service)
        elif isinstance(change, Deregister):
            self._state.deregistered(change.service_id)


def _id_of(change: Change) -> str:
    return change.service_id if isinstance(change, Deregister) else change.service.id
