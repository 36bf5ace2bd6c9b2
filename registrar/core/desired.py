"""A container -> the services it should have, and what was left out, each with its reason.

Names and ids are registrator's: name = last part of the image, suffixed with the port if there is
more than one; id = ``<host>:<container>:<port>[:udp]``.
"""

import ipaddress
import re
from dataclasses import dataclass

from catalog.model import Service
from registrar.core.metadata import Metadata, is_true, read_metadata, split_tags
from registrar.core.model import Binding, Container, Port, Skip
from registrar.core.ownership import mark

# What Consul's agent accepts in Meta; one bad pair would fail the whole registration with 400.
_META_KEY = re.compile(r"(?!consul-)[A-Za-z0-9_-]{1,128}")
_META_VALUE_MAX = 512
_META_PAIRS_MAX = 64
_OUR_META_PAIRS = 2
_CONTROL = {"name", "id", "tags", "ignore"}


@dataclass(frozen=True, slots=True)
class Desired:
    """The services of one container by id, and what was left out."""

    services: dict[str, Service]
    skipped: tuple[Skip, ...] = ()


def desired_services(container: Container, host: str) -> Desired:
    """What should be registered for a running container on the host called ``host``."""
    skipped: list[Skip] = []
    metadata = read_metadata(container)
    if not container.ports:
        return Desired({}, (Skip(container.name, "", "no port exposed or published"),))
    published = [port for port in container.ports if port.bindings]
    services: dict[str, Service] = {}
    for port in container.ports:
        attributes = metadata.for_port(port.number)
        placed = _place(port, attributes)
        if isinstance(placed, str):
            skipped.append(Skip(container.name, str(port), placed))
            continue
        service = Service(
            id=_free_id(attributes.get("id") or _default_id(container, port, host), port, services),
            name=_name(container, port, metadata, len(published)),
            port=placed.host_port,
            address=placed.host_ip,
            tags=_tags(attributes, port),
            meta=_meta(container, port, attributes, skipped),
        )
        services[service.id] = mark(service, host, container.id)
    return Desired(services, tuple(skipped))


def _place(port: Port, attributes: dict[str, str]) -> Binding | str:
    """Where the port can be reached from other hosts, or why it is left out."""
    if is_true(attributes.get("ignore", "")):
        return "SERVICE_IGNORE is set"
    if not port.bindings:
        return "exposed but not published; add `-p` to publish it"
    usable = [found for found in (_reachable(binding) for binding in port.bindings) if found]
    if not usable:
        return f"published on {port.bindings[0].host_ip} only, which no other host can reach"
    # An empty address stands for the node's own, which is right on every network it has.
    return min(usable, key=lambda binding: binding.host_ip != "")


def _reachable(binding: Binding) -> Binding | None:
    """The binding with a wildcard as the empty address; None if it is loopback or no address."""
    if not binding.host_ip:
        return binding
    try:
        address = ipaddress.ip_address(binding.host_ip)
    except ValueError:
        return None
    if address.is_unspecified:
        return Binding("", binding.host_port)
    return None if address.is_loopback else binding


def _default_id(container: Container, port: Port, host: str) -> str:
    suffix = ":udp" if port.protocol == "udp" else ""
    return f"{host}:{container.name}:{port.number}{suffix}"


def _free_id(wanted: str, port: Port, taken: dict[str, Service]) -> str:
    """One custom id for several ports must not make them overwrite each other."""
    if wanted not in taken:
        return wanted
    return f"{wanted}:{port.number}:{port.protocol}"


def _name(container: Container, port: Port, metadata: Metadata, published: int) -> str:
    name = metadata.for_port(port.number).get("name") or _image_name(container.image)
    if published > 1 and not metadata.names_port(port.number):
        return f"{name}-{port.number}"
    return name


def _image_name(image: str) -> str:
    """The repository's last part, without tag and digest: what people call the image."""
    repository = image.partition("@")[0]
    return repository.rpartition("/")[2].partition(":")[0] or image


def _tags(attributes: dict[str, str], port: Port) -> tuple[str, ...]:
    tags = split_tags(attributes.get("tags", ""))
    if port.protocol == "udp":
        tags.append("udp")
    return tuple(dict.fromkeys(tags))


def _meta(
    container: Container, port: Port, attributes: dict[str, str], skipped: list[Skip]
) -> dict[str, str]:
    """Every other attribute, as far as Consul takes it: a bad pair costs itself only."""
    meta: dict[str, str] = {}
    for key in sorted(attributes):
        if key in _CONTROL:
            continue
        value = attributes[key]
        reason = _meta_fault(key, value, len(meta))
        if reason:
            skipped.append(Skip(container.name, f"{port} SERVICE_{key.upper()}", reason))
        else:
            meta[key] = value
    return meta


def _meta_fault(key: str, value: str, pairs: int) -> str:
    if key.startswith("check_"):
        return "health checks from labels are not registered yet"
    if not _META_KEY.fullmatch(key):
        return "Consul takes only A-Z, a-z, 0-9, _ and - in the key of a meta pair"
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > _META_VALUE_MAX:
        return (
            f"{len(value)} characters in {size} bytes, "
            f"Consul takes {_META_VALUE_MAX} bytes in a meta value"
        )
    if pairs >= _META_PAIRS_MAX - _OUR_META_PAIRS:
        return f"more than {_META_PAIRS_MAX - _OUR_META_PAIRS} meta pairs"
    return ""
