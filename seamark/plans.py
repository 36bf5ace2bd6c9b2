"""``seamark plan``: the plan as lines for people or as JSON. Results on stdout, words on stderr."""

import json
import socket
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from catalog.agent import ConsulAgent
from catalog.bodies import registration
from catalog.kv import ConsulKv
from catalog.model import Service
from registrar.core.model import Note
from registrar.core.offline import containers_from_text
from registrar.core.plan import Plan, desired_of
from registrar.edges.engine import DockerEngine
from registrar.planner import plan_for
from seamark import progress, registering
from seamark.colours import Colour, paint, wanted
from seamark.errors import SettingsError
from seamark.logs import printable
from seamark.settings import Settings

_COLOURS = {"+": Colour.GREEN, "~": Colour.YELLOW, "-": Colour.RED}
NONE: Mapping[str, list[str]] = {}


def offline(settings: Settings, text: str, *, as_json: bool) -> None:
    """What the containers in ``docker inspect`` output would be registered as."""
    policy = registering.policy(settings, settings.node or socket.gethostname())
    try:
        containers, unreadable = containers_from_text(text)
    except ValueError as error:
        hint = "give the output of `docker inspect CONTAINER...`"
        raise SettingsError(f"from-inspect: {error}", hint) from error
    services, notes = desired_of(containers, policy)
    if as_json:
        click.echo(json.dumps([registration(service) for service in services], indent=2))
    else:
        _print_services("+", services)
    _print_notes([*unreadable, *notes], err=as_json)


def online(
    settings: Settings,
    engine: DockerEngine,
    shared: ConsulAgent | ConsulKv | None,
    *,
    as_json: bool,
) -> bool:
    """What the registrar would write now; whether there is nothing to write.

    Without a catalog, what the containers give. Raises EngineUnavailable and CatalogError.
    """
    policy = registering.policy(settings, settings.node or engine.host_name(), shared)
    with progress.counting("looking at containers") as looked:
        found = plan_for(engine, shared, policy, looked)
    if as_json:
        click.echo(json.dumps(_document(found), indent=2))
    else:
        for sign, services in _groups(found):
            _print_services(sign, services, found.differences)
        _print_notes(found.notes)
        _print_summary(found)
    if shared is None:
        click.echo("no registry was named: nothing to compare with", err=True)
        return True
    return found.is_empty


def _groups(found: Plan) -> list[tuple[str, list[Service]]]:
    return [
        ("+", found.register),
        ("~", found.replace),
        ("-", found.deregister),
        ("=", found.unchanged),
    ]


def _print_services(
    sign: str, services: Iterable[Service], differences: Mapping[str, list[str]] = NONE
) -> None:
    for service in sorted(services, key=lambda service: service.id):
        address = f"[{service.address}]" if ":" in service.address else service.address
        tags = f"  tags {','.join(service.tags)}" if service.tags else ""
        checks = f"  checks {len(service.checks)}" if service.checks else ""
        line = f"{service.id}  {service.name}  {address}:{service.port}{tags}{checks}"
        click.echo(f"{_painted(sign)} {printable(line)}", color=True)
        for difference in differences.get(service.id, []):
            click.echo(printable(f"    {difference}"))


def _print_notes(notes: Iterable[Note], *, err: bool = False) -> None:
    for note in notes:
        click.echo(printable(str(note)), err=err)


def _painted(sign: str) -> str:
    colour = _COLOURS.get(sign)
    return paint(sign, colour) if colour and wanted(sys.stdout) else sign


def _print_summary(found: Plan) -> None:
    click.echo(
        f"{len(found.register)} to register, {len(found.replace)} to replace, "
        f"{len(found.deregister)} to deregister, {len(found.unchanged)} as they should be"
    )


def _document(found: Plan) -> dict[str, Any]:
    return {
        "register": [registration(service) for service in found.register],
        "replace": [registration(service) for service in found.replace],
        "deregister": [service.id for service in found.deregister],
        "unchanged": [service.id for service in found.unchanged],
        "left_out": [_as_dict(note) for note in found.notes if note.left_out],
        "notes": [_as_dict(note) for note in found.notes if not note.left_out],
    }


def _as_dict(note: Note) -> dict[str, str]:
    return {"container": note.container, "subject": note.subject, "reason": note.reason}
