"""The registrar's loops, where core and edges meet.

Level-triggered: an event only says which container to look at again. Each look reads the container
as it is now, works out what should be registered, and writes the difference. A slow timer compares
everything, so that whatever was missed (an event, a write, somebody's deletion) is mended.
"""

import logging
import random
import time
from collections.abc import Callable

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from catalog.errors import CatalogError, CatalogRefused, CatalogUnavailable
from catalog.model import ServiceCatalog
from registrar.core.backoff import delay_s
from registrar.core.desired import desired_services
from registrar.core.diff import Change, Deregister, Foreign, Register
from registrar.core.state import NOTHING, State
from registrar.core.worklist import WorkList
from registrar.edges.engine import DockerEngine
from registrar.edges.outage import Outage
from registrar.errors import EngineUnavailable

log = logging.getLogger("registrar")

LOOKERS = 4
RESYNC_S = 10.0
# The engine is next door and ours alone; a Consul that comes back meets every host at once.
ENGINE_RETRY_S = 1.0
CATALOG_RETRY_S = 5.0
# A comparison that found a container not looked at yet is made again this soon.
UNSETTLED_S = 0.5


class Registrar:
    """Keeps ``catalog`` true to the containers of ``engine``.

    ``host`` is the name in service ids and in our mark; empty: what the engine calls its host.
    ``start`` returns at once, also when neither engine nor catalog is there.
    """

    def __init__(
        self,
        engine: DockerEngine,
        catalog: ServiceCatalog,
        host: str = "",
        resync_s: float = RESYNC_S,
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._host = host
        self._resync_s = resync_s
        self._state = State()
        self._work = WorkList()
        self._wake = Event()
        self._compare = Event()
        self._writing = BoundedSemaphore(1)
        self._refusals: dict[str, int] = {}
        self._said: dict[str, frozenset[str]] = {}
        self._engine_outage = Outage(f"the container engine at {engine.url}", ENGINE_RETRY_S)
        self._catalog_outage = Outage(catalog.location, CATALOG_RETRY_S)
        self._compared = False
        self._greenlets: list[gevent.Greenlet[..., None]] = []

    @property
    def unready(self) -> str:
        """Why the catalog may not be true to the containers; empty when it is."""
        if not self._compared:
            return self._engine_outage.reason or self._catalog_outage.reason or "not compared yet"
        return self._engine_outage.reason or self._catalog_outage.reason

    def start(self) -> None:
        """Begin."""
        loops: list[Callable[[], None]] = [self._watch_engine, self._compare_regularly]
        loops += [self._look_around] * LOOKERS
        self._greenlets = [gevent.spawn(self._keep_turning, loop) for loop in loops]

    def _keep_turning(self, loop: Callable[[], None]) -> None:
        """No answer of engine or agent, however odd, ends a loop for good."""
        while True:
            try:
                loop()
            except Exception:
                log.exception("an unexpected fault; going on")
                gevent.sleep(ENGINE_RETRY_S)

    def stop(self) -> None:
        """End, leaving what is registered as it is: an upgrade must take no service away."""
        gevent.killall(self._greenlets)
        self._engine.unsubscribe()

    # -- the engine's side ---------------------------------------------------------------------

    def _watch_engine(self) -> None:
        while True:
            try:
                self._host = self._host or self._engine.host_name()
                # Subscribe first, then list: what happens in between comes as an event.
                self._engine.subscribe()
                self._engine_outage.over()
                self._state.distrust()
                self._compare.set()
                # Nothing here may block: the engine drops a subscriber that lags by 100 ms.
                for notice in self._engine.notices():
                    self._state.note(notice, time.monotonic())
                    self._mark(notice.container_id)
            except EngineUnavailable as error:
                gevent.sleep(self._engine_outage.failed(str(error)))

    def _mark(self, container_id: str) -> None:
        self._work.mark(container_id)
        self._wake.set()

    # -- one container -------------------------------------------------------------------------

    def _look_around(self) -> None:
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
                self._work.mark_at(container_id, time.monotonic() + self._resync_s)
            finally:
                self._work.done(container_id)

    def _wait_for_work(self) -> None:
        due = self._work.next_due()
        self._wake.clear()
        self._wake.wait(None if due is None else max(due - time.monotonic(), 0.005))

    def _look(self, container_id: str) -> None:
        if not self._compared:
            # Nothing is known of the catalog yet; the comparison to come marks it again.
            return
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
        self._bring_about(container_id)

    def _inspect(self, container_id: str) -> None:
        try:
            container = self._engine.inspect(container_id)
        except ValueError as error:
            self._state.want(container_id, NOTHING)
            self._say(container_id, [f"left out: {container_id[:12]}: {error}"])
            return
        if container is None or not container.running:
            self._state.forget(container_id)
            self._said.pop(container_id, None)
            return
        desired = desired_services(container, self._host)
        self._state.remember(container, desired)
        self._say(container_id, [f"left out: {skip}" for skip in desired.skipped])

    def _say(self, container_id: str, lines: list[str]) -> None:
        """Log what is new about a container; what was said before is not said again."""
        said = self._said.get(container_id, frozenset())
        for line in lines:
            if line not in said:
                log.info("%s", line)
        if lines:
            self._said[container_id] = said.union(lines)

    # -- the catalog's side --------------------------------------------------------------------

    def _bring_about(self, container_id: str) -> None:
        """Write the difference for one container; what fails is tried again until it is done."""
        try:
            # One writer: two containers may follow each other under one service id, and an agent
            # takes no more writes a second from eight connections than from one.
            with self._writing:
                for change in self._state.changes(container_id, self._host):
                    self._apply(container_id, change)
        except CatalogUnavailable as error:
            delay = self._catalog_outage.failed(str(error))
            self._work.mark_at(container_id, time.monotonic() + delay)
        except CatalogRefused as error:
            failures = self._refusals[container_id] = self._refusals.get(container_id, 0) + 1
            self._say(container_id, [str(error)])
            delay = delay_s(failures, random.random(), first_s=1.0, longest_s=60.0)  # noqa: S311
            self._work.mark_at(container_id, time.monotonic() + delay)
        else:
            self._refusals.pop(container_id, None)

    def _apply(self, container_id: str, change: Change) -> None:
        match change:
            case Register(service):
                self._catalog.register(service)
                self._state.registered(service)
                log.info("registered %s as %s, port %d", service.id, service.name, service.port)
            case Deregister(service_id):
                self._catalog.deregister(service_id)
                self._state.deregistered(service_id)
                log.info("deregistered %s", service_id)
            case Foreign(service):
                self._say(container_id, [f"left out: {service.id}: the id is somebody else's"])
                return
        if self._catalog_outage.over():
            self._compare.set()

    # -- everything ----------------------------------------------------------------------------

    def _compare_regularly(self) -> None:
        pause = self._resync_s
        while True:
            self._compare.wait(pause)
            self._compare.clear()
            pause = self._resync_s
            if not self._host:
                continue
            try:
                if not self._compare_all():
                    pause = UNSETTLED_S
            except EngineUnavailable as error:
                self._engine_outage.failed(str(error))
                self._engine.unsubscribe()
            except CatalogError as error:
                pause = self._catalog_outage.failed(str(error))

    def _compare_all(self) -> bool:
        """Mark every container for which engine, memory and catalog do not agree.

        False if it should be done again soon, because not everything was known.
        """
        running = self._engine.running()
        self._engine_outage.over()
        with self._writing:
            self._state.learn(self._catalog.services())
        if self._catalog_outage.over():
            log.info("comparing everything with %s", self._catalog.location)
        self._compared = True
        for container_id in self._state.compare(running, self._host):
            self._mark(container_id)
        left_behind = self._state.left_behind(running, self._host)
        if left_behind is None:
            return False
        with self._writing:
            for service_id in left_behind:
                self._apply("", Deregister(service_id))
        return True
