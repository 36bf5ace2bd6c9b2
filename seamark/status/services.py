"""``GET /api/services``: the services with their instances, health, and the container behind each.

Shown is what this process keeps true: the embedded catalog, or the services of its Consul agent.
"""

from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from gevent.lock import BoundedSemaphore

from catalog.embedded import EmbeddedCatalog
from catalog.errors import CatalogError
from catalog.model import SEVERITY, Service, Status
from registrar.core.ownership import container_of
from seamark.status import shapes
from seamark.tuning import unhurried

if TYPE_CHECKING:
    from registrar.core.view import View

INSTANCES = 500
INSTANCES_MAX = 5000
# To look at so many takes less than a millisecond; then DNS has its turn.
_PORTION = 200
# A page that is looked at asks every few seconds, and there may be several.
_KNOWN_S = 2.0

# Health by service id, the node's own under "". Raises CatalogError.
ReadHealth = Callable[[], Mapping[str, Status]]


class ShownCatalog:
    """A catalog for people.

    ``node`` gives the name and the address of the host that all of it is on. ``health`` is None
    where nobody else tells it: then an embedded catalog goes by its own word, and of any other it
    is not known. ``size`` is given by a catalog that is embedded: it need not be looked through.
    """

    def __init__(
        self,
        where: str,
        services: Callable[[], Mapping[str, Service]],
        node: Callable[[], tuple[str, str]],
        view: Callable[[], "View"] | None = None,
        health: ReadHealth | None = None,
        size: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        self.where = where
        self._services = services
        self._node = node
        self._view = view
        self._health = Remembered(health) if health is not None else None
        self._size = size

    def size(self) -> shapes.CatalogSize:
        """How much there is."""
        if self._size is not None:
            return shapes.CatalogSize(*self._size())
        services = self._services()
        return shapes.CatalogSize(
            len({service.name.lower() for service in services.values()}), len(services)
        )

    def told(self, name: str, limit: int) -> shapes.Services:
        """Services with this text in their names, at most ``limit`` instances of them."""
        groups: dict[str, list[Service]] = {}
        for service in unhurried(self._services().values(), _PORTION):
            if name.lower() in service.name.lower():
                groups.setdefault(service.name, []).append(service)
        health, error = self._known_health()
        found = shapes.Services(self.where, len(groups), [], error)
        left = limit
        for each in sorted(groups):
            instances = sorted(groups[each], key=lambda service: service.id)
            shown = [self._instance(service, health) for service in instances[:left]]
            found.services.append(shapes.ServiceInstances(each, len(instances), shown))
            left -= len(shown)
            if not left:
                break
        return found

    def _known_health(self) -> tuple[Mapping[str, Status] | None, str]:
        if self._health is None:
            return None, ""
        try:
            return self._health.read(), ""
        except CatalogError as error:
            return None, str(error)

    def _instance(self, service: Service, health: Mapping[str, Status] | None) -> shapes.Instance:
        container_id = container_of(service)
        container = ""
        if container_id:
            known = self._view().container(container_id) if self._view is not None else ""
            container = known or container_id[:12]
        node, address = self._node()
        return shapes.Instance(
            id=service.id,
            node=node,
            address=service.address or address,
            port=service.port,
            tags=list(service.tags),
            health=self._health_of(service, health),
            container=container,
            origin=self._origin(container_id),
        )

    def _origin(self, container_id: str) -> shapes.Origin:
        if container_id:
            return "container"
        return "static" if self._size is not None else "other"

    def _health_of(self, service: Service, health: Mapping[str, Status] | None) -> shapes.Health:
        if self._size is not None:
            return service.status.value
        if health is None:
            return "unknown"
        both = (health.get(key, Status.PASSING) for key in (service.id, ""))
        return max(both, key=SEVERITY.index).value


class Remembered:
    """What was read a moment ago is not read again; who comes meanwhile waits for it."""

    def __init__(self, read: ReadHealth) -> None:
        self._read = read
        self._turn = BoundedSemaphore()
        self._until = 0.0
        self._known: Mapping[str, Status] = {}

    def read(self) -> Mapping[str, Status]:
        """Raises CatalogError."""
        with self._turn:
            if monotonic() >= self._until:
                self._known = self._read()
                self._until = monotonic() + _KNOWN_S
            return self._known


def of_embedded(catalog: EmbeddedCatalog, view: Callable[[], "View"] | None) -> ShownCatalog:
    """The catalog in this process, which knows how each of its services is."""

    def node() -> tuple[str, str]:
        return catalog.node.name, catalog.node.address

    return ShownCatalog(catalog.location, catalog.services, node, view, size=lambda: catalog.size)


def of_consul(where: str, view: Callable[[], "View"], health: ReadHealth | None) -> ShownCatalog:
    """The services of an agent, or keys in its store, as their registrar has read them."""

    def node() -> tuple[str, str]:
        return view().host, view().address

    return ShownCatalog(where, lambda: view().services, node, view, health)
