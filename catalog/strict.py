"""Documents written by people, checked against a msgspec type.

A wrong key is an error with the nearest right one: a setting that is silently ignored costs an
evening. Used for service definitions here and for ``seamark.toml`` upstairs.
"""

import difflib
import re
from typing import Any, TypeVar, get_args

import msgspec

from catalog.errors import ShapeError

T = TypeVar("T")

_AT = re.compile(r"^(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)


def convert(document: object, shape: type[T]) -> T:
    """``document`` (dicts, lists, scalars) as a ``shape``.

    Raises :class:`ShapeError` with the path of the first thing that does not fit.
    """
    _refuse_unknown_keys(document, shape, "")
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        assert found is not None
        problem = found["problem"]
        raise ShapeError(found["path"] or "", problem[:1].lower() + problem[1:]) from error


def nearest(word: str, known: list[str]) -> str:
    """The known word that ``word`` was probably meant to be, or ``""``."""
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else ""


def _refuse_unknown_keys(value: object, shape: Any, path: str) -> None:
    if isinstance(value, list):
        inner = next(iter(get_args(shape)), None)
        for number, item in enumerate(value):
            _refuse_unknown_keys(item, inner, f"{path}[{number}]")
        return
    struct = _struct_in(shape)
    if struct is None or not isinstance(value, dict):
        return
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    for key, item in value.items():
        where = f"{path}.{key}" if path else str(key)
        if key not in fields:
            raise ShapeError(where, "unknown key", _hint(str(key), list(fields)))
        _refuse_unknown_keys(item, fields[key], where)


def _struct_in(shape: Any) -> type[msgspec.Struct] | None:
    """The struct that ``shape`` is, or that one arm of a union is."""
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return shape
    for arm in get_args(shape):
        if isinstance(arm, type) and issubclass(arm, msgspec.Struct):
            return arm
    return None


def _hint(key: str, known: list[str]) -> str:
    guess = nearest(key, known)
    return f"did you mean `{guess}`?" if guess else f"known here: {', '.join(sorted(known))}"
