"""The functions of templates, with registrator's names and orders of arguments.

The container's part of an argument always comes last, so that it can be piped in. What is absent
(None) counts as the empty value of the type that is needed, as it does in Go.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import re2

from registrar.core.template_syntax import TemplateError, Usage

# What a template makes is a line of tags; more is a mistake, and costs the memory of all.
SIZE_MAX = 1_048_576
_NESTING_MAX = 50


def as_text(value: Any, depth: int = 0) -> str:  # noqa: PLR0911  (one for each type of JSON)
    """The value as Go prints it, structures as maps. What is absent is empty; in a list, <nil>."""
    if depth > _NESTING_MAX:
        raise TemplateError(f"a value is nested deeper than {_NESTING_MAX}")
    match value:
        case str():
            return value
        case None:
            return "<nil>" if depth else ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            pairs = (f"{key}:{as_text(value[key], depth + 1)}" for key in sorted(value, key=str))
            return f"map[{' '.join(pairs)}]"
        case list() | tuple():
            return f"[{' '.join(as_text(entry, depth + 1) for entry in value)}]"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def kind_of(value: Any) -> str:
    """What a value is, for messages."""
    match value:
        case str():
            return "a text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case Mapping():
            return "a map"
        case list() | tuple():
            return "a list"
    return "absent" if value is None else type(value).__name__


def bounded(text: str) -> str:
    """The text, if it is of a size that a template may make."""
    if len(text) > SIZE_MAX:
        raise TemplateError(f"longer than {SIZE_MAX} characters")
    return text


def _refuse(value: Any, needed: str) -> NoReturn:
    raise TemplateError(f"{needed} is needed, `{as_text(value)[:40]}` is {kind_of(value)}")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _refuse(value, "a text")


def _number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    _refuse(value, "a whole number")


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [_text(entry) for entry in value]
    _refuse(value, "a list of texts")


def _str_slice(text: Any, *bounds: Any) -> str:
    whole = _text(text)
    start, *rest = (_number(bound) for bound in bounds)
    end = rest[0] if rest else len(whole)
    if min(start, end) < 0:
        raise TemplateError("it counts from 0; a negative number is outside of the text")
    if max(start, end) > len(whole):
        return whole
    return whole[start:] if end < start else whole[start:end]


def _s_index(index: Any, values: Any) -> str:
    """The entry; an index beyond either end is that end."""
    number, texts = _number(index), _texts(values)
    if not texts:
        raise TemplateError("the list is empty")
    return texts[max(number, -len(texts))] if number < 0 else texts[min(number, len(texts) - 1)]


def _m_index(key: Any, values: Any) -> str:
    if values is not None and not isinstance(values, Mapping):
        _refuse(values, "a map of texts")
    return _text((values or {}).get(_text(key)))


def _replace(number: Any, old: Any, new: Any, text: Any) -> str:
    limit, before, after, whole = _number(number), _text(old), _text(new), _text(text)
    hits = whole.count(before)
    hits = min(hits, limit) if limit >= 0 else hits
    if len(whole) + hits * max(len(after) - len(before), 0) > SIZE_MAX:
        raise TemplateError(f"the text would be longer than {SIZE_MAX} characters")
    return whole.replace(before, after, hits)


def _join(separator: Any, values: Any) -> str:
    between, texts = _text(separator), _texts(values)
    if sum(len(text) + len(between) for text in texts) > SIZE_MAX:
        raise TemplateError(f"the text would be longer than {SIZE_MAX} characters")
    return between.join(texts)


def _split(separator: Any, text: Any) -> list[str]:
    between, whole = _text(separator), _text(text)
    return whole.split(between) if between else list(whole)


def _split_index(index: Any, separator: Any, text: Any) -> str:
    return _s_index(index, _split(separator, text))


def _match_all(pattern: Any, values: Any) -> list[str]:
    texts = _texts(values)
    regex = _regex(_text(pattern))
    return [text for text in texts if regex.search(_encoded(text))]


def _match_first(pattern: Any, values: Any) -> str:
    return next(iter(_match_all(pattern, values)), "")


@functools.lru_cache(maxsize=64)
def _regex(pattern: str) -> Any:
    """Go's own expressions, in time linear in the text: Python's `re` can be made to hang."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_encoded(pattern), options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace")
        raise TemplateError(f"the expression `{pattern[:40]}` is refused: {reason}") from error


