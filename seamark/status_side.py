"""The status side of a process: what there is to tell, and the server that tells it."""

import logging
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass

from catalog.model import HealthTeller, ServiceCatalog
from dnsproxy.core.endpoint import Endpoint
from seamark.dns_side import Dns, Observed
from seamark.errors import StartError
from seamark.reloading import Reloads
from seamark.settings import HttpSettings, Settings
from seamark.status.export import Export
from seamark.status.health import Dead, Readiness
from seamark.status.parts import Parts
from seamark.status.sampling import Sampler
from seamark.status.server import StatusServer
from seamark.status.services import ShownCatalog, of_consul, of_embedded
from seamark.status.site import Told
from seamark.watched import Watched
from seamark.wiring import Embedded

log = logging.getLogger("seamark")


@dataclass
class StatusSide:
    """Tells of the parts of a process, on an address or, without one, nowhere.

    ``settings`` are those in force; ``shared`` is the catalog outside this process that the
    registrar writes to.
    """

    address: Endpoint | None
    settings: Callable[[], Settings]
    readiness: Readiness
    dead: Dead
    reloads: Reloads
    dns: Dns | None
    observer: Observed | None
    registrar: Watched | None
    embedded: Embedded | None
    shared: ServiceCatalog | None

    def __post_init__(self) -> None:
        self._sampler = Sampler(self.observer, self._changes)
        self._server: StatusServer | None = None

    def start(self) -> None:
        """Bind and tell. Raises StartError, but not for the default address that nobody named."""
        if self.address is None:
            return
        server = StatusServer(self.address, self._told())
        try:
            server.start()
        except StartError as error:
            if str(self.address) != HttpSettings().listen:
                raise
            # Nobody asked for it, and `registrar` beside `dnsproxy` both want the default.
            log.warning("%s; going on without; %s", error, error.hint)
            return
        log.info("status on http://%s/", Endpoint(self.address.host, server.port))
        self._server = server

    def begin(self) -> None:
        """Begin to count, once the process is who it will be."""
        if self._server is not None:
            self._sampler.start()

    def stop(self) -> None:
        """End."""
        self._sampler.stop()
        if self._server is not None:
            self._server.stop()

    def vitals(self) -> dict[str, bool]:
        """What must go on as long as we do -> whether it does."""
        return self._server.vitals() | self._sampler.vitals() if self._server is not None else {}

    def _told(self) -> Told:
        parts = Parts(
            self._sampler,
            self.readiness,
            self.dead,
            self.dns,
            self.observer,
            self.registrar,
            self._shown(),
            self._node,
            is_consuls=self.embedded is None,
        )
        export = Export(self.settings, self.embedded.catalog) if self.embedded else None
        return Told(parts, self.reloads, export, self._hosts)

    def _shown(self) -> ShownCatalog | None:
        registrar = self.registrar
        view = (lambda: registrar.view) if registrar is not None else None
        if self.embedded is not None:
            return of_embedded(self.embedded.catalog, view)
        if self.shared is None or view is None:
            return None
        teller = self.shared if isinstance(self.shared, HealthTeller) else None
        return of_consul(self.shared.location, view, teller.health if teller else None)

    def _changes(self) -> dict[str, int]:
        if self.embedded is not None:
            return dict(self.embedded.catalog.changes)
        return dict(self.registrar.view.changes) if self.registrar is not None else {}

    def _node(self) -> str:
        if self.embedded is not None:
            return self.embedded.catalog.node.name
        return self.settings().node or socket.gethostname()

    def _hosts(self) -> Collection[str]:
        names = (self._node(), *self.settings().http.hosts)
        return {name.lower().removesuffix(".") for name in names}
