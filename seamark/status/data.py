"""The resources under /api/ that tell one value: what each takes, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass

import falcon
import msgspec
from msgspec import Struct

from seamark.status import shapes
from seamark.status.containers import CONTAINERS, CONTAINERS_MAX, containers
from seamark.status.overview import history, overview
from seamark.status.parameters import refuse_unknown
from seamark.status.parts import Parts
from seamark.status.services import INSTANCES, INSTANCES_MAX
from seamark.status.zones import zones


@dataclass(frozen=True, slots=True)
class Limit:
    """How many are told: so many unasked, and so many at most."""

    default: int
    most: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be had at a path: in which words and shape, and how it may be narrowed.

    ``limit`` is there where it takes `limit`, ``named`` where it takes `name`.
    """

    words: str
    shape: type[Struct]
    limit: Limit | None = None
    named: bool = False

    @property
    def parameters(self) -> list[str]:
        """The names of those that it takes."""
        return ["name"] * self.named + ["limit"] * (self.limit is not None)


SHOWN = {
    "/api/overview": Shown("The process at a glance", shapes.Overview),
    "/api/history": Shown("The last hour in steps", shapes.History),
    "/api/services": Shown(
        "Services, their instances and health",
        shapes.Services,
        Limit(INSTANCES, INSTANCES_MAX),
        named=True,
    ),
    "/api/containers": Shown(
        "Running containers, and why something is left out",
        shapes.Containers,
        Limit(CONTAINERS, CONTAINERS_MAX),
    ),
    "/api/zones": Shown("Where names are asked, and how those are who are asked", shapes.Zones),
}
# For those that take none.
_ALL = Limit(default=1, most=1)
# A part of a name, and how many at most.
Tell = Callable[[str, int], Struct]


class Data:
    """The resource at a path, told by a function."""

    def __init__(self, shown: Shown, tell: Tell) -> None:
        self._shown = shown
        self._tell = tell

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """One JSON object; 400 for parameters that say nothing."""
        refuse_unknown(request, self._shown.parameters)
        limit = self._shown.limit or _ALL
        most = request.get_param_as_int(
            "limit", min_value=1, max_value=limit.most, default=limit.default
        )
        name = request.get_param_as_list("name", default=[""])[-1]
        response.content_type = falcon.MEDIA_JSON
        response.data = msgspec.json.encode(self._tell(name, most))


def data(parts: Parts) -> dict[str, Data]:
    """The resources by path, those that this process has."""
    tells: dict[str, Tell] = {
        "/api/overview": lambda name, limit: overview(parts),
        "/api/history": lambda name, limit: history(parts.sampler.steps),
    }
    if parts.dns is not None:
        tells["/api/zones"] = lambda name, limit: zones(parts)
    catalog, registrar = parts.catalog, parts.registrar
    if catalog is not None:
        tells["/api/services"] = catalog.told
    if registrar is not None:
        tells["/api/containers"] = lambda name, limit: containers(registrar, limit)
    return {path: Data(SHOWN[path], tell) for path, tell in tells.items()}
