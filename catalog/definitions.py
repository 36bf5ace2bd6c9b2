"""Service definitions in the form that Consul's own agent files use.

The same file serves the embedded catalog (``--services FILE``) and a real agent
(``consul agent -config-file FILE``), so that moving from one to the other changes nothing.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from catalog.errors import ShapeError
from catalog.labels import address_fault, name_fault, parse_address, tag_fault, tagged_fault
from catalog.model import Service, Status, TaggedAddress, Weights
from catalog.normal import normal
from catalog.strict import convert, nearest

_WORST_FIRST = (Status.CRITICAL, Status.WARNING, Status.PASSING)


class WeightsDefinition(msgspec.Struct):
    """``weights``: what an SRV record carries, by health."""

    passing: int = 1
    warning: int = 1


class TaggedDefinition(msgspec.Struct):
    """One of ``tagged_addresses``."""

    address: str = ""
    port: int = 0


class ServiceDefinition(msgspec.Struct):
    """One entry of ``services``, under Consul's names for the keys."""

    name: str
    id: str = ""
    address: str = ""
    port: int = 0
    tags: list[str] = []
    meta: dict[str, str] = {}
    weights: WeightsDefinition = msgspec.field(default_factory=WeightsDefinition)
    tagged_addresses: dict[str, TaggedDefinition] = {}
    enable_tag_override: bool = False
    check: dict[str, object] | None = None
    checks: list[dict[str, object]] = []
    # What an agent alone has a use for.
    token: object = None
    kind: object = None
    proxy: object = None
    connect: object = None
    ports: object = None
    socket_path: object = None
    locality: object = None


class DefinitionFile(msgspec.Struct):
    """What of a file is read: one ``service``, a list of ``services``, or both."""

    service: list[ServiceDefinition] = []
    services: list[ServiceDefinition] = []


@dataclass(frozen=True, slots=True)
class Definitions:
    """The services of a file, and remarks on what of it is not honoured here."""

    services: list[Service]
    remarks: list[str]


_NOT_HERE = {
    "kind": "the mesh is Consul's; it is a service like any other here",
    "proxy": "the mesh is Consul's; here it has no effect",
    "connect": "the mesh is Consul's; here it has no effect",
    "ports": "ports with names are Consul's; here `port` is the only one",
    "socket_path": "no name leads to a socket in the file system",
}


def parse_definitions(text: str) -> Definitions:
    """The services of a JSON file, in Consul's own spelling or as HCL's JSON.

    Other keys of an agent's file are left to the agent. Raises :class:`ShapeError` with the path of
    the first fault.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        hint = 'write JSON, `{"services": [{"name": "web", "port": 80}]}`'
        raise ShapeError("", f"not JSON: {error}", hint) from error
    ours, remarks = _of_services(document)
    try:
        file = convert(normal(ours, DefinitionFile), DefinitionFile)
    except ShapeError as error:
        raise ShapeError(_as_written(error.path), error.problem, error.hint) from error
    services: dict[str, Service] = {}
    for path, definition in _placed(file):
        service = _service(definition, path)
        if service.id in services:
            raise ShapeError(path, f"the id `{service.id}` stands twice", "give each its own `id`")
        services[service.id] = service
        remarks += _remarks(definition, path)
    return Definitions(list(services.values()), remarks)


def exported(services: Iterable[Service]) -> list[dict[str, Any]]:
    """Services as entries of ``services``; what is as it would be anyway is left out."""
    return [_exported(service) for service in services]


def _of_services(document: object) -> tuple[object, list[str]]:
    """The part of an agent's file that says services, and a remark for each key that does not."""
    if not isinstance(document, dict):
        return document, []
    known = [field.encode_name for field in msgspec.structs.fields(DefinitionFile)]
    ours, remarks = {}, []
    for key, value in document.items():
        if str(key).lower() in known or nearest(str(key), known):
            ours[key] = value
        else:
            remarks.append(f"{key}: it is for an agent; services alone are read from here")
    return ours, remarks


def _as_written(path: str) -> str:
    """A path in a file with a single `service`, which most people write without a list."""
    return path.replace("service[0]", "service", 1) if path.startswith("service[0]") else path


def _placed(file: DefinitionFile) -> Iterator[tuple[str, ServiceDefinition]]:
    for number, definition in enumerate(file.service):
        yield f"service[{number}]" if number else "service", definition
    for number, definition in enumerate(file.services):
        yield f"services[{number}]", definition


