"""Documents written by people, checked against a msgspec type.

A wrong key is an error with the nearest right one: a setting that is silently ignored costs an
evening. Used for service definitions here and for ``seamark.toml`` upstairs.
"""

import difflib
import functools
import re
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, get_args, get_origin

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
    for key, item, inner in _parts(value, shape, path):
        if isinstance(item, (dict, list)):
            where = f"{path}{key}" if isinstance(value, list) or not path else f"{path}.{key}"
            _refuse_unknown_keys(item, inner, where)


def _parts(value: object, shape: Any, path: str) -> Iterator[tuple[str, object, Any]]:
    """What a value consists of: where each part is in it, the part, and its shape."""
    inner, fields = _inner(shape), _fields(shape)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield f"[{number}]", item, inner
    elif isinstance(value, dict):
        for key, item in value.items():
            if fields is not None and key not in fields:
                where = f"{path}.{key}" if path else str(key)
                raise ShapeError(where, "unknown key", _hint(str(key), list(fields)))
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
