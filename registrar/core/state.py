"""All that the registrar knows of engine and catalog, and what follows from it. No I/O.

Three views are held against each other: what runs (the engine's listing), what should be registered
(worked out container by container), and what is registered (the whole agent, whoever's it is).
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping

from catalog.model import Service
from registrar.core.desired import Desired
from registrar.core.diff import Change, Claim, Deregister, diff
from registrar.core.events import Notice, is_terminating
from registrar.core.model import Container
from registrar.core.ownership import container_of, is_ours, left_behind_by

# `docker stop` kills after 10 s. A container still running after this survived its signal.
LEAVING_S = 15.0
NOTHING = Desired({})


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a running container; of one that could not be read, nothing."""

    name: str = ""
    image: str = ""
    stop_signal: str = "SIGTERM"


_UNKNOWN = Known()


class State:
    """Engine, desired and actual side of one host. Times are seconds on any steady clock.

    ``kept`` is the catalog's: what it gives back for a service that it was given.
    """

    def __init__(self, kept: Callable[[Service], Service]) -> None:
        self._kept = kept
        self._actual: dict[str, Service] = {}
        self._ids_of: defaultdict[str, set[str]] = defaultdict(set)
        self._desired: dict[str, Desired] = {}
        self._wanted_by: defaultdict[str, set[str]] = defaultdict(set)
        self._known: dict[str, Known] = {}
        self._tokens: dict[str, str] = {}
        self._fingerprints: dict[str, str] = {}
        self._leaving: dict[str, float] = {}
        self._looked_at: set[str] = set()
        self._let_be: set[str] = set()

    # -- what is registered --------------------------------------------------------------------

    def learn(self, services: Mapping[str, Service]) -> None:
        """Everything that is on the agent, by id, whoever registered it."""
        self._actual = {}
        self._ids_of.clear()
        for service in services.values():
            self._note_actual(service)
        self._tokens = {k: v for k, v in self._tokens.items() if k in self._actual}

    def registered(self, service: Service) -> None:
        """The service is on the agent now, in place of what had its id."""
        self.deregistered(service.id)
        self._note_actual(self._kept(service))
        if service.token:
            self._tokens[service.id] = service.token

    def deregistered(self, service_id: str) -> None:
        """The agent has no service with that id now."""
        gone = self._actual.pop(service_id, None)
        self._tokens.pop(service_id, None)
        if gone is not None:
            self._ids_of[container_of(gone)].discard(service_id)

    def _note_actual(self, service: Service) -> None:
        self._actual[service.id] = service
        self._ids_of[container_of(service)].add(service.id)

    def owned(self, host: str) -> list[Deregister]:
        """Everything of ours on the agent, each with its token: as its removal."""
        return [
            Deregister(service_id, self._tokens.get(service_id, ""))
            for service_id, service in self._actual.items()
            if is_ours(service, host)
        ]

    def alive(self, host: str) -> list[Deregister]:
        """What of ours is registered for a container that runs."""
        return [ours for ours in self.owned(host) if ours.service_id in self._wanted_by]

    # -- what runs -----------------------------------------------------------------------------

    def note(self, notice: Notice, now: float) -> None:
        """Take in an event: a container that was sent its end is leaving from this moment."""
        stop_signal = self.known(notice.container_id).stop_signal
        if notice.new_life:
            self._leaving.pop(notice.container_id, None)
        elif is_terminating(notice.signal, stop_signal):
            self._leaving[notice.container_id] = now + LEAVING_S

    def leaving_until(self, container_id: str, now: float) -> float | None:
        """When a container that was told to end counts as having survived; None if it was not."""
        until = self._leaving.get(container_id)
        if until is not None and until <= now:
            del self._leaving[container_id]
            return None
        return until

    def remember(self, container: Container, desired: Desired) -> None:
        """What a look at a running container brought."""
        self._known[container.id] = Known(container.name, container.image, container.stop_signal)
        self.want(container.id, desired)

    def want(self, container_id: str, desired: Desired) -> None:
        """What should be registered for a container."""
        self._release(container_id)
        self._looked_at.add(container_id)
        self._desired[container_id] = desired
        for service_id in desired.services:
            self._wanted_by[service_id].add(container_id)

    def forget(self, container_id: str) -> None:
        """The container does not run; nothing is wanted for it. It may still be leaving."""
        self._release(container_id)
        self._looked_at.add(container_id)
        self._known.pop(container_id, None)
        self._fingerprints.pop(container_id, None)

    def let_be(self, container_id: str) -> None:
        """The container ended, and its services stay as they are (-deregister on-success)."""
        self.forget(container_id)
        self._let_be.add(container_id)

    def _release(self, container_id: str) -> None:
        self._let_be.discard(container_id)
        for service_id in self._desired.pop(container_id, NOTHING).services:
            self._wanted_by[service_id].discard(container_id)
            if not self._wanted_by[service_id]:
                del self._wanted_by[service_id]

    # -- for people ----------------------------------------------------------------------------

    @property
    def actual(self) -> Mapping[str, Service]:
        """What is registered, by id, whoever did it."""
        return self._actual

    @property
    def desired(self) -> Mapping[str, Desired]:
        """What should be registered, by the id of a running container."""
        return self._desired

    def known(self, container_id: str) -> Known:
        """What is remembered of a running container."""
        return self._known.get(container_id, _UNKNOWN)

    # -- what follows --------------------------------------------------------------------------

    def changes(self, container_id: str, host: str) -> list[Change]:
        """The writes that one container needs now."""
        if container_id in self._let_be:
            return []
        desired = self._desired.get(container_id, NOTHING).services
        contested = [service_id for service_id in desired if len(self._wanted_by[service_id]) > 1]
        # Of the whole agent, only what can matter here: a comparison asks for every container.
        ids = self._ids_of.get(container_id, set()) | desired.keys()
        actual = {key: self._actual[key] for key in ids if key in self._actual}
        claim = Claim(container_id, host, contested)
        return [self._with_token(change) for change in diff(claim, desired, actual, self._kept)]

    def _with_token(self, change: Change) -> Change:
        if isinstance(change, Deregister):
            return dataclasses.replace(change, token=self._tokens.get(change.service_id, ""))
        return change

    def compare(self, running: Mapping[str, str], host: str) -> set[str]:
        """The containers to look at again after a full listing of engine and catalog.

        ``running`` gives each running container a fingerprint. Named are those that are new or
        changed, gone without a word, or registered otherwise than they should be.
        """
        changed = {
            container_id
            for container_id, fingerprint in running.items()
            if self._fingerprints.get(container_id) != fingerprint
        }
        self._fingerprints = dict(running)
        self._looked_at &= running.keys()
        gone = (self._desired.keys() | self._let_be) - running.keys()
        return changed | gone | self.drifted(host)

    def drifted(self, host: str) -> set[str]:
        """The containers that are registered otherwise than they should be, the gone included."""
        registered = {
            container_of(service) for service in self._actual.values() if is_ours(service, host)
        }
        ghosts = registered - self._fingerprints.keys() - self._let_be
        return ghosts | {
            container_id for container_id in self._desired if self.changes(container_id, host)
        }

    def unannounced(self, running: Mapping[str, str]) -> bool:
        """Whether the listing differs from the last one; False if there is none to trust."""
        return bool(self._fingerprints) and self._fingerprints != running

    def distrust(self) -> None:
        """Events may have been missed: the next comparison looks at every container.

        Also at one that was told to end: it may have done so, and begun a new life.
        """
        self._fingerprints.clear()
        self._leaving.clear()

    def left_behind(self, running: Mapping[str, str], host: str) -> dict[str, str] | None:
        """Registrator's services for this host that are dangling: id -> name of the container.

        Dangling is what no container wants; nor is there a running one of that name with a service
        of the same name, as registrator's own -cleanup tells it. None while a running container has
        not been looked at yet: it may want one of them.
        """
        if not running.keys() <= self._looked_at:
            return None
        alive = {
            (self.known(container_id).name, service.name)
            for container_id, desired in self._desired.items()
            for service in desired.services.values()
        }
        return {
            service.id: container
            for service in self._actual.values()
            if (container := left_behind_by(service, host))
            and service.id not in self._wanted_by
            and (container, service.name) not in alive
        }
