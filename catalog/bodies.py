"""A service as a Consul agent writes it, and what of it an agent gives back."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import ucd_3_2_0

from catalog.model import SEVERITY, Service, Status, TaggedAddress, Weights

# In the Meta of a service with checks: how many, and a digest of their definitions.
CHECKS = "seamark-checks"
# The agent fills these with the service's own address, by its family.
_FILLED = ("lan_ipv4", "wan_ipv4", "lan_ipv6", "wan_ipv6")
_MAINTENANCE = "_service_maintenance:"


def ttl_check_id(service_id: str) -> str:
    """The CheckID of the check whose time to live the registrar keeps."""
    return f"service:{service_id}:ttl"


def registration(service: Service) -> dict[str, Any]:
    """The body of PUT /v1/agent/service/register."""
    body: dict[str, Any] = {
        "ID": service.id,
        "Name": service.name,
        "Port": service.port,
        "Address": service.address,
        "Tags": list(service.tags),
        "Meta": _marked(service),
        "Weights": {"Passing": service.weights.passing, "Warning": service.weights.warning},
        "EnableTagOverride": service.enable_tag_override,
    }
    if service.tagged_addresses:
        body["TaggedAddresses"] = {
            key: {"Address": tagged.address, "Port": tagged.port}
            for key, tagged in service.tagged_addresses.items()
        }
    if len(service.checks) == 1:
        body["Check"] = dict(service.checks[0])
    elif service.checks:
        body["Checks"] = [dict(check) for check in service.checks]
    return body


def kept(service: Service) -> Service:
    """What :func:`parse_service` makes of the service once an agent has it."""
    return _comparable(dataclasses.replace(service, meta=_marked(service), checks=(), token=""))


def parse_service(body: Mapping[str, Any]) -> Service:
    """One entry of GET /v1/agent/services. Raises KeyError, TypeError, AttributeError."""
    weights = body.get("Weights") or {}
    service = Service(
        id=body["ID"],
        name=body["Service"],
        port=body.get("Port") or 0,
        address=body.get("Address") or "",
        tags=tuple(body.get("Tags") or ()),
        meta=dict(body.get("Meta") or {}),
        weights=Weights(passing=weights.get("Passing", 1), warning=weights.get("Warning", 1)),
        tagged_addresses={
            key: TaggedAddress(tagged.get("Address") or "", tagged.get("Port") or 0)
            for key, tagged in (body.get("TaggedAddresses") or {}).items()
        },
        enable_tag_override=bool(body.get("EnableTagOverride")),
    )
    return _comparable(service)


def without_lost_checks(
    services: Mapping[str, Service], checks: Mapping[str, Any]
) -> dict[str, Service]:
    """The services; where some of a service's checks are gone, its mark is too.

    ``checks`` is GET /v1/agent/checks: a check that somebody removed is put back only if the
    service looks different from what is wanted.
    """
    there: dict[str, int] = {}
    for check_id, check in checks.items():
        if not check_id.startswith(_MAINTENANCE):
            there[check["ServiceID"]] = there.get(check["ServiceID"], 0) + 1
    return {
        service_id: _unmarked(service)
        if there.get(service_id, 0) < _marked_count(service)
        else service
        for service_id, service in services.items()
    }


def why_irremovable(service_id: str) -> str:
    """Why an agent could never deregister a service under this id; empty if it could.

    The id is part of a path there, that a server cleans before it looks at it: Consul 1.8 takes
    `a/../b` for `b`, and every version refuses what Go calls not printable.
    """
    if not service_id:
        return "it is empty"
    if not all(map(_is_printable, service_id)):
        return "it has a character that not every agent can print"
    *inner, last = service_id.split("/")
    if any(part in {"", ".", ".."} for part in inner) or last in {".", ".."}:
        return "a part of it between slashes is empty, `.` or `..`"
    return ""


def _is_printable(character: str) -> bool:
    """Whether every Go ever used for Consul calls it printable: each knows its own Unicode.

    So it must be of old, and still be: the soft hyphen was a dash until Unicode 4.
    """
    if character == " ":
        return True
    return character.isprintable() and ucd_3_2_0.category(character)[0] in "LMNPS"


def _comparable(service: Service) -> Service:
    """The service without what the agent, or somebody through it, may set in our place."""
    own = TaggedAddress(service.address, service.port)
    tagged = {
        key: address
        for key, address in service.tagged_addresses.items()
        if key not in _FILLED or address != own
    }
    # The override hands the tags to whoever writes them in the catalog.
    tags = () if service.enable_tag_override else service.tags
    return dataclasses.replace(service, tagged_addresses=tagged, tags=tags)


def _marked(service: Service) -> dict[str, str]:
    meta = dict(service.meta)
    if service.checks:
        # Two under one id are one to the agent; it numbers those without.
        ids = {check.get("CheckID") or number for number, check in enumerate(service.checks)}
        meta[CHECKS] = f"{len(ids)}-{_digest(service.checks)}"
    return meta


def _unmarked(service: Service) -> Service:
    meta = {key: value for key, value in service.meta.items() if key != CHECKS}
    return dataclasses.replace(service, meta=meta)


def _marked_count(service: Service) -> int:
    count = service.meta.get(CHECKS, "").partition("-")[0]
    return int(count) if count.isdecimal() else 0


def _digest(checks: Sequence[Mapping[str, Any]]) -> str:
    canonical = json.dumps([dict(check) for check in checks], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def health(checks: Mapping[str, Any]) -> dict[str, Status]:
    """Of GET /v1/agent/checks, the worst of each service's checks by its id; the node's under "".

    Raises KeyError, TypeError, AttributeError, ValueError.
    """
    worst: dict[str, Status] = {}
    for check in checks.values():
        status = Status(check["Status"])
        before = worst.get(check["ServiceID"], Status.PASSING)
        worst[check["ServiceID"]] = max(status, before, key=SEVERITY.index)
    return worst
