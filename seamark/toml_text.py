"""Values as TOML, such as `tomllib` reads back; nothing in it steers a terminal."""

import json
import re
from collections.abc import Mapping, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
# A list that is longer is broken at its items.
_WIDTH = 72


def value(given: object) -> str:
    """A scalar, a list or a table, in line."""
    match given:
        case bool():
            return "true" if given else "false"
        case int() | float():
            return repr(given)
        case Mapping():
            inner = ", ".join(f"{key(name)} = {value(item)}" for name, item in given.items())
            return f"{{ {inner} }}" if inner else "{}"
        case Sequence() if not isinstance(given, str):
            return f"[{', '.join(map(value, given))}]"
    return _text(str(given))


def key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else _text(name)


def lines(name: str, given: object) -> list[str]:
    """A key and its value; a long list has a line for each few items."""
    whole = f"{key(name)} = {value(given)}"
    if len(whole) <= _WIDTH or not isinstance(given, list):
        return [whole]
    rows: list[str] = []
    for item in map(value, given):
        if rows and len(rows[-1]) + len(item) < _WIDTH:
            rows[-1] += f" {item},"
        else:
            rows.append(f"  {item},")
    return [f"{key(name)} = [", *rows, "]"]


def _text(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "".join(char if char.isprintable() else _escaped(char) for char in plain)


def _escaped(char: str) -> str:
    """A character by its number. Half of one, which no TOML can hold, becomes a question mark."""
    number = ord(char)
    if 0xD800 <= number <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
