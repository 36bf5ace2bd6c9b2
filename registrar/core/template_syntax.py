"""Templates in the syntax of Go's text/template -> what has to be computed, as a tree.

Only what a line of tags needs: fields, literals, function calls, pipelines. Everything else is
refused by name when the template is read, not when the first container starts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

_LENGTH_MAX = 65_536
_NESTING_MAX = 50
_SPACE = " \t\r\n"
_OPEN = re.compile(r"\{\{(?:(?P<trim>-)[ \t\r\n]+)?")
_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*\*/(?P<trim>[ \t\r\n]+-)?\}\}")
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]*)(?:
      (?P<close>(?P<trim>(?<=[ \t\r\n])-)?\}\})
    | (?P<field>\.[^\W\d]\w*)
    | (?P<number>[+-]?[0-9]+(?![\w.]))
    | (?P<word>[^\W\d]\w*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    | (?P<mark>[().|])
    )""",
    re.VERBOSE,
)
_REFUSED = re.compile(r"[ \t\r\n]*(\$\w*|:=|[+-]?[0-9][\w.]*|[^\s{}()|\"`.]+|\S)?")
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"])|x([0-9A-Fa-f]{2})|([0-3][0-7]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))"
)
_CONTROL = dict(zip("abfnrtv", b"\a\b\f\n\r\t\v", strict=True))


