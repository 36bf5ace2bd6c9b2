"""Inspect output as an engine prints it, for tests that need no engine."""

from collections.abc import Mapping
from typing import Any

from registrar.core.inspection import container_from_inspect
from registrar.core.model import Container
from registrar.core.policy import Policy

HOST = "host1"
POLICY = Policy(host=HOST, node_address="192.168.1.102")


def inspect_output(ports: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """One document of ``docker inspect``.

    ``ports`` as in NetworkSettings.Ports, with ``("0.0.0.0", 8080)`` short for a binding.
    ``networks`` gives the addresses by network, ``("172.18.0.3", "fd00::3")`` or just the first.
    """
    published = {
        spec: None
        if bindings is None
        else [{"HostIp": ip, "HostPort": str(port)} for ip, port in bindings]
        for spec, bindings in (ports or {}).items()
    }
    mode = changes.get("mode", "bridge")
    networks = changes.get("networks", {"bridge": "172.17.0.2"} if mode == "bridge" else {})
    return {
        "Id": changes.get("id", "c" * 64),
        "Name": "/" + changes.get("name", "c1"),
        "State": {"Running": True, "Paused": False, "Restarting": False, "Dead": False}
        | changes.get("state", {}),
        "Config": {
            "Image": changes.get("image", "redis"),
            "Env": changes.get("env", []),
            "Labels": changes.get("labels", {}),
            "ExposedPorts": {spec: {} for spec in changes.get("exposed", published)},
        },
        "HostConfig": {"NetworkMode": mode},
        "NetworkSettings": {
            "Ports": published,
            "Networks": {name: _endpoint(found) for name, found in networks.items()},
        },
    }


def _endpoint(addresses: str | tuple[str, str]) -> dict[str, str]:
    ipv4, ipv6 = (addresses, "") if isinstance(addresses, str) else addresses
    return {"IPAddress": ipv4, "GlobalIPv6Address": ipv6}


def container(ports: Mapping[str, Any] | None = None, **changes: Any) -> Container:
    """The container of such a document."""
    return container_from_inspect(inspect_output(ports, **changes))
