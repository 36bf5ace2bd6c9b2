"""A container -> the services it should have, and what was left out, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.bodies import ttl_check_id, why_irremovable
from catalog.labels import name_fault
from catalog.model import Service
from registrar.core import extras, keys, naming
from registrar.core.checks import CheckTarget, checks_for
from registrar.core.metadata import Metadata, is_true, read_metadata, split_tags
from registrar.core.model import Container, Note, Port
from registrar.core.ownership import mark
from registrar.core.placement import Place, is_eligible, place
from registrar.core.policy import Policy
from registrar.core.template import Template, TemplateError

# Consul's reaper takes no less, and comes by every 30 s.
_REAP_AFTER_S = 60


@dataclass(frozen=True, slots=True)
class Desired:
    """The services of one container by id, and what was left out or odd."""

    services: dict[str, Service]
    notes: tuple[Note, ...] = ()


def desired_services(container: Container, policy: Policy) -> Desired:
    """What should be registered for a running container."""
    reason = _why_not_at_all(container, policy)
    if reason:
        return Desired({}, (Note(container.name, "", reason), *keys.remarks(container)))
    return _Look(container, policy).desired()


def _why_not_at_all(container: Container, policy: Policy) -> str:
    for selector in policy.select:
        if not selector.matches(container):
            return f"not selected by `{selector}`"
    if container.health in {"starting", "unhealthy"}:
        return f"its HEALTHCHECK says {container.health}"
    return "" if container.ports else "no port exposed or published"


class _Look:
    """One look at one container: the parts that its ports share, and the notes taken."""

    def __init__(self, container: Container, policy: Policy) -> None:
        self.container = container
        self.policy = policy
        self.metadata: Metadata = read_metadata(container)
        self.notes = list(keys.remarks(container))
        self.services: dict[str, Service] = {}
        if policy.use_ip_from_label and policy.use_ip_from_label not in container.labels:
            self.remark("", f"has no label `{policy.use_ip_from_label}` to take an address from")
        self.common_tags = split_tags(self.render(policy.tags, "-tags"))
        self.common_name = self.render(policy.name, "-name")
        self.ports = [(port, self.metadata.for_port(port)) for port in container.ports]
        self.eligible = sum(is_eligible(port, found, policy) for port, found in self.ports)

    def desired(self) -> Desired:
        for port, attributes in self.ports:
            found = self.find_place(port, attributes)
            if isinstance(found, str):
                self.notes.append(Note(self.container.name, str(port), found))
            else:
                service = self.service(port, attributes, found)
                self.services[service.id] = service
        return Desired(self.services, tuple(dict.fromkeys(self.notes)))

    def find_place(self, port: Port, attributes: dict[str, str]) -> Place | str:
        for attribute in ("ignore", "maintenance"):
            if is_true(attributes.get(attribute, "")):
                return f"{self.metadata.key_for(port, attribute)} is set"
        found = place(self.container, port, attributes, self.policy)
        if isinstance(found, Place) and self.policy.explicit and not attributes.get("name"):
            return "no SERVICE_NAME, and -explicit asks for one"
        return found

    def service(self, port: Port, attributes: dict[str, str], found: Place) -> Service:
        faults: extras.Faults = []
        service_id = self.free_id(port, self.custom_id(attributes, faults))
        service = Service(
            id=service_id,
            name=self.name(port, attributes),
            port=found.port,
            address=found.address,
            tags=self.tags(port, attributes),
            meta=extras.meta_of(attributes, faults),
            weights=extras.weights_of(attributes, faults),
            tagged_addresses=extras.tagged_addresses(attributes, found, faults),
            enable_tag_override=is_true(attributes.get("tag_override", "")),
            checks=self.checks(port, attributes, found, service_id, faults),
            token=extras.token_of(attributes, faults),
        )
        for key, reason in faults:
            subject = f"{port} SERVICE_{key.upper()}"
            self.notes.append(Note(self.container.name, subject, reason))
        return mark(service, self.policy.host, self.container.id)

    def custom_id(self, attributes: dict[str, str], faults: extras.Faults) -> str:
        """SERVICE_ID, unless it is one that no agent could ever remove again."""
        custom = attributes.get("id", "")
        reason = why_irremovable(custom) if custom else ""
        if reason:
            faults.append(("id", f"no agent removes a service by such an id: {reason}"))
            return ""
        return custom

    def free_id(self, port: Port, custom: str) -> str:
        """One custom id for several ports must not make them overwrite each other."""
        wanted = custom or naming.default_id(self.container, port, self.policy.host)
        if wanted not in self.services:
            return wanted
        return f"{wanted}:{port.number}:{port.protocol}"

    def name(self, port: Port, attributes: dict[str, str]) -> str:
        base = attributes.get("name") or self.common_name
        name = naming.suffixed(
            base or naming.image_name(self.container.image) or self.container.name,
            port,
            named_by_port=self.metadata.names_port(port),
            eligible=self.eligible,
            policy=self.policy.suffix,
        )
        fault = name_fault(name)
        if fault:
            self.remark(str(port), fault)
        return name

    def tags(self, port: Port, attributes: dict[str, str]) -> tuple[str, ...]:
        tags = [*split_tags(attributes.get("tags", "")), *self.common_tags]
        if port.protocol == "udp":
            tags.append("udp")
        return tuple(dict.fromkeys(tags))

    def checks(
        self,
        port: Port,
        attributes: dict[str, str],
        found: Place,
        service_id: str,
        faults: extras.Faults,
    ) -> tuple[Mapping[str, Any], ...]:
        target = CheckTarget(
            service_id=service_id,
            # The agent that runs the checks is this host's own.
            host=found.address or self.policy.node_address or "127.0.0.1",
            port=found.port,
            container_id=self.container.id,
            internal_port=port.number,
        )
        checks, bad = checks_for(attributes, target)
        faults += bad
        if self.policy.no_checks:
            if checks:
                self.remark(str(port), self.policy.no_checks)
            return ()
        if not self.policy.ttl_s:
            return checks
        # With a second check beside it, Consul would number the one it names by itself.
        named = [{"CheckID": f"service:{service_id}"} | dict(check) for check in checks]
        return (*named, _time_to_live(service_id, self.policy.ttl_s))

    def render(self, template: Template | None, flag: str) -> str:
        if template is None:
            return ""
        try:
            return template.render(self.container.document, self.policy.fetch)
        except TemplateError as error:
            self.remark("", f"{flag}: {error}")
            return ""

    def remark(self, subject: str, text: str) -> None:
        self.notes.append(Note(self.container.name, subject, text, left_out=False))


def _time_to_live(service_id: str, ttl_s: int) -> dict[str, Any]:
    """Registrator's -ttl as a check that the registrar itself passes again and again."""
    return {
        "CheckID": ttl_check_id(service_id),
        "Name": "the registrar's heartbeat",
        "TTL": f"{ttl_s}s",
        "Status": "passing",
        "DeregisterCriticalServiceAfter": f"{max(ttl_s, _REAP_AFTER_S)}s",
    }
