"""What `seamark config show` prints: settings as TOML with their origins, or as JSON."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from seamark import toml_text
from seamark.logs import printable
from seamark.origins import Shown

# A comment stands behind the longest line of its table, but for lines that are longer than this.
_COLUMN = 48
_ZONE = "dns.zone"


def as_json(shown: Iterable[Shown]) -> str:
    """A list of objects."""
    objects = [{"setting": one.setting, "value": one.value, "origin": one.origin} for one in shown]
    return json.dumps(objects, indent=2)


def as_toml(shown: Iterable[Shown], beside: Iterable[Shown]) -> str:
    """A seamark.toml that gives the same settings."""
    parts = ["\n".join(_aligned(lines)) for lines in _tables(shown)]
    if more := [f"# {one.setting} = {toml_text.value(one.value)}" for one in beside]:
        parts.append("\n".join(["# From the environment, beside these settings:", *more]))
    return "\n\n".join(parts)


Rows = list[tuple[list[str], str]]


def _tables(shown: Iterable[Shown]) -> Iterator[Rows]:
    """The lines of each table, with the origin that stands behind the first of them."""
    for section, settings in groupby(shown, lambda one: one.setting.rpartition(".")[0]):
        rows: Rows = [([f"[{section}]"], "")] if section else []
        zones: list[Rows] = []
        for one in settings:
            if one.setting == _ZONE and one.value:
                zones = [_zone(zone, one.origin) for zone in one.value]
            else:
                rows.append(
                    (toml_text.lines(one.setting.rpartition(".")[2], one.value), one.origin)
                )
        if rows[-1][1] or not zones:
            yield rows
        yield from zones


def _zone(zone: dict[str, object], origin: str) -> Rows:
    keys = [(toml_text.lines(key, value), "") for key, value in zone.items()]
    return [([f"[[{_ZONE}]]"], origin), *keys]


def _aligned(rows: Rows) -> Iterator[str]:
    """The origins as comments, one below the other."""
    lengths = [len(lines[0]) for lines, origin in rows if origin]
    column = max([length for length in lengths if length <= _COLUMN], default=0)
    for (first, *others), origin in rows:
        yield f"{first:<{column}}  # {printable(origin)}" if origin else first
        yield from others
