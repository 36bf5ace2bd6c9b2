"""What should be registered, worked out from `docker inspect` by the tests' own few rules."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from tests.faults.engine_api import EngineApi
from tests.lab.consul import ConsulAgent
from tests.lab.shell import LabError

# A service in few words: name, address, port, tags, the marks.
Entry = tuple[str, str, int, tuple[str, ...], str, str]

_DOWN = ("Paused", "Restarting", "Dead")


def truth(api: EngineApi, node: str) -> dict[str, Entry]:
    """The services that the containers running now should have, by id."""
    found: dict[str, Entry] = {}
    for listed in api.get("/containers/json"):
        try:
            document = api.inspect(listed["Id"])
        except LabError:
            continue  # gone between the two calls
        found |= entries_of(document, node)
    return found


def entries_of(document: Mapping[str, Any], node: str) -> dict[str, Entry]:
    """What one container should have."""
    state = document["State"]
    if not state["Running"] or any(state.get(word) for word in _DOWN):
        return {}
    env = dict(word.partition("=")[::2] for word in document["Config"]["Env"] or ())
    bindings = document["NetworkSettings"]["Ports"] or {}
    published = {spec: found for spec, found in bindings.items() if found}
    found: dict[str, Entry] = {}
    for spec, entries in published.items():
        port, _, protocol = spec.partition("/")
        place = _place(entries)
        if place is None:
            continue
        image = document["Config"]["Image"].rpartition("/")[2].partition(":")[0]
        name = env.get("SERVICE_NAME") or image
        suffix = f"-{port}" if len(published) > 1 else ""
        udp = ("udp",) if protocol == "udp" else ()
        tags = (*filter(None, env.get("SERVICE_TAGS", "").split(",")), *udp)
        key = f"{node}:{document['Name'].removeprefix('/')}:{port}{':udp' if udp else ''}"
        found[key] = (f"{name}{suffix}", *place, tags, node, document["Id"])
    return found


def _place(entries: Iterable[Mapping[str, str]]) -> tuple[str, int] | None:
    """Address (empty for the node's own) and port; None where only this host can reach it."""
    for entry in entries:
        address = ipaddress.ip_address(entry["HostIp"] or "0.0.0.0")
        if not address.is_loopback:
            return "" if address.is_unspecified else str(address), int(entry["HostPort"])
    return None


def catalog(agent: ConsulAgent, node: str) -> dict[str, Entry]:
    """What the catalog has for a node, Consul's own service aside."""
    return {key: entry_in(body) for key, body in bodies(agent, node).items()}


def agents_own(agent: ConsulAgent) -> dict[str, Entry]:
    """What the agent itself has: the catalog follows it a moment later."""
    services = agent.get("agent/services").items()
    return {key: entry_in(body) for key, body in services if body["Service"] != "consul"}


def bodies(agent: ConsulAgent, node: str) -> dict[str, dict[str, Any]]:
    """The services of a node in the catalog as Consul gives them, with their ModifyIndex."""
    found = agent.get(f"catalog/node/{node}") or {"Services": {}}
    services = found["Services"].items()
    return {key: body for key, body in services if body["Service"] != "consul"}


def entry_in(body: Mapping[str, Any]) -> Entry:
    """A service of the catalog in few words."""
    meta = body["Meta"] or {}
    marks = (meta.get("seamark-owner", ""), meta.get("seamark-container", ""))
    tags = tuple(body["Tags"] or ())
    return (body["Service"], body["Address"], body["Port"], tags, *marks)


class Verdict:
    """Whether the catalog is as it should be; what is not, for people, one line each."""

    def __init__(self, wrong: list[str]) -> None:
        self.wrong = wrong

    def __bool__(self) -> bool:
        return not self.wrong

    def __repr__(self) -> str:
        return "\n".join(["", *self.wrong]) if self.wrong else "true"


def differences(where: str, expected: Mapping[str, Entry], found: Mapping[str, Entry]) -> list[str]:
    """What is there and should not be, what is not and should, what is otherwise."""
    return [
        f"{where}: {key}: should be {expected.get(key, 'absent')}, is {found.get(key, 'absent')}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