class TemplateError(ValueError):
    """The template cannot be read, or not be computed for this container."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number. ``depth``, of every node, is the height of the tree below it."""

    value: str | int
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Path:
    """Fields of the container (``base`` None) or of another value; no names: the value itself."""

    base: "Node | None"
    names: tuple[str, ...]
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments, one that was piped in as the last."""

    function: str
    arguments: tuple["Node", ...]
    depth: int = 1


Node = Literal | Path | Call


@dataclass(frozen=True, slots=True)
class Usage:
    """How a function is called: in words, and how many arguments it takes (None: any more)."""

    words: str
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    spaced: bool
    """Whether white space stands in front, which keeps two operands apart."""


def parse(text: str, functions: Mapping[str, Usage]) -> tuple[str | Node, ...]:
    """Literal text and what is between ``{{ }}``, in order. Raises :class:`TemplateError`."""
    if len(text) > _LENGTH_MAX:
        raise TemplateError(f"longer than {_LENGTH_MAX} characters")
    parts: list[str | Node] = []
    at, trim = 0, False
    while True:
        opened = _OPEN.search(text, at)
        literal = text[at : opened.start() if opened else len(text)]
        literal = literal.lstrip(_SPACE) if trim else literal
        if opened is None:
            return tuple(part for part in (*parts, literal) if part != "")
        parts.append(literal.rstrip(_SPACE) if opened["trim"] else literal)
        comment = _COMMENT.match(text, opened.end())
        if comment:
            at, trim = comment.end(), bool(comment["trim"])
        else:
            tokens, at, trim = _tokens(text, opened.end(), functions)
            parts.append(_Parser(tokens, functions).action())


def _tokens(text: str, at: int, functions: Mapping[str, Usage]) -> tuple[list[_Token], int, bool]:
    """The tokens up to ``}}``, where that ends, and whether the text behind it is trimmed."""
    tokens: list[_Token] = []
    start = at
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            refused = _REFUSED.match(text, at)
            what = refused[1] if refused and refused[1] else ""
            if not what or what[0] in '"`':
                raise TemplateError(f"`{{{{{text[start : start + 30]}` is not closed by `}}}}`")
            raise TemplateError(_not_supported(what, functions))
        at = found.end()
        kind = str(found.lastgroup)
        if kind == "close":
            return tokens, at, bool(found["trim"])
        tokens.append(_Token(kind, found[kind], bool(found["space"])))


def _not_supported(what: str, functions: Mapping[str, Usage]) -> str:
    return (
        f"`{what[:40]}` is not supported; known: fields such as .Config.Image, whole numbers, "
        f'"text", `text`, a | b, ( ), {", ".join(functions)}'
    )


class _Parser:
    def __init__(self, tokens: list[_Token], functions: Mapping[str, Usage]) -> None:
        self._tokens = tokens
        self._functions = functions
        self._next = 0
        self._depth = 0

    def action(self) -> Node:
        node = self._pipeline()
        if self._next < len(self._tokens):
            raise TemplateError("`)` without `(`")
        return node

    def _pipeline(self) -> Node:
        node = self._command(None)
        while self._is("|"):
            self._next += 1
            node = self._command(node)
        return node

    def _command(self, piped: Node | None) -> Node:
        """Operands up to ``|``, ``)`` or the end: a value, or a function with its arguments."""
        if self._ended():
            raise TemplateError("a value is missing between `{{`, `|`, `(` and `)`, `}}`")
        name = self._tokens[self._next]
        if name.kind == "word":
            self._next += 1
            return self._call(name.text, piped)
        first = self._operand()
        if piped is not None or not self._ended():
            raise TemplateError(f"`{name.text}` is no function, but a value is handed to it")
        return first

    def _call(self, name: str, piped: Node | None) -> Node:
        usage = self._functions.get(name)
        if usage is None:
            raise TemplateError(_not_supported(name, self._functions))
        arguments = []
        while not self._ended():
            if not self._tokens[self._next].spaced:
                raise TemplateError(
                    f"a space is missing behind `{self._tokens[self._next - 1].text}`"
                )
            arguments.append(self._operand())
        if piped is not None:
            arguments.append(piped)
        if len(arguments) < usage.least or (usage.most is not None and len(arguments) > usage.most):
            raise TemplateError(
                f"`{name}` does not take {len(arguments)} argument(s); write `{usage.words}` "
                "(a value that is piped in is the last one)"
            )
        return Call(name, tuple(arguments), _deeper(*arguments))

    def _operand(self) -> Node:
        token = self._tokens[self._next]
        self._next += 1
        match token.kind:
            case "number":
                return Literal(_number(token.text))
            case "string":
                raw = token.text.startswith("`")
                return Literal(token.text[1:-1] if raw else _unescaped(token.text[1:-1]))
            case "word":
                self._call_alone(token.text)
        base = self._parenthesised() if token.text == "(" else None
        names = [token.text[1:]] if token.kind == "field" else []
        while self._is_field_of_it():
            names.append(self._tokens[self._next].text[1:])
            self._next += 1
        if base is None:
            return Path(None, tuple(names))
        return Path(base, tuple(names), _deeper(base)) if names else base

    def _call_alone(self, name: str) -> NoReturn:
        """A word where a value stands. In Go a function without arguments; none of ours is."""
        if name not in self._functions:
            raise TemplateError(_not_supported(name, self._functions))
        raise TemplateError(f"`{name}` stands for a value; write ({self._functions[name].words})")

    def _parenthesised(self) -> Node:
        self._depth += 1
        _check_depth(self._depth)
        node = self._pipeline()
        self._depth -= 1
        if not self._is(")"):
            raise TemplateError("`(` is not closed")
        self._next += 1
        return node

    def _is_field_of_it(self) -> bool:
        if self._next == len(self._tokens):
            return False
        token = self._tokens[self._next]
        return (
            token.kind == "field" and not token.spaced and self._tokens[self._next - 1].text != "."
        )

    def _ended(self) -> bool:
        return self._next == len(self._tokens) or self._is("|") or self._is(")")

    def _is(self, mark: str) -> bool:
        if self._next == len(self._tokens):
            return False
        token = self._tokens[self._next]
        return token.kind == "mark" and token.text == mark


def _deeper(*nodes: Node) -> int:
    """The depth of a node above these: stages of a pipeline are computed one within the other."""
    depth = 1 + max(node.depth for node in nodes)
    _check_depth(depth)
    return depth


def _check_depth(depth: int) -> None:
    if depth > _NESTING_MAX:
        raise TemplateError(f"nested or piped deeper than {_NESTING_MAX}")


def _number(text: str) -> int:
    if len(text) > 18:
        raise TemplateError(f"`{text[:20]}` is too large a number")
    return int(text)


def _unescaped(text: str) -> str:
    r"""The text that Go's quoted one stands for; octal and ``\x`` give bytes, as in Go."""
    found = bytearray()
    at = 0
    for escape in re.finditer(r"\\.", text):
        if escape.start() < at:
            continue
        found += text[at : escape.start()].encode("utf-8", "surrogatepass")
        known = _ESCAPE.match(text, escape.start())
        if known is None:
            raise TemplateError(f'`{escape[0]}` in "{text[:40]}" is no escape of Go\'s')
        found += _escaped(known)
        at = known.end()
    found += text[at:].encode("utf-8", "surrogatepass")
    return found.decode("utf-8", "replace")


def _escaped(known: re.Match[str]) -> bytes:
    control, hexadecimal, octal, *codes = known.groups()
    if control:
        return bytes([_CONTROL.get(control, ord(control))])
    if hexadecimal or octal:
        return bytes([int(hexadecimal, 16) if hexadecimal else int(octal, 8)])
    code = int(codes[0] or codes[1], 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise TemplateError(f"`{known[0]}` is no character")
    return chr(code).encode()
