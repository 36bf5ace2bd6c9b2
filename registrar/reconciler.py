"""The registrar's loops, where core and edges meet.

Level-triggered: an event only says which container to look at again. Each look reads the container
as it is now, works out what should be registered, and writes the difference. Whatever was missed
(an event, a write, somebody's deletion) is found by comparing everything: on a slow timer, and as
soon as a shared catalog says that something changed on this node.
"""

import dataclasses
import logging
import time
from collections.abc import Callable

import gevent
from gevent.event import Event

from catalog.errors import CatalogError, CatalogRefused
from catalog.model import ServiceCatalog, SharedCatalog
from registrar.core.counts import Counts
from registrar.core.desired import Desired, desired_services
from registrar.core.model import Note
from registrar.core.plan import stays
from registrar.core.policy import Policy
from registrar.core.state import NOTHING, State
from registrar.core.timing import Timing
from registrar.core.view import View
from registrar.core.worklist import WorkList
from registrar.edges.engine import DockerEngine
from registrar.edges.loops import Loops
from registrar.edges.outage import Outage
from registrar.edges.told import Told
from registrar.errors import EngineUnavailable
from registrar.follower import Follower
from registrar.writer import Writer

log = logging.getLogger("registrar")

LOOKERS = 4
# The engine is next door and ours alone.
ENGINE_RETRY_S = 1.0
# A comparison that found a container not looked at yet is made again this soon.
UNSETTLED_S = 0.5
SETTLE_S = 0.1
SETTLE_ROUNDS = 10
WITHDRAW_S = 8.0


