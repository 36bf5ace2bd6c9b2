"""Consul's looser ways to write a document, made the one way that is checked.

Consul's agent takes its keys in any case, and JSON through HCL's eyes: there ``"weights": {...}``
and ``"weights": [{...}]`` are the same block.
"""

import functools
import types
from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec


class _Kind(Enum):
    LIST = auto()
    TABLE = auto()
    STRUCT = auto()
    OTHER = auto()


class _Form(NamedTuple):
    """``inner`` is the shape of what a list or table holds, ``fields`` those of a struct's keys."""

    kind: _Kind
    inner: Any = None
    fields: Mapping[str, Any] = MappingProxyType({})


def normal(document: object, shape: Any) -> object:
    """``document`` with the keys of ``shape`` as that spells them, and blocks where it has blocks.

    What fits in no way is left for who checks it.
    """
    form = _form(shape)
    if form.kind is _Kind.OTHER:
        return document
    if form.kind is _Kind.LIST:
        items = [document] if isinstance(document, dict) else document
        return [normal(item, form.inner) for item in items] if isinstance(items, list) else items
    block = _unwrapped(document)
    if not isinstance(block, dict):
        return block
    if form.kind is _Kind.TABLE:
        return {key: normal(value, form.inner) for key, value in block.items()}
    found = {}
    for key, value in block.items():
        known = str(key).lower()
        if known in form.fields and known not in found:
            found[known] = normal(value, form.fields[known])
        else:
            found[str(key)] = value
    return found


def _unwrapped(document: object) -> object:
    """The block in a list of one."""
    if isinstance(document, list) and len(document) == 1 and isinstance(document[0], dict):
        return document[0]
    return document


# A file of services has the same few shapes tens of thousands of times.
@functools.cache
def _form(shape: Any) -> _Form:
    origin = get_origin(shape)
    if origin in {Union, types.UnionType}:
        return _form(next(arm for arm in get_args(shape) if arm is not types.NoneType))
    if origin is list:
        return _Form(_Kind.LIST, inner=get_args(shape)[0])
    if origin is dict:
        return _Form(_Kind.TABLE, inner=get_args(shape)[1])
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
        return _Form(_Kind.STRUCT, fields=fields)
    return _Form(_Kind.OTHER)
