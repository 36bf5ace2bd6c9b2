"""In which line of a TOML text each key begins.

The parser of the standard library tells no lines. A text that is cut behind a whole statement is
TOML again: what a longer cut has and a shorter one has not began behind the shorter.
"""

import tomllib
from collections.abc import Iterator


def first_lines(text: str) -> dict[str, int]:
    """``dns.listen``, ``dns.zone``, ``dns.zone[0].name`` -> the number of its line, from 1.

    A table that is only named by its header counts too. Raises tomllib.TOMLDecodeError.
    """
    tomllib.loads(text)
    found: dict[str, int] = {}
    lines = text.splitlines(keepends=True)
    begins = 1
    for end in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            # In the middle of a list or a text.
            continue
        for path in _paths(document, ""):
            found.setdefault(path, begins)
        begins = end + 1
    return found


def _paths(value: object, path: str) -> Iterator[str]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, f"{path}[{number}]")