class Registrar:
    """Keeps ``catalog`` true to the containers of ``engine``, by ``policy``.

    An empty ``policy.host`` becomes what the engine calls its host. ``start`` returns at once, also
    when neither engine nor catalog is there.
    """

    def __init__(
        self,
        engine: DockerEngine,
        catalog: ServiceCatalog,
        policy: Policy,
        timing: Timing,
        *,
        withdraw: bool = False,
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._policy = policy
        self._timing = timing
        self._withdraw = withdraw
        self._state = State(catalog.kept)
        self._work = WorkList()
        self._wake = Event()
        self._compare = Event()
        self._told = Told()
        self._engine_outage = Outage(f"the container engine at {engine.url}", ENGINE_RETRY_S)
        self._counts = Counts()
        self._writer = Writer(catalog, self._state, self._told.tell, self._counts)
        self._writer.on_return = self._compare.set
        self._compared = Event()
        self._noticed = False
        self._loops = Loops(ENGINE_RETRY_S)

    @property
    def unready(self) -> str:
        """Why the catalog may not be true to the containers; empty when it is."""
        reason = self._engine_outage.reason or self._writer.outage.reason
        return reason if self._compared.is_set() else reason or "not compared yet"

    def start(self) -> None:
        """Begin."""
        loops: dict[str, Callable[[], None]] = {
            "engine's events": self._watch_engine,
            "comparison": self._compare_regularly,
        }
        loops |= {f"look {number}": self._look_around for number in range(1, LOOKERS + 1)}
        if isinstance(self._catalog, SharedCatalog):
            follower = Follower(self._catalog, self._writer.outage, self._counts)
            loops["catalog's changes"] = lambda: follower.follow(self._catch_up)
            if self._timing.ttl_refresh_s:
                loops["heartbeat"] = lambda: self._keep_alive(follower)
        self._loops.start(loops)

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return {f"registrar: {name}": turns for name, turns in self._loops.vitals().items()}

    @property
    def view(self) -> View:
        """What is known now, for people."""
        policy, refused = self._policy, self._writer.refused
        looked = self._work.progress if self._compared.is_set() else None
        away = {"engine": self._engine_outage.reason, "catalog": self._writer.outage.reason}
        found = policy.host, policy.node_address, self._state, self._counts, refused
        return View(*found, looked, away, self._timing.resync_s)

    def stop(self) -> None:
        """End. What is registered stays (an upgrade must take no service away) unless told so."""
        self._loops.stop()
        self._engine.unsubscribe()
        if self._withdraw:
            log.info("deregistering everything of ours")
            gevent.spawn(self._writer.withdraw, self._policy.host).join(WITHDRAW_S)

    # -- the engine's side ---------------------------------------------------------------------

    def _watch_engine(self) -> None:
        while True:
            try:
                if not self._policy.host:
                    host = self._engine.host_name()
                    self._policy = dataclasses.replace(self._policy, host=host)
                # Subscribe first, then list: what happens in between comes as an event.
                self._engine.subscribe()
                self._counts.streams += 1
                self._engine_outage.over()
                self._state.distrust()
                self._compare.set()
                # Nothing here may block: the engine drops a subscriber that lags by 100 ms.
                for notice in self._engine.notices():
                    self._noticed = True
                    self._counts.events += 1
                    if not self._policy.keep_failed:
                        self._state.note(notice, time.monotonic())
                    self._mark(notice.container_id, notice.after_s)
            except EngineUnavailable as error:
                gevent.sleep(self._engine_outage.failed(str(error)))

    def _mark(self, container_id: str, after_s: float = 0.0) -> None:
        if after_s:
            self._work.mark_at(container_id, time.monotonic() + after_s)
        else:
            self._work.mark(container_id)
        self._wake.set()

    # -- one container -------------------------------------------------------------------------

    def _look_around(self) -> None:
        # Nothing is known of the catalog yet. What events tell meanwhile is kept: a container that
        # starts after the engine's list was read is in no comparison.
        self._compared.wait()
        while True:
            container_id = self._work.take(time.monotonic())
            if container_id is None:
                self._wait_for_work()
                continue
            try:
                self._look(container_id)
            except Exception:
                # A container that we cannot digest costs at most itself.
                log.exception("looking at container %s failed", container_id[:12])
                self._work.mark_at(container_id, time.monotonic() + self._timing.resync_s)
            finally:
                self._work.done(container_id)

    def _wait_for_work(self) -> None:
        due = self._work.next_due()
        self._wake.clear()
        self._wake.wait(None if due is None else max(due - time.monotonic(), 0.005))

    def _look(self, container_id: str) -> None:
        until = self._state.leaving_until(container_id, time.monotonic())
        if until is not None:
            self._work.mark_at(container_id, until)
            self._state.want(container_id, NOTHING)
        else:
            try:
                self._inspect(container_id)
            except EngineUnavailable as error:
                # The engine is away: leave the catalog as it is.
                delay = self._engine_outage.failed(str(error))
                self._work.mark_at(container_id, time.monotonic() + delay)
                return
        again_s = self._writer.bring_about(container_id, self._policy.host)
        if again_s is not None:
            self._work.mark_at(container_id, time.monotonic() + again_s)

    def _inspect(self, container_id: str) -> None:
        try:
            container = self._engine.inspect(container_id)
        except ValueError as error:
            note = Note(container_id[:12], "", str(error))
            self._state.want(container_id, Desired({}, (note,)))
            self._told.tell(container_id, [str(note)])
            return
        if container is not None and container.running:
            desired = desired_services(container, self._policy)
            self._state.remember(container, desired)
            self._told.tell(container_id, [str(note) for note in desired.notes])
            if container.health == "starting":
                # Podman's listing does not show it, and its events tell of it too early.
                self._work.mark_at(container_id, time.monotonic() + self._timing.resync_s)
        elif container is not None and stays(container, self._policy):
            self._state.let_be(container_id)
        else:
            self._state.forget(container_id)
            self._told.forget(container_id)

    # -- everything ----------------------------------------------------------------------------

    def _compare_regularly(self) -> None:
        pause = self._timing.resync_s
        while True:
            self._compare.wait(pause)
            self._compare.clear()
            pause = self._timing.resync_s
            if not self._policy.host:
                continue
            try:
                with self._counts.comparison(time.time):
                    pause = pause if self._compare_all() else UNSETTLED_S
            except EngineUnavailable as error:
                self._engine_outage.failed(str(error))
                self._engine.unsubscribe()
            except CatalogError as error:
                pause = self._writer.outage.failed(str(error))

    def _compare_all(self) -> bool:
        """Mark every container for which engine, memory and catalog do not agree.

        False if it should be done again soon, because not everything was known.
        """
        running = self._engine.running()
        self._engine_outage.over()
        if self._state.unannounced(running):
            self._doubt_the_stream()
        self._noticed = False
        self._learn()
        self._mark_all(self._state.compare(running, self._policy.host))
        return not self._policy.cleanup or self._clean_up(running)

    def _doubt_the_stream(self) -> None:
        """A stream that is silent cannot be told from one that is dead, but for what it missed."""
        if not self._noticed:
            gevent.sleep(UNSETTLED_S)
        if not self._noticed:
            log.warning("containers changed and no event told of it; opening the stream anew")
            self._engine.unsubscribe()

    def _learn(self) -> None:
        self._writer.learn()
        if not self._compared.is_set() and isinstance(self._catalog, SharedCatalog):
            try:
                address = self._catalog.node_address()
                self._policy = dataclasses.replace(self._policy, node_address=address)
            except CatalogRefused as error:
                log.info("%s; checks ask %s instead", error, self._policy.node_address)
        self._compared.set()

    def _mark_all(self, container_ids: set[str]) -> None:
        for container_id in container_ids:
            if not self._writer.is_waiting(container_id):
                self._mark(container_id)

    def _clean_up(self, running: dict[str, str]) -> bool:
        left_behind = self._state.left_behind(running, self._policy.host)
        for service_id, name in (left_behind or {}).items():
            ended = self._engine.inspect(name) if self._policy.keep_failed else None
            if ended is None or not stays(ended, self._policy):
                self._writer.remove(service_id)
        return left_behind is not None

    def _keep_alive(self, follower: Follower) -> None:
        while True:
            gevent.sleep(self._timing.ttl_refresh_s)
            if not follower.keep_alive(self._state.alive(self._policy.host)):
                self._compare.set()

    def _catch_up(self) -> None:
        """Somebody, perhaps we, changed this node's services in the catalog."""
        for _ in range(SETTLE_ROUNDS):
            # Amid a thousand writes of our own, reading all of them back slows them.
            if self._work.is_idle:
                break
            gevent.sleep(SETTLE_S)
        if self._compared.is_set():
            self._writer.learn()
            self._mark_all(self._state.drifted(self._policy.host))
