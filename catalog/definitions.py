"""Service definitions in the form that Consul's own agent files use.

The same file serves the embedded catalog (``--services FILE``) and a real agent
(``consul agent -config-file FILE``), so that moving from one to the other changes nothing.
"""

import json

import msgspec

from catalog.errors import ShapeError
from catalog.model import Service, Weights
from catalog.strict import convert


class WeightsDefinition(msgspec.Struct):
    """``weights``: what an SRV record carries, by health."""

    passing: int = 1
    warning: int = 1


class ServiceDefinition(msgspec.Struct):
    """One entry of ``services``, under Consul's names for the keys."""

    name: str
    id: str = ""
    address: str = ""
    port: int = 0
    tags: list[str] = []
    meta: dict[str, str] = {}
    weights: WeightsDefinition = msgspec.field(default_factory=WeightsDefinition)
    check: dict[str, object] | None = None
    checks: list[dict[str, object]] = []


class DefinitionFile(msgspec.Struct):
    """A whole file: one ``service``, a list of ``services``, or both."""

    service: ServiceDefinition | None = None
    services: list[ServiceDefinition] = []


def parse_definitions(text: str) -> tuple[list[Service], list[str]]:
    """The services of a JSON file, and remarks on what of it is not honoured here.

    Raises :class:`ShapeError` with the path of the first fault.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ShapeError("", f"not JSON: {error}") from error
    file = convert(document, DefinitionFile)
    placed = [("service", file.service)] if file.service else []
    placed += [(f"services[{n}]", definition) for n, definition in enumerate(file.services)]
    services: dict[str, Service] = {}
    remarks: list[str] = []
    for path, definition in placed:
        assert definition is not None
        service = _service(definition, path)
        if service.id in services:
            raise ShapeError(path, f"the id `{service.id}` stands twice", "give each its own `id`")
        services[service.id] = service
        if definition.check or definition.checks:
            remarks.append(f"{path}: checks are Consul's job; the embedded catalog runs none")
    return list(services.values()), remarks


def _service(definition: ServiceDefinition, path: str) -> Service:
    if not definition.name:
        raise ShapeError(f"{path}.name", "empty", "a service needs a name")
    if not 0 <= definition.port <= 65535:
        raise ShapeError(f"{path}.port", f"{definition.port} is not a port", "use 0 to 65535")
    return Service(
        id=definition.id or definition.name,
        name=definition.name,
        address=definition.address,
        port=definition.port,
        tags=tuple(definition.tags),
        meta=dict(definition.meta),
        weights=Weights(passing=definition.weights.passing, warning=definition.weights.warning),
    )
