"""What ``seamark export`` writes down: told by a running process, without what others register."""

import json
from typing import Any

from dnsproxy.core.endpoint import Endpoint
from seamark import status_client
from seamark.errors import StartError
from seamark.progress import waiting

_LIMIT_S = 30


def fetch(status: Endpoint | None) -> dict[str, Any]:
    """What the process whose status side is there tells. Raises SettingsError, StartError."""
    with waiting(f"asking http://{status} for its services"):
        code, body = status_client.get(status, "/api/export", _LIMIT_S, "`seamark up`")
    url, hint = f"http://{status}/api/export", "name the status side of `seamark up` with --http"
    if code != 200:
        raise StartError(f"{url}: {code}: whoever answers there has no embedded catalog", hint)
    try:
        found: dict[str, Any] = json.loads(body)
    except ValueError as error:
        raise StartError(f"{url}: {error}", hint) from error
    return found


def without(document: dict[str, Any], mark: str) -> dict[str, Any]:
    """The document without the services that have a mark in their meta."""
    services = document["services"]
    return document | {
        "services": [service for service in services if mark not in service.get("meta", {})]
    }
