"""Which containers are looked at: a boolean expression over their labels, image, name, networks.

``label:traefik.enable=true and not (image:*/test-* or name:tmp*)``: ``not`` binds tighter than
``and``, ``and`` tighter than ``or``. Patterns are those of file names (``*``, ``?``, ``[a-z]``),
with upper and lower case told apart.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from registrar.core.model import Container

Test = Callable[[Container], bool]
Pattern = Callable[[str], object]

_LENGTH_MAX = 4096
_NESTING_MAX = 50
_KEYED = ("label", "env")
_PLAIN = ("image", "name", "network", "project", "swarm")
_KNOWN = (
    "known: label:KEY, label:KEY=PATTERN, env:KEY, env:KEY=PATTERN, "
    f"{', '.join(f'{kind}:PATTERN' for kind in _PLAIN)}, and, or, not, ( )"
)
_PROJECT = "com.docker.compose.project"
_SWARM = "com.docker.swarm.service.name"
# A parenthesis, or a term: characters up to the next space or parenthesis, quoted ones included.
_TOKEN = re.compile(r"""\s*(?P<token>[()]|(?:[^\s()"']|"[^"]*"|'[^']*')+)""")
_QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")
_TERM = re.compile(r"""(?P<kind>[^:"']*):(?P<rest>.*)""", re.DOTALL)
_KEY_AND_PATTERN = re.compile(r"""((?:[^="']|"[^"]*"|'[^']*')*)(=?)(.*)""", re.DOTALL)


class SelectorError(ValueError):
    """The expression cannot be read; ``position`` is the character, from 1, where reading ended."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"character {position}: {problem}; {_KNOWN}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Selector:
    """An expression that was read."""

    text: str
    _test: Test = field(repr=False, compare=False)

    def matches(self, container: Container) -> bool:
        """Whether the container is one of those meant."""
        return self._test(container)

    def __str__(self) -> str:
        return self.text


def parse_selector(text: str) -> Selector:
    """The selector that ``text`` describes. Raises :class:`SelectorError`."""
    if len(text) > _LENGTH_MAX:
        raise SelectorError(_LENGTH_MAX, f"longer than {_LENGTH_MAX} characters")
    return Selector(text, _Parser(text).expression())


class _Parser:
    """Recursive descent; recursion is only for ``not`` and parentheses, and both are counted."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._end = len(text) + 1
        self._next = 0
        self._depth = 0

    def expression(self) -> Test:
        test = self._any()
        if self._next < len(self._tokens):
            position, token = self._tokens[self._next]
            raise SelectorError(position, f"`{token}` where `and` or `or` was expected")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._took("or"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda container: any(t(container) for t in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._took("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda container: all(t(container) for t in tests)

    def _one(self) -> Test:
        position = self._position()
        self._depth += 1
        if self._depth > _NESTING_MAX:
            raise SelectorError(position, f"nested deeper than {_NESTING_MAX}")
        test = self._negated() if self._took("not") else self._atom()
        self._depth -= 1
        return test

    def _negated(self) -> Test:
        test = self._one()
        return lambda container: not test(container)

    def _atom(self) -> Test:
        position = self._position()
        if self._took("("):
            test = self._any()
            if not self._took(")"):
                raise SelectorError(self._position(), "the parenthesis is not closed")
            return test
        if self._next == len(self._tokens):
            raise SelectorError(position, "the expression ends where a term was expected")
        token = self._tokens[self._next][1]
        self._next += 1
        return _term(position, token)

    def _took(self, word: str) -> bool:
        there = self._next < len(self._tokens) and self._tokens[self._next][1].lower() == word
        self._next += there
        return there

    def _position(self) -> int:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else self._end


def _tokens(text: str) -> Iterable[tuple[int, str]]:
    """Positions, from 1, and words."""
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            # All other characters fit a term, so this is a quote, alone or behind nothing.
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise SelectorError(start + 1, f"the quote {text[start]} is not closed")
        yield found.start("token") + 1, found["token"]
        at = found.end()


def _term(position: int, token: str) -> Test:
    found = _TERM.fullmatch(token)
    kind = found["kind"] if found else ""
    if not found or kind not in (*_KEYED, *_PLAIN):
        raise SelectorError(position, f"`{token}` is no term")
    if kind in _PLAIN:
        if not found["rest"]:
            raise SelectorError(position, f"`{token}` has no pattern")
        return _plain(kind, _pattern(found["rest"]))
    parts = _KEY_AND_PATTERN.fullmatch(found["rest"])
    key, equals, glob = parts.groups() if parts else ("", "", "")
    key = _unquoted(key)
    if not key:
        raise SelectorError(position, f"`{token}` has no key")
    pattern: Pattern = _pattern(glob) if equals else _anything
    if kind == "label":
        return lambda container: key in container.labels and bool(pattern(container.labels[key]))
    return lambda container: key in (env := _env(container)) and bool(pattern(env[key]))


def _plain(kind: str, pattern: Pattern) -> Test:
    """The container passes if any of its words for the kind fits."""
    words = _WORDS[kind]
    return lambda container: any(pattern(word) for word in words(container))


def _pattern(text: str) -> Pattern:
    # fnmatch makes expressions that cannot backtrack over a star, however many there are.
    return re.compile(fnmatch.translate(_unquoted(text))).match


def _anything(text: str) -> bool:
    return True


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda found: found[1] if found[1] is not None else found[2], text)


def _env(container: Container) -> dict[str, str]:
    """The environment by name; of two entries the last one counts, as in the process."""
    parts = (entry.partition("=") for entry in container.env)
    return {key: value for key, _, value in parts}


def _image_words(container: Container) -> list[str]:
    """The reference as written, without its digest, and without its tag as well."""
    image = container.image
    tagged = image.partition("@")[0]
    folder, slash, last = tagged.rpartition("/")
    return [image, tagged, folder + slash + last.partition(":")[0]]


def _label_words(key: str) -> Callable[[Container], list[str]]:
    return lambda container: [container.labels[key]] if key in container.labels else []


_WORDS: dict[str, Callable[[Container], list[str]]] = {
    "image": _image_words,
    "name": lambda container: [container.name],
    "network": lambda container: [network.name for network in container.networks],
    "project": _label_words(_PROJECT),
    "swarm": _label_words(_SWARM),
}
