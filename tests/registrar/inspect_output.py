"""Inspect output as an engine prints it, for tests that need no engine."""

from collections.abc import Mapping
from typing import Any

from registrar.core.inspection import container_from_inspect
from registrar.core.model import Container

HOST = "host1"


def inspect_output(ports: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """One document of ``docker inspect``.

    ``ports`` as in NetworkSettings.Ports, with ``("0.0.0.0", 8080)`` short for a binding.
    """
    published = {
        spec: None
        if bindings is None
        else [{"HostIp": ip, "HostPort": str(port)} for ip, port in bindings]
        for spec, bindings in (ports or {}).items()
    }
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
        "HostConfig": {"NetworkMode": changes.get("mode", "bridge")},
        "NetworkSettings": {"Ports": published},
    }


def container(ports: Mapping[str, Any] | None = None, **changes: Any) -> Container:
    """The container of such a document."""
    return container_from_inspect(inspect_output(ports, **changes))
