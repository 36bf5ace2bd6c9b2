"""The output of ``docker inspect`` -> our own record.

Only the fields that every Engine API since 1.24 and podman's have are read; what a field may look
like in the wild (absent, null, of another type) must cost no more than that container.
"""

from collections.abc import Mapping
from typing import Any

from registrar.core.model import Binding, Container, Port


def container_from_inspect(document: Mapping[str, Any]) -> Container:
    """The container that one inspect document describes.

    Raises ValueError, naming the field, if the document is no inspect output.
    """
    try:
        return _read(document)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"the inspect output has a field of another type: {error}") from error


def _read(document: Mapping[str, Any]) -> Container:
    container_id = document.get("Id")
    if not isinstance(container_id, str) or not container_id:
        raise ValueError("no `Id` in the inspect output")
    config = _mapping(document, "Config")
    network_mode = str(_mapping(document, "HostConfig").get("NetworkMode") or "default")
    return Container(
        id=container_id,
        name=str(document.get("Name") or "").removeprefix("/") or container_id[:12],
        image=str(config.get("Image") or ""),
        running=_is_running(_mapping(document, "State")),
        network_mode=network_mode,
        env=tuple(str(entry) for entry in config.get("Env") or ()),
        labels={str(k): str(v) for k, v in _mapping(config, "Labels").items()},
        ports=_ports(config, _mapping(document, "NetworkSettings"), network_mode),
        stop_signal=str(config.get("StopSignal") or "SIGTERM"),
    )


def _is_running(state: Mapping[str, Any]) -> bool:
    """Up and able to answer. Between two lives, a restarting container is `Running` too."""
    down = state.get("Paused") or state.get("Restarting") or state.get("Dead")
    return bool(state.get("Running")) and not down


def _ports(
    config: Mapping[str, Any], network: Mapping[str, Any], network_mode: str
) -> tuple[Port, ...]:
    published = _mapping(network, "Ports")
    ports: dict[tuple[int, str], Port] = {}
    for spec in [*_mapping(config, "ExposedPorts"), *published]:
        number, protocol = _split(spec)
        if number:
            bindings = _bindings(published.get(spec), number, host_network=network_mode == "host")
            ports[number, protocol] = Port(number, protocol, bindings)
    return tuple(ports[key] for key in sorted(ports))


def _bindings(entries: Any, number: int, *, host_network: bool) -> tuple[Binding, ...]:
    if host_network:
        # The container's ports are the host's own; the engine lists no publication for them.
        return (Binding("", number),)
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
