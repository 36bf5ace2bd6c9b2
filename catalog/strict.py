"""Documents written by people, checked against a msgspec type.

A wrong key is an error with the nearest right one: a setting that is silently ignored costs an
evening. Used for service definitions here and for ``seamark.toml`` upstairs.
"""

import difflib
import functools
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from catalog.errors import ShapeError

T = TypeVar("T")

_AT = re.compile(r"^(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
# A key, or the number of an item.
_STEP = re.compile(r"(?P<key>[^.\[]+)|\[(?P<number>\d+)\]")
# Python's `$` is before a line break at the end, too. JSON Schema reads it the same.
_ONE_OF = r"^({})(?!\n)$"
# As msgspec says it.
_PATTERN = re.compile(r"matching regex '(?P<pattern>.*)'")
_PATH_PATTERN = ".*/.*"
_SHOWN = 60


def one_of(*words: str) -> str:
    """The pattern of a value that is one of these words, each a regular expression."""
    return _ONE_OF.format("|".join(words))


def alternatives(pattern: str) -> list[str] | None:
    """The words of such a pattern; None if it is another one."""
    begin, end = _ONE_OF.split("{}")
    if not (pattern.startswith(begin) and pattern.endswith(end)):
        return None
    return pattern[len(begin) : -len(end)].split("|")


def convert(document: object, shape: type[T]) -> T:
    """``document`` (dicts, lists, scalars) as a ``shape``.

    Raises :class:`ShapeError` with the path of the first thing that does not fit.
    """
    for unknown in _unknown_keys(document, shape, ""):
        raise unknown
    return _converted(document, shape)


def convert_in_part(document: object, shape: type[T]) -> tuple[T, list[ShapeError]]:
    """What of ``document`` fits, and everything that does not.

    For a ``shape`` whose keys all have defaults, as settings have: what does not fit is left out.
    """
    rest = _known(document, shape)
    faults = list(_unknown_keys(document, shape, ""))
    while True:
        try:
            return _converted(rest, shape), faults
        except ShapeError as fault:
            if not fault.path:
                raise
            faults.append(fault)
            _leave_out(rest, fault.path)


def _converted(document: object, shape: type[T]) -> T:
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        assert found is not None
        path = found["path"] or ""
        problem = found["problem"][:1].lower() + found["problem"][1:]
        raise _explained(path, problem, document) from error


def _explained(path: str, problem: str, document: object) -> ShapeError:
    """With the value that was found, and what to write in its place."""
    if not path or "[...]" in path:
        return ShapeError(path, problem)
    value = _at(document, _steps(path))
    text = json.dumps(value, default=str)
    shown = text if isinstance(value, (dict, list)) else text.strip('"')
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    if words := _words(problem):
        return ShapeError(path, f"unknown value `{shown}`", _write_one_of(words))
    got = " " if ", got " in problem else ", got "
    return ShapeError(path, f"{problem}{got}`{shown}`", _how_to_write(problem, value, text))


def _words(problem: str) -> list[str] | None:
    """Those of which the value is none; None if that is not the problem."""
    found = _PATTERN.search(problem)
    # A line break stands in the pattern as two characters, and msgspec doubles the first.
    return alternatives(found["pattern"].replace("\\\\", "\\")) if found else None


def _write_one_of(words: list[str]) -> str:
    shown = [
        "a path with a `/` in it" if word == _PATH_PATTERN else f"`{word}`"
        for word in words
        if word
    ]
    return f"write {', '.join(shown[:-1])} or {shown[-1]}"


def _how_to_write(problem: str, value: object, text: str) -> str:
    if problem.startswith("expected `array`") and not isinstance(value, (dict, list)):
        return f"write a list, `[{text}]`"
    is_number = isinstance(value, str) and value.isascii() and value.isdigit()
    if is_number and problem.startswith(("expected `int`", "expected `float`")):
        return f"write the number without quotes, `{value}`"
    return ""


def _steps(path: str) -> list[str | int]:
    """The way to a value; to the whole table where msgspec does not say which key (`[...]`)."""
    path = path.partition("[...]")[0]
    return [
        found["key"] if found["key"] is not None else int(found["number"])
        for found in _STEP.finditer(path)
    ]


def _at(document: Any, steps: list[str | int]) -> Any:
    for step in steps:
        document = document[step]
    return document


def _leave_out(document: Any, path: str) -> None:
    """Without the value there: one that stands in a list takes the whole list with it.

    What is left of a list would have other numbers, and mean something else.
    """
    steps = _steps(path)
    while len(steps) > 1 and isinstance(steps[-1], int):
        steps.pop()
    del _at(document, steps[:-1])[steps[-1]]


def nearest(word: str, known: list[str]) -> str:
    """The known word that ``word`` was probably meant to be, or ``""``."""
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else ""


def _unknown_keys(value: object, shape: Any, path: str) -> Iterator[ShapeError]:
    """A fault for each key that the shape does not have, in the order of the document."""
    for key, item, inner in _parts(value, shape):
        if isinstance(inner, ShapeError):
            yield ShapeError(_place(path, key), inner.problem, inner.hint)
        elif isinstance(item, (dict, list)):
            yield from _unknown_keys(item, inner, _place(path, key))


def _place(path: str, key: str) -> str:
    return f"{path}{key}" if key.startswith("[") or not path else f"{path}.{key}"


def _known(value: object, shape: Any) -> object:
    """A copy without the keys that the shape does not have."""
    parts = [part for part in _parts(value, shape) if not isinstance(part[2], ShapeError)]
    if isinstance(value, dict):
        return {key: _known(item, inner) for key, item, inner in parts}
    if isinstance(value, list):
        return [_known(item, inner) for _, item, inner in parts]
    return value


def _parts(value: object, shape: Any) -> Iterator[tuple[str, object, Any]]:
    """What a value consists of: where each part is in it, the part, and its shape or the fault."""
    inner, fields = _inner(shape), _fields(shape)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"[{number}]", item, inner
    elif isinstance(value, dict):
        for key, item in value.items():
            if fields is not None and key not in fields:
                fault = ShapeError("", "unknown key", _hint(str(key), list(fields)))
                yield str(key), item, fault
            else:
                yield str(key), item, inner if fields is None else fields[key]


# A file of services has the same few shapes tens of thousands of times.
@functools.cache
def _inner(shape: Any) -> Any:
    """The shape of what a list or a table holds."""
    shape = _bare(shape)
    return get_args(shape)[-1] if get_origin(shape) in {list, dict} else None


@functools.cache
def _fields(shape: Any) -> dict[str, Any] | None:
    """The keys of the struct that ``shape`` is, or that one arm of a union is, and their types."""
    shape = _bare(shape)
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
    if get_origin(shape) in {list, dict}:
        return None
    return next(filter(None, map(_fields, get_args(shape))), None)


def _bare(shape: Any) -> Any:
    """A shape without its `Annotated`."""
    return get_args(shape)[0] if get_origin(shape) is Annotated else shape


def _hint(key: str, known: list[str]) -> str:
    guess = nearest(key, known)
    return f"did you mean `{guess}`?" if guess else f"known here: {', '.join(sorted(known))}"
