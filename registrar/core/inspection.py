"""The output of ``docker inspect`` -> our own record.

Only the fields that every Engine API since 1.24 and podman's have are read; what a field may look
like in the wild (absent, null, of another type) must cost no more than that container.
"""

from collections.abc import Mapping
from typing import Any

from registrar.core.model import Binding, Container, Network, Port

_SHARED = "container:"
_IPV6 = "GlobalIPv6Address"
# Swarm's way in from outside: no container reaches another one over it.
_INGRESS = "ingress"
# Here a port is reached through the host, or (none) not at all: an exposed one is just a wish.
_THROUGH_THE_HOST = {"bridge", "none", "nat", "slirp4netns", "pasta", "private"}


def container_from_inspect(
    document: Mapping[str, Any], peer: Mapping[str, Any] | None = None
) -> Container:
    """The container that one inspect document describes.

    ``peer`` is the document of the container whose network it shares, see :func:`peer_of`. Raises
    ValueError, naming the field, if a document is no inspect output.
    """
    try:
        return _read(document, peer)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"the inspect output has a field of another type: {error}") from error


def peer_of(document: Mapping[str, Any]) -> str:
    """The container (``--network container:<id or name>``) whose network it shares, or ``""``."""
    mode = _mapping(document, "HostConfig").get("NetworkMode")
    return mode.removeprefix(_SHARED) if isinstance(mode, str) and mode.startswith(_SHARED) else ""


def _read(document: Mapping[str, Any], peer: Mapping[str, Any] | None) -> Container:
    container_id = document.get("Id")
    if not isinstance(container_id, str) or not container_id:
        raise ValueError("no `Id` in the inspect output")
    config = _mapping(document, "Config")
    state = _mapping(document, "State")
    mode = _network_mode(document)
    network = _mapping(document, "NetworkSettings")
    networks = _networks(network, mode)
    if peer is not None and mode.startswith(_SHARED):
        networks = _networks(_mapping(peer, "NetworkSettings"), _network_mode(peer))
        if _network_mode(peer) == "host":
            mode = "host"
    return Container(
        id=container_id,
        name=_text(document.get("Name") or "").removeprefix("/") or container_id[:12],
        image=_text(config.get("Image") or ""),
        running=_is_running(state),
        network_mode=mode,
        env=tuple(_text(entry) for entry in config.get("Env") or ()),
        labels={_text(k): _text(v) for k, v in _mapping(config, "Labels").items()},
        ports=_ports(config, network, mode),
        stop_signal=str(config.get("StopSignal") or "SIGTERM"),
        networks=networks,
        health=_health(state),
        exit_code=_whole(state.get("ExitCode")),
        document=document,
    )


def _text(value: Any) -> str:
    """As a text that can be sent on: JSON may carry half a surrogate pair, UTF-8 cannot."""
    return str(value).encode("utf-8", "replace").decode()


def _network_mode(document: Mapping[str, Any]) -> str:
    mode = str(_mapping(document, "HostConfig").get("NetworkMode") or "default")
    return "bridge" if mode == "default" else mode


def _health(state: Mapping[str, Any]) -> str:
    """``starting``, ``healthy`` or ``unhealthy``; empty where nobody checks."""
    # Podman called it Healthcheck before 4.0.
    health = _mapping(state, "Health") or _mapping(state, "Healthcheck")
    status = str(health.get("Status") or "")
    return "" if status == "none" else status


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _networks(settings: Mapping[str, Any], mode: str) -> tuple[Network, ...]:
    """The attached networks, the one that the container was started in first, then by name."""
    attached = _mapping(settings, "Networks")
    found = [
        Network(name, _address(attached[name], "IPAddress"), _address(attached[name], _IPV6))
        for name in sorted(attached, key=lambda name: (name != mode, name == _INGRESS, name))
    ]
    # Engines before 1.9 had this one only, those from 29 on have it no more.
    top = Network("bridge", _address(settings, "IPAddress"), _address(settings, _IPV6))
    if (top.ipv4 or top.ipv6) and top.ipv4 not in {network.ipv4 for network in found}:
        found.insert(0, top)
    return tuple(found)


def _address(endpoint: Any, key: str) -> str:
    return str(endpoint.get(key) or "") if isinstance(endpoint, Mapping) else ""


def _is_running(state: Mapping[str, Any]) -> bool:
    """Up and able to answer. Between two lives, a restarting container is `Running` too."""
    down = state.get("Paused") or state.get("Restarting") or state.get("Dead")
    return bool(state.get("Running")) and not down


def _ports(config: Mapping[str, Any], network: Mapping[str, Any], mode: str) -> tuple[Port, ...]:
    # In a shared network podman lists the ports of the container that made it, once for everybody.
    published = {} if mode.startswith(_SHARED) else _mapping(network, "Ports")
    ports: dict[tuple[int, str], Port] = {}
    for spec in [*_mapping(config, "ExposedPorts"), *published]:
        number, protocol = _split(spec)
        if not number:
            continue
        if mode == "host":
            # The container's ports are the host's own; the engine lists no publication for them.
            port = Port(number, protocol, (Binding("", number),))
        else:
            # A bridge lists each exposed port, with null for one that is not published. Where the
            # engine has no say (macvlan, overlay, another container's network) it lists none.
            direct = mode.split(":", 1)[0] not in _THROUGH_THE_HOST and spec not in published
            port = Port(number, protocol, _bindings(published.get(spec)), direct)
        ports[number, protocol] = port
    return tuple(ports[key] for key in sorted(ports))


def _bindings(entries: Any) -> tuple[Binding, ...]:
    found = []
    for entry in entries or ():
        port = str(entry.get("HostPort") or "")
        if port.isascii() and port.isdigit():
            found.append(Binding(str(entry.get("HostIp") or ""), int(port)))
    return tuple(found)


def _split(spec: str) -> tuple[int, str]:
    """``53/udp`` -> (53, "udp"); 0 for anything that is no port."""
    number, _, protocol = str(spec).partition("/")
    return (int(number) if number.isascii() and number.isdigit() else 0), protocol or "tcp"


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        found = type(value).__name__
        raise ValueError(f"`{key}` in the inspect output is a {found}, not an object")  # noqa: TRY004
    return value
