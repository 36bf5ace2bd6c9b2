"""The SERVICE_* keys of a container's environment and labels, with registrator's precedence.

A key starts with upper-case ``SERVICE_``; what follows is an attribute in any case, or
``<internal port>_<attribute>``, which holds for that port only. Port-specific beats generic
whatever the source, then labels beat the environment, then the last of repeated keys wins.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from registrar.core.model import Container

_PREFIX = "SERVICE_"
_FALSE = {"", "0", "f", "false", "n", "no", "off"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """Attributes (lower-cased names) of the container, and of single ports."""

    generic: dict[str, str] = field(default_factory=dict)
    by_port: dict[str, dict[str, str]] = field(default_factory=dict)

    def for_port(self, number: int) -> dict[str, str]:
        """What holds for one port. An empty port-specific value blocks the generic one."""
        merged = self.generic | self.by_port.get(str(number), {})
        return {key: value for key, value in merged.items() if value}

    def names_port(self, number: int) -> bool:
        """Whether the name is port-specific, also an empty one: then it gets no suffix."""
        return "name" in self.by_port.get(str(number), {})


def read_metadata(container: Container) -> Metadata:
    """All SERVICE_* keys of a container."""
    metadata = Metadata()
    for key, value in _entries(container):
        attribute = key.removeprefix(_PREFIX).lower()
        port, underscore, rest = attribute.partition("_")
        if underscore and port.isascii() and port.isdigit():
            metadata.by_port.setdefault(port, {})[rest] = value
        else:
            metadata.generic[attribute] = value
    return metadata


def _entries(container: Container) -> Iterable[tuple[str, str]]:
    for entry in container.env:
        key, equals, value = entry.partition("=")
        if equals and key.startswith(_PREFIX):
            yield key, value
    # Two spellings of one label (SERVICE_NAME, SERVICE_Name) must not depend on the map's order.
    for key in sorted(container.labels):
        if key.startswith(_PREFIX):
            yield key, container.labels[key]


def is_true(value: str) -> bool:
    """Whether a boolean key is set. Registrator took any text, `false` too, for yes."""
    return value.strip().lower() not in _FALSE


def split_tags(text: str) -> list[str]:
    r"""A comma list with ``\,`` for a literal comma; empty elements dropped, spaces kept."""
    tags = []
    tag = ""
    position = 0
    while position < len(text):
        if text.startswith("\\,", position):
            tag += ","
            position += 2
            continue
        if text[position] == ",":
            tags.append(tag)
            tag = ""
        else:
            tag += text[position]
        position += 1
    tags.append(tag)
    return [tag for tag in tags if tag]
