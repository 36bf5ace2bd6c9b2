"""Recorded containers, multiplied: one of each kind was real, the rest differ where they must.

A container is its number and its kind, so the engine's process and the test's agree on ids, names
and ports without a word between them.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

_FOLDER = Path(__file__).parent / "recorded"
_IMAGE = "dummy-http"
# The kinds, and the services that registrator's rules make of each: container port -> name.
# `user` has a label that names its service after the container: one name, one instance.
KINDS: dict[str, dict[int, str]] = {
    "bridge": {8080: _IMAGE},
    "two": {8080: f"{_IMAGE}-8080", 9090: "admin"},
    "host": {8080: _IMAGE},
    "user": {8080: "{container}"},
    "health": {8080: _IMAGE},
}
# Two host ports a container, from below the range that the kernel hands out to above it: nothing
# listens there, they are only written about.
_FIRST_PORT = 20000
MOST = (65536 - _FIRST_PORT) // 2


@dataclass(frozen=True)
class FakeContainer:
    """One container that was never there. ``number`` is from 0 to MOST - 1."""

    number: int
    kind: str = "bridge"

    @cached_property
    def id(self) -> str:
        """64 hexadecimal digits, as an engine's."""
        return hashlib.sha256(f"{self.kind} {self.number}".encode()).hexdigest()

    @property
    def name(self) -> str:
        """Without the slash that the engine puts in front."""
        return f"c{self.number:05}"

    @property
    def ports(self) -> dict[int, int]:
        """Container port -> host port."""
        if self.kind == "host":
            return {port: port for port in KINDS["host"]}
        first = _FIRST_PORT + 2 * self.number
        return {port: first + place for place, port in enumerate(KINDS[self.kind])}

    @property
    def address(self) -> str:
        """In its network."""
        return f"172.31.{self.number // 250}.{self.number % 250 + 2}"

    def inspect(self) -> bytes:
        """What the engine answers to ``/containers/<id>/json``."""
        return self._fill(_template(self.kind, "inspect"))

    def listing(self) -> bytes:
        """Its entry in ``/containers/json``."""
        return self._fill(_template(self.kind, "listing"))

    def _fill(self, template: bytes) -> bytes:
        for place, port in enumerate(self.ports.values()):
            template = template.replace(b"@PORT%d@" % place, b"%d" % port)
        for mark, text in (
            (b"@ID@", self.id),
            (b"@SHORT@", self.id[:12]),
            (b"@NAME@", self.name),
            (b"@ADDRESS@", self.address),
        ):
            template = template.replace(mark, text.encode())
        return template


def made_of(count: int, kinds: Iterable[str] = ("bridge",), first: int = 0) -> list[FakeContainer]:
    """Containers with the numbers from ``first`` on, their kinds in turn."""
    turn = list(kinds)
    return [
        FakeContainer(number, turn[number % len(turn)]) for number in range(first, first + count)
    ]


def services_of(containers: Iterable[FakeContainer], host: str) -> dict[str, tuple[str, int]]:
    """The truth about containers that run: service id -> name and port, by registrator's rules."""
    return {
        f"{host}:{container.name}:{port}": (
            KINDS[container.kind][port].format(container=container.name),
            host_port,
        )
        for container in containers
        for port, host_port in container.ports.items()
    }


@cache
def _template(kind: str, part: str) -> bytes:
    """A recorded document with marks where the containers of one kind differ."""
    recorded = json.loads((_FOLDER / f"{kind}.json").read_text())
    text = json.dumps(recorded[part])
    inspect = recorded["inspect"]
    marks = {inspect["Id"]: "@ID@", inspect["Id"][:12]: "@SHORT@", f"recorded-{kind}": "@NAME@"}
    for network in inspect["NetworkSettings"]["Networks"].values():
        if network["IPAddress"]:
            marks[f'"{network["IPAddress"]}"'] = '"@ADDRESS@"'
    for place, port in enumerate(_host_ports(inspect)):
        # A string in one document, a number in the other.
        marks[port] = f"@PORT{place}@"
    for there, mark in marks.items():
        text = text.replace(there, mark)
    return text.encode()


def _host_ports(inspect: dict[str, dict[str, dict[str, list[dict[str, str]]]]]) -> list[str]:
    ports = inspect["NetworkSettings"]["Ports"]
    return [ports[spec][0]["HostPort"] for spec in sorted(ports)]
