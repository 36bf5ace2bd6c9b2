"""Where a port can be reached from other hosts: the address and port to register.

Published on every address of the host: an empty address, so that the node's own stands. Published
on one: that one. A container's own address only ever stands with the container's own port, a host's
with a host's. What nobody else can reach (loopback) is left out, with the reason.
"""

import ipaddress
from dataclasses import dataclass

from catalog.labels import parse_address
from registrar.core.metadata import is_true
from registrar.core.model import Binding, Container, Network, Port
from registrar.core.policy import FAMILIES, Policy

_SWARM_TASK = "com.docker.swarm.task.id"


@dataclass(frozen=True, slots=True)
class Place:
    """Address (empty: the node's own) and port to register.

    ``other_family`` is the container's address of the other family on the same network, if it is
    registered by its own address and has both.
    """

    address: str
    port: int
    other_family: str = ""


def is_eligible(port: Port, attributes: dict[str, str], policy: Policy) -> bool:
    """Whether the port could be a service, whatever its labels say: the name's suffix counts it."""
    return bool(port.bindings) or port.direct or _is_internal(attributes, policy)


def place(
    container: Container, port: Port, attributes: dict[str, str], policy: Policy
) -> Place | str:
    """Where the port is reached, or why it is left out."""
    family = attributes.get("family", "").lower() or policy.family
    if family not in FAMILIES:
        return f"SERVICE_FAMILY is `{family}`; use ipv4 or ipv6"
    shared = container.network_mode.startswith("container:")
    if shared or _is_internal(attributes, policy):
        found = _own_place(container, port, attributes, policy, family)
    elif port.direct:
        found = _own_place(container, port, attributes, policy, family)
        if policy.ip and isinstance(found, Place):
            found = Place(policy.ip, found.port)
    else:
        found = _published_place(container, port, policy, family)
    if isinstance(found, str):
        return found
    return _chosen_by_label(container, attributes, policy, found, shared=shared)


def _is_internal(attributes: dict[str, str], policy: Policy) -> bool:
    if "internal" in attributes:
        return is_true(attributes["internal"])
    return policy.internal or "network" in attributes


def _own_place(
    container: Container, port: Port, attributes: dict[str, str], policy: Policy, family: str
) -> Place | str:
    """The container's own address and port."""
    if container.network_mode == "host":
        return Place("", port.number)
    if container.network_mode.startswith("container:") and not container.networks:
        peer = container.network_mode.partition(":")[2]
        return f"shares the network of container {peer[:12]}, which has none or is gone"
    label = attributes.get("network", "")
    wanted = (label,) if label else policy.networks
    network = _network(container, wanted, family)
    if network is None:
        where = f" of {' or '.join(wanted)}" if wanted else ""
        has = ", ".join(found.name for found in container.networks) or "none"
        return f"no {family or 'IP'} address{where} to register; its networks: {has}"
    if family == "ipv6" or not network.ipv4:
        return Place(network.ipv6, port.number, network.ipv4 if not family else "")
    return Place(network.ipv4, port.number, network.ipv6 if not family else "")


def _network(container: Container, wanted: tuple[str, ...], family: str) -> Network | None:
    """The first network with an address of the family: in the wanted order, else its own."""
    fitting = [network for network in container.networks if _has_address(network, family)]
    if not wanted:
        return next(iter(fitting), None)
    return next((net for want in wanted for net in fitting if _is_meant(net, want)), None)


def _has_address(network: Network, family: str) -> bool:
    addresses = {"ipv4": network.ipv4, "ipv6": network.ipv6}
    return bool(addresses[family]) if family else any(addresses.values())


def _is_meant(network: Network, wanted: str) -> bool:
    """By name, or by a CIDR that one of its addresses is in."""
    if network.name == wanted:
        return True
    try:
        block = ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False
    addresses = (parse_address(network.ipv4), parse_address(network.ipv6))
    return any(address is not None and address in block for address in addresses)


def _published_place(container: Container, port: Port, policy: Policy, family: str) -> Place | str:
    """The host's side of a publication."""
    if not port.bindings:
        if _SWARM_TASK in container.labels:
            return "not published on this host; a Swarm service needs `mode=host` for that"
        return "exposed but not published; add `-p` to publish it"
    fitting = [binding for binding in port.bindings if _is_of(binding, family)]
    if not fitting:
        return f"published on {port.bindings[0].host_ip}, which is not {family}"
    usable = [found for found in (_reachable(b, policy, family) for b in fitting) if found]
    if not usable:
        return f"published on {fitting[0].host_ip} only, which no other host can reach"
    # An empty address stands for the node's own, which is right on every network it has.
    best = min(usable, key=lambda binding: binding.host_ip != "")
    return Place(policy.ip or best.host_ip, best.host_port)


def _is_of(binding: Binding, family: str) -> bool:
    address = parse_address(binding.host_ip)
    return not family or address is None or f"ipv{address.version}" == family


def _reachable(binding: Binding, policy: Policy, family: str) -> Binding | None:
    """The binding with a wildcard as the empty address; None if it is loopback or no address."""
    address = parse_address(binding.host_ip or "0.0.0.0")  # noqa: S104  (read, not bound)
    if address is None or address.is_loopback:
        return None
    if not address.is_unspecified:
        return binding
    # Published over IPv6 only, the node's own address may be of the wrong family.
    over_ipv6 = address.version == 6 or family == "ipv6"
    return Binding(policy.node_ipv6 if over_ipv6 else "", binding.host_port)


def _chosen_by_label(
    container: Container,
    attributes: dict[str, str],
    policy: Policy,
    found: Place,
    *,
    shared: bool,
) -> Place | str:
    """The place with the address that a label names, if one does."""
    text = attributes.get("ip", "")
    if not text and policy.use_ip_from_label and not shared:
        # Rancher's label carries its mask: 10.42.1.2/16.
        text = container.labels.get(policy.use_ip_from_label, "")
        text = text.rpartition("/")[0] or text
    if not text:
        return found
    address = parse_address(text)
    if address is not None and (address.is_loopback or address.is_unspecified):
        return f"a label names {text}, which no other host can reach"
    return Place(text, found.port)
