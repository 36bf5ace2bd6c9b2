"""Command lines in the manner of Go's flag package, as click understands them.

People come with registrator's command line: one dash or two, ``-ip=1.2.3.4``, booleans that take
their value only after ``=``, and one name in camel case (``-useIpFromLabel``).
"""

import re
from collections.abc import Collection, Iterator, Sequence

_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_LONG = re.compile(r"-[A-Za-z][A-Za-z]")
_FLAG = re.compile(r"--?(?P<name>[^-=][^=]*)(?P<equals>=)?(?P<value>.*)", re.DOTALL)


def normalise(
    arguments: Sequence[str], values: Collection[str], booleans: Collection[str]
) -> list[str]:
    """The arguments with every known flag as ``--name`` and its value as an argument of its own.

    ``values`` are the names of flags that take a value, ``booleans`` of those that take none, both
    without dashes. A boolean that is set to false becomes ``--no-name``. What belongs to no known
    name passes, and so does everything behind ``--``.
    Raises ValueError for a boolean with a value that Go does not take.
    """
    return list(_normalised(iter(arguments), _spellings(values), _spellings(booleans)))


def _normalised(
    rest: Iterator[str], values: dict[str, str], booleans: dict[str, str]
) -> Iterator[str]:
    for argument in rest:
        if argument == "--":
            yield argument
            yield from rest
            return
        found = _FLAG.fullmatch(argument)
        name = found["name"] if found else ""
        if found and name in values:
            yield f"--{values[name]}"
            # Go takes the next argument whatever it looks like; so `-tags -x` has the value `-x`.
            yield from [found["value"]] if found["equals"] else _next(rest)
        elif found and name in booleans:
            on = not found["equals"] or _is_true(name, found["value"])
            yield f"--{booleans[name]}" if on else f"--no-{booleans[name]}"
        else:
            # Of an unknown `-foo`, click would say that there is no `-f`.
            yield f"-{argument}" if _LONG.match(argument) else argument


def _next(rest: Iterator[str]) -> list[str]:
    """The next argument, or nothing: click says that it is missing."""
    following = next(rest, None)
    return [] if following is None else [following]


def _is_true(name: str, text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(
        f"-{name}={text}: `{text}` is neither true nor false; "
        f"write one of {', '.join(_TRUE)} or {', '.join(_FALSE)}"
    )


def _spellings(names: Collection[str]) -> dict[str, str]:
    """Every spelling that is accepted -> the one with dashes, which click's options have."""
    found: dict[str, str] = {}
    for name in names:
        kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        first, *others = kebab.split("-")
        camel = first + "".join(other.capitalize() for other in others)
        found |= dict.fromkeys((name, kebab, camel), kebab)
    return found
