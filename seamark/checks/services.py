"""A file of static services: the first fault of each service in it, where a start tells one."""

import json
from collections.abc import Iterator
from pathlib import Path

from catalog.definitions import parse_definitions
from catalog.errors import ShapeError
from seamark.errors import SettingsError
from seamark.statics import read_definitions


def services_faults(file: str) -> list[SettingsError]:
    """What is wrong with the services of a file, each with its place; nothing if all are right."""
    try:
        read_definitions(file)
    except SettingsError as error:
        # One that shows in no service alone is about the file: an id that stands twice.
        return list(_of_each(file)) or [error]
    return []


def _of_each(file: str) -> Iterator[SettingsError]:
    try:
        document = json.loads(Path(file).read_text())
    except (OSError, ValueError):
        return
    for key, services in document.items() if isinstance(document, dict) else ():
        for number, service in enumerate(services) if isinstance(services, list) else ():
            try:
                parse_definitions(json.dumps({key: [service]}))
            except ShapeError as fault:
                place = fault.path.replace("[0]", f"[{number}]", 1)
                yield SettingsError(f"{file}: {place}: {fault.problem}", fault.hint)
