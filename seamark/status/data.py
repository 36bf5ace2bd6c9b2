"""The resources under /api/ that tell one value: what each takes, and what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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

    default: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Data:
    """A resource; ``limit`` is there where it takes `limit`, ``named`` where it takes `name`."""

    shape: type[Struct]
    tell: Callable[[str, int], Struct] = field(repr=False)
    limit: Limit | None = None
    named: bool = False

    @property
    def parameters(self) -> list[str]:
        """The names of those that it takes."""
        return ["name"] * self.named + ["limit"] * (self.limit is not None)

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """One JSON object; 400 for parameters that say nothing."""
        refuse_unknown(request, self.parameters)
        limit = self.limit or Limit(most=1)
        most = request.get_param_as_int(
            "limit", min_value=1, max_value=limit.most, default=limit.default
        )
        name = request.get_param_as_list("name", default=[""])[-1]
        response.content_type = falcon.MEDIA_JSON
        response.data = msgspec.json.encode(self.tell(name, most))


def data(parts: Parts) -> Mapping[str, Data]:
    """The resources by path, those that this process has."""
    found = {
        "/api/overview": Data(shapes.Overview, lambda name, limit: overview(parts)),
        "/api/history": Data(shapes.History, lambda name, limit: history(parts.sampler.steps)),
    }
    if parts.dns is not None:
        found["/api/zones"] = Data(shapes.Zones, lambda name, limit: zones(parts))
    catalog, registrar = parts.catalog, parts.registrar
    if catalog is not None:
        found["/api/services"] = Data(
            shapes.Services, catalog.told, Limit(INSTANCES, INSTANCES_MAX), named=True
        )
    if registrar is not None:
        found["/api/containers"] = Data(
            shapes.Containers,
            lambda name, limit: containers(registrar, limit),
            Limit(CONTAINERS, CONTAINERS_MAX),
        )
    return found