def _service(definition: ServiceDefinition, path: str) -> Service:
    if not definition.name:
        raise ShapeError(f"{path}.name", "empty", "a service needs a name")
    _check_port(definition.port, f"{path}.port")
    _check_address(definition.address, f"{path}.address")
    for key, tagged in definition.tagged_addresses.items():
        _check_port(tagged.port, f"{path}.tagged_addresses.{key}.port")
        if fault := tagged_fault(key, tagged.address):
            raise ShapeError(f"{path}.tagged_addresses.{key}.address", fault)
    weights = Weights(passing=definition.weights.passing, warning=definition.weights.warning)
    _check_weights(weights, f"{path}.weights")
    return Service(
        id=definition.id or definition.name,
        name=definition.name,
        address=definition.address,
        port=definition.port,
        tags=tuple(definition.tags),
        meta=dict(definition.meta),
        weights=weights,
        tagged_addresses={
            key: TaggedAddress(tagged.address, tagged.port)
            for key, tagged in definition.tagged_addresses.items()
        },
        enable_tag_override=definition.enable_tag_override,
        status=_status(definition, path),
    )


def _check_port(port: int, path: str) -> None:
    if not 0 <= port <= 65535:
        raise ShapeError(path, f"{port} is not a port", "use 0 to 65535")


def _check_weights(weights: Weights, path: str) -> None:
    """An agent does not start with others (its ValidateWeights)."""
    if not 1 <= weights.passing <= 65535:
        raise ShapeError(f"{path}.passing", f"{weights.passing} is no weight", "use 1 to 65535")
    if not 0 <= weights.warning <= 65535:
        raise ShapeError(f"{path}.warning", f"{weights.warning} is no weight", "use 0 to 65535")


def _check_address(address: str, path: str) -> None:
    # No other text can be every address, and tens of thousands need not be read twice.
    ip = parse_address(address) if address.startswith(("0", ":")) else None
    if ip is not None and ip.is_unspecified:
        raise ShapeError(path, f"{address} is every address and none", "name the one to reach")


def _checks(definition: ServiceDefinition) -> list[dict[str, object]]:
    return ([definition.check] if definition.check else []) + definition.checks


def _status(definition: ServiceDefinition, path: str) -> Status:
    """The worst that the checks say of themselves; one that says nothing counts as passing.

    To an agent it is critical until it has run; here it never runs.
    """
    said = {str(_of(check, "status") or Status.PASSING) for check in _checks(definition)}
    unknown = said - set(Status)
    if unknown:
        raise ShapeError(
            f"{path}.check.status", f"`{min(unknown)}` is no status", f"use {', '.join(Status)}"
        )
    return next((status for status in _WORST_FIRST if status in said), Status.PASSING)


def _of(check: dict[str, object], wanted: str) -> object:
    return next((value for key, value in check.items() if key.lower() == wanted), None)


def _remarks(definition: ServiceDefinition, path: str) -> list[str]:
    found = []
    checks = _checks(definition)
    if any(key.lower() not in {"id", "name", "notes", "status"} for one in checks for key in one):
        found.append(f"{path}: checks are Consul's job; the embedded catalog runs none")
    for key, words in _NOT_HERE.items():
        if getattr(definition, key):
            found.append(f"{path}.{key}: {words}")
    fault = name_fault(definition.name)
    if fault:
        found.append(f"{path}.name: {fault}")
    found += [f"{path}.tags: {fault}" for fault in map(tag_fault, definition.tags) if fault]
    if definition.address:
        fault = address_fault(definition.address)
        found += [f"{path}.address: {fault}"] if fault else []
    return found


def _exported(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = {"id": service.id, "name": service.name}
    weights = {"passing": service.weights.passing, "warning": service.weights.warning}
    tagged = {
        key: {"address": address.address, "port": address.port}
        for key, address in service.tagged_addresses.items()
    }
    said: dict[str, Any] = {
        "address": service.address,
        "port": service.port,
        "tags": list(service.tags),
        "meta": dict(service.meta),
        "weights": weights if service.weights != Weights() else None,
        "tagged_addresses": tagged,
        "enable_tag_override": service.enable_tag_override,
    }
    found |= {key: value for key, value in said.items() if value}
    if service.status != Status.PASSING:
        # Nobody ever updates one that has a time to live, and an agent keeps to its first word.
        found["check"] = {"name": "status", "ttl": "87600h", "status": str(service.status)}
    return found