def _encoded(text: str) -> bytes:
    """The text in UTF-8; half a surrogate pair, which JSON can hold, has no place in that."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()


def _json_parse(document: Any, path: Any) -> str:
    """The value under keys joined by ``::``; empty if there is none, as with registrator."""
    try:
        found = json.loads(_text(document), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"no JSON: {error}") from error
    for key in _text(path).split("::"):
        number = re.fullmatch(r"\[([0-9]{1,9})\]", key)
        if isinstance(found, list) and number and int(number[1]) < len(found):
            found = found[int(number[1])]
        elif isinstance(found, dict) and key in found:
            found = found[key]
        else:
            return ""
    if isinstance(found, str):
        return found
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"`{word}` is no value of JSON")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = _entry(value, key)
    return value


def _entry(value: Any, key: Any) -> Any:
    match value:
        case None:
            return None
        case Mapping():
            return value.get(_text(key))
        case list() | tuple():
            number = _number(key)
            if not 0 <= number < len(value):
                raise TemplateError(f"index {number} is outside of a list of {len(value)}")
            return value[number]
    _refuse(value, "a list or a map")


def _to_upper(text: Any) -> str:
    return _text(text).upper()


def _to_lower(text: Any) -> str:
    return _text(text).lower()


def _http_get(fetch: Callable[[str], str], url: Any) -> str:
    address = _text(url)
    try:
        return bounded(fetch(address))
    except OSError as error:
        raise TemplateError(f"`{address[:80]}`: {error}") from error


@dataclass(frozen=True, slots=True)
class _Function:
    usage: Usage
    run: Callable[..., Any]


def _function(words: str, run: Callable[..., Any], more: int | None = 0) -> _Function:
    """A function by its usage; ``more`` arguments may follow (None: any number)."""
    count = len(words.replace("...", "").replace("[", "").split()) - 1
    least = count - (more or 0)
    return _Function(Usage(words, least, None if more is None else count), run)


_FUNCTIONS = {
    "strSlice": _function("strSlice TEXT START [END]", _str_slice, 1),
    "sIndex": _function("sIndex NUMBER LIST", _s_index),
    "mIndex": _function("mIndex KEY MAP", _m_index),
    "toUpper": _function("toUpper TEXT", _to_upper),
    "toLower": _function("toLower TEXT", _to_lower),
    "replace": _function("replace NUMBER OLD NEW TEXT", _replace),
    "join": _function("join SEPARATOR LIST", _join),
    "split": _function("split SEPARATOR TEXT", _split),
    "splitIndex": _function("splitIndex NUMBER SEPARATOR TEXT", _split_index),
    "matchFirstElement": _function("matchFirstElement REGEX LIST", _match_first),
    "matchAllElements": _function("matchAllElements REGEX LIST", _match_all),
    "httpGet": _function("httpGet URL", _http_get),
    "jsonParse": _function("jsonParse TEXT PATH", _json_parse),
    "index": _function("index VALUE KEY...", _index, None),
}
USAGES: Mapping[str, Usage] = {name: function.usage for name, function in _FUNCTIONS.items()}


def call(name: str, arguments: Sequence[Any], fetch: Callable[[str], str]) -> Any:
    """The value of a function. Raises :class:`TemplateError` for arguments that do not suit it."""
    run = _FUNCTIONS[name].run
    try:
        found = run(fetch, *arguments) if name == "httpGet" else run(*arguments)
    except TemplateError as error:
        raise TemplateError(f"{name}: {error}") from error
    return bounded(found) if isinstance(found, str) else found
