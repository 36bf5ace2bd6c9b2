"""What is registered, what should be, and the difference, as one value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from catalog.model import Service
from registrar.core.desired import Desired, desired_services
from registrar.core.diff import FOREIGN, Change, Deregister, Foreign, Kept, Register
from registrar.core.model import Container, Note
from registrar.core.ownership import is_ours
from registrar.core.policy import Policy
from registrar.core.state import State


@dataclass(slots=True)
class Plan:
    """The writes that are needed, what stands as it should, and what was left out or is odd."""

    register: list[Service] = field(default_factory=list)
    replace: list[Service] = field(default_factory=list)
    deregister: list[Service] = field(default_factory=list)
    unchanged: list[Service] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    # Id of a service to replace -> what is otherwise than it should be, in words.
    differences: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether catalog and containers agree."""
        return not (self.register or self.replace or self.deregister)


def desired_of(containers: Iterable[Container], policy: Policy) -> tuple[list[Service], list[Note]]:
    """The services of containers on their own, without any catalog."""
    services: list[Service] = []
    notes: list[Note] = []
    for container in containers:
        found = _desired(container, policy)
        services += found.services.values()
        notes += found.notes
    return services, notes


def make_plan(
    containers: Iterable[Container], actual: Mapping[str, Service], policy: Policy, kept: Kept
) -> Plan:
    """The plan for a host: ``containers`` are all that the engine has, running or not."""
    plan = Plan()
    state = State(kept)
    state.learn(actual)
    running: dict[str, str] = {}
    for container in containers:
        found = _desired(container, policy)
        plan.notes += found.notes
        if container.running:
            running[container.id] = ""
            state.remember(container, found)
        elif stays(container, policy):
            state.let_be(container.id)
    gone = state.compare(running, policy.host) - running.keys()
    for container_id in [*running, *sorted(gone)]:
        for change in state.changes(container_id, policy.host):
            _note(plan, change, actual, kept)
    _plan_cleanup(plan, state, running, actual, policy)
    touched = {service.id for service in (*plan.replace, *plan.deregister)}
    plan.unchanged = [
        service
        for service in actual.values()
        if is_ours(service, policy.host) and service.id not in touched
    ]
    return plan


def stays(container: Container, policy: Policy) -> bool:
    """Whether an ended container keeps its services: -deregister on-success, and it failed.

    An exit code of 128 and more is a signal's, which counts as told to end.
    """
    return policy.keep_failed and not container.running and 0 < container.exit_code < 128


def _desired(container: Container, policy: Policy) -> Desired:
    if container.running:
        return desired_services(container, policy)
    reason = "not running"
    if stays(container, policy):
        reason = f"failed with exit code {container.exit_code}; what it has registered stays"
    return Desired({}, (Note(container.name, "", reason),))


def _note(plan: Plan, change: Change, actual: Mapping[str, Service], kept: Kept) -> None:
    match change:
        case Register(service) if service.id in actual:
            plan.replace.append(service)
            plan.differences[service.id] = _differences(actual[service.id], kept(service))
        case Register(service):
            plan.register.append(service)
        case Deregister(service_id):
            plan.deregister.append(actual[service_id])
        case Foreign(service):
            plan.notes.append(Note(service.id, "", FOREIGN))


def _plan_cleanup(
    plan: Plan,
    state: State,
    running: Mapping[str, str],
    actual: Mapping[str, Service],
    policy: Policy,
) -> None:
    for service_id in state.left_behind(running, policy.host) or ():
        if policy.cleanup:
            plan.deregister.append(actual[service_id])
        else:
            words = "left behind by registrator, and dangling; -cleanup removes it"
            plan.notes.append(Note(service_id, "", words, left_out=False))


def _differences(there: Service, wanted: Service) -> list[str]:
    fields = ("name", "address", "port", "tags", "meta", "weights", "tagged_addresses")
    return [
        f"{field}: {_words(getattr(there, field))} -> {_words(getattr(wanted, field))}"
        for field in (*fields, "enable_tag_override")
        if getattr(there, field) != getattr(wanted, field)
    ]


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={value[key]}" for key in sorted(value)) + "}"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
