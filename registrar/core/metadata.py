"""The SERVICE_* keys of a container's environment and labels, with registrator's precedence.

A key starts with upper-case ``SERVICE_``; what follows is an attribute in any case, or
``<ports>_<attribute>``, which holds for those ports only: ``80``, ``53_udp`` (one protocol) or
``10000-20000``. Ports are the container's own. The more specific beats the generic whatever the
source, then labels beat the environment, then the last of repeated keys wins.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from registrar.core.model import Container, Port

PREFIX = "SERVICE_"
_FALSE = {"", "0", "f", "false", "n", "no", "off"}
_SCOPED = re.compile(
    r"(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?_(?:(?P<protocol>tcp|udp|sctp)_)?(?P<rest>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The ports that a key holds for; an empty protocol is any."""

    first: int
    last: int
    protocol: str

    def covers(self, port: Port) -> bool:
        """Whether the port is one of them."""
        return self.first <= port.number <= self.last and self.protocol in {"", port.protocol}

    def __str__(self) -> str:
        """As it is written in a key."""
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{ports}_{self.protocol}" if self.protocol else ports

    @property
    def breadth(self) -> tuple[int, bool]:
        """Sorts the generic before the specific if taken in reverse."""
        return self.last - self.first, not self.protocol


@dataclass(frozen=True, slots=True)
class Metadata:
    """Attributes (lower-cased names) of the container, and of some of its ports."""

    generic: dict[str, str] = field(default_factory=dict)
    scoped: dict[Scope, dict[str, str]] = field(default_factory=dict)

    def for_port(self, port: Port) -> dict[str, str]:
        """What holds for one port. An empty port-specific value blocks the generic one."""
        merged = self.generic | self._specific(port)
        return {key: value for key, value in merged.items() if value}

    def names_port(self, port: Port) -> bool:
        """Whether the name is port-specific, also an empty one: then it gets no suffix."""
        return "name" in self._specific(port)

    def key_for(self, port: Port, attribute: str) -> str:
        """The key that decides an attribute of a port, in upper case."""
        deciding = [scope for scope in self._scopes(port) if attribute in self.scoped[scope]]
        words = [*map(str, deciding[-1:]), attribute]
        return PREFIX + "_".join(words).upper()

    def _specific(self, port: Port) -> dict[str, str]:
        merged: dict[str, str] = {}
        for scope in self._scopes(port):
            merged |= self.scoped[scope]
        return merged

    def _scopes(self, port: Port) -> list[Scope]:
        """Those that cover a port, the generic before the specific."""
        covering = (scope for scope in self.scoped if scope.covers(port))
        return sorted(covering, key=lambda scope: scope.breadth, reverse=True)


def read_metadata(container: Container) -> Metadata:
    """All SERVICE_* keys of a container."""
    metadata = Metadata()
    for key, value in entries(container):
        if not key.startswith(PREFIX):
            continue
        scope, attribute = split_key(key)
        target = metadata.generic if scope is None else metadata.scoped.setdefault(scope, {})
        target[attribute] = value
    return metadata


def split_key(key: str) -> tuple[Scope | None, str]:
    """``SERVICE_53_UDP_NAME`` -> (its scope, ``name``); no scope for a generic key."""
    attribute = key.removeprefix(PREFIX).lower()
    found = _SCOPED.fullmatch(attribute)
    if found is None:
        return None, attribute
    first, last = found["first"], found["last"] or found["first"]
    if first.startswith("0"):
        # Registrator compared the text: `080` is a port, and none that there is.
        return Scope(0, 0, ""), found["rest"]
    return Scope(int(first), int(last), found["protocol"] or ""), found["rest"]


def entries(container: Container) -> Iterable[tuple[str, str]]:
    """Environment and labels as pairs, in rising precedence."""
    for entry in container.env:
        key, equals, value = entry.partition("=")
        if equals:
            yield key, value
    # Two spellings of one label (SERVICE_NAME, SERVICE_Name) must not depend on the map's order.
    for key in sorted(container.labels):
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
