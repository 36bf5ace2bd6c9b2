"""What an expression of Prometheus' refers to."""

import re
from dataclasses import dataclass

_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r'([a-zA-Z_:][\w:]*)?\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}')
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r"\b([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


@dataclass(frozen=True)
class Matcher:
    """One label's of a selector; ``values`` are the texts that are looked for."""

    metric: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class References:
    """Names of metrics, labels that are grouped by, and labels that are looked for."""

    metrics: frozenset[str]
    groupings: frozenset[str]
    matchers: tuple[Matcher, ...]


def references(expression: str) -> References:
    """All of them; what is asked of any instance is none."""
    matchers = tuple(
        Matcher(metric, label, tuple(value.split("|")))
        for metric, inside in _SELECTOR.findall(expression)
        for label, _, value in _MATCHER.findall(inside)
        if label != "instance"
    )
    groupings = {
        label.strip()
        for labels in _GROUPING.findall(expression)
        for label in labels.split(",")
        if label.strip()
    }
    rest = _GROUPING.sub(" ", _SELECTOR.sub(r"\1 ", expression))
    rest = re.sub(r"\[[^\]]*\]", " ", rest)
    metrics = {name for name in _NAME.findall(rest) if name.lower() not in _WORDS}
    return References(frozenset(metrics), frozenset(groupings - {"le"}), matchers)
