"""The values of a check's options, as Consul takes them. Each raises ValueError with what it takes.

A value that Consul cannot read fails the registration of the whole service.
"""

import json
import re

from catalog.durations import nanoseconds

_DURATION_LENGTH_MAX = 40
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_STATUS = ("passing", "warning", "critical")


def duration(text: str) -> str:
    """A duration of Go above zero."""
    word = text.strip()
    total_ns = nanoseconds(word.removeprefix("+")) if len(word) <= _DURATION_LENGTH_MAX else None
    if total_ns is not None and 0 < total_ns < 2**63:
        return word
    raise ValueError(
        f"`{text}` is no duration above zero; write number and unit, as in 10s, 1m30s or 250ms"
    )


def method(text: str) -> str:
    """A method of HTTP."""
    word = text.strip()
    if not _TOKEN.fullmatch(word):
        raise ValueError(f"`{text}` is no method of HTTP; write one word, as in HEAD")
    return word


def header(text: str) -> dict[str, list[str]]:
    """Header fields: a JSON object of strings or lists of strings, or lines of ``Name: value``."""
    found = _json_header(text) if text.lstrip().startswith("{") else _header_lines(text)
    for name, contents in found.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"`{name}` is no name of a header field; write `Name: value`")
        if any("\n" in content or "\r" in content for content in contents):
            raise ValueError(f"the header field `{name}` has a line break in its value")
    return found


def _json_header(text: str) -> dict[str, list[str]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    found = {}
    for name, content in document.items():
        contents = content if isinstance(content, list) else [content]
        if not all(isinstance(entry, str) for entry in contents):
            raise ValueError(f"the header field `{name}` is neither a string nor a list of strings")
        found[name] = contents
    return found


def _header_lines(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.strip():
            name, _, content = line.partition(":")
            found.setdefault(name.strip(), []).append(content.strip())
    return found


def status(text: str) -> str:
    """A status that a check may start with."""
    word = text.strip().lower()
    if word not in _STATUS:
        raise ValueError(f"`{text}` is no status; write one of {', '.join(_STATUS)}")
    return word


def count(text: str) -> int:
    """A number of times."""
    word = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}", word):
        raise ValueError(f"`{text}` is no number of times; write a whole number, as in 3")
    return int(word)


def server_name(text: str) -> str:
    """The name that a certificate has to be for."""
    word = text.strip()
    if not word:
        raise ValueError("no name; write the one that the certificate is for")
    return word
