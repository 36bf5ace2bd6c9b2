"""The plan for this host, read from engine and catalog. Nothing is written."""

from collections.abc import Callable

from catalog.errors import CatalogRefused
from catalog.model import ServiceCatalog, SharedCatalog
from registrar.core.model import Container, Note
from registrar.core.plan import Plan, desired_of, make_plan
from registrar.core.policy import Policy
from registrar.edges.engine import DockerEngine


def plan_for(
    engine: DockerEngine,
    catalog: ServiceCatalog | None,
    policy: Policy,
    looked: Callable[[int, int], None],
) -> Plan:
    """What the registrar would write now; without a catalog, everything as if it were empty.

    ``looked`` is told how many containers were looked at, and of how many. Raises EngineUnavailable
    and CatalogError.
    """
    containers, notes = _containers(engine, looked)
    if catalog is None:
        services, remarks = desired_of(containers, policy)
        return Plan(register=services, notes=[*notes, *remarks])
    plan = make_plan(containers, catalog.services(), policy, catalog.kept)
    plan.notes[:0] = notes
    return plan


def node_address(catalog: ServiceCatalog | None, default: str) -> str:
    """The address of the catalog's node, where there is one that tells; else the default."""
    if not isinstance(catalog, SharedCatalog):
        return default
    try:
        return catalog.node_address()
    except CatalogRefused:
        return default


def _containers(
    engine: DockerEngine, looked: Callable[[int, int], None]
) -> tuple[list[Container], list[Note]]:
    containers: list[Container] = []
    notes: list[Note] = []
    container_ids = engine.all_ids()
    for number, container_id in enumerate(container_ids):
        looked(number, len(container_ids))
        try:
            container = engine.inspect(container_id)
        except ValueError as error:
            notes.append(Note(container_id[:12], "", str(error)))
        else:
            containers += [container] if container is not None else []
    return sorted(containers, key=lambda container: container.name), notes
