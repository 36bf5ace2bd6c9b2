"""Every message of the source that a person may read, with its hint.

A message is a string of words in the code: what an error says, what is logged as a warning or an
error, why a container is left out. What stands for a value in it becomes a word in capitals:
f"cannot listen on {address}" is `cannot listen on ADDRESS`.
"""

import ast
import re
from typing import NamedTuple

from tests.commands import ROOT
from tests.docs.skipped import FILES, FUNCTIONS, TOLD_ELSEWHERE

ROOMS = ("seamark", "registrar", "dnsproxy", "catalog")
# Words: a letter, then at some distance a blank between two that are no values.
_PROSE = re.compile(r"[a-z]{2,}.* |.* [a-z]{2,}", re.DOTALL)
_VALUE = re.compile(r"[A-Z][A-Z0-9_]*|[0-9]+")
# What is empty most of the time: a value without a blank before it.
_GLUED = re.compile(r"(?<=[a-z])(?:[A-Z][A-Z0-9_]*|[0-9]+)")
_LOGGED = ("warning", "error", "exception", "critical")
_HINTED = re.compile(r"(SettingsError|StartError|ShapeError|HostsError|_problem)$")


class Message(NamedTuple):
    """``where`` is file, line and function; ``hint`` is empty where there is none, or it varies."""

    where: str
    text: str
    hint: str


def messages() -> list[Message]:
    """All of them, in the order of the source."""
    found: list[Message] = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name not in FILES:
                found += messages_of(name, path.read_text())
    return found


def messages_of(name: str, source: str) -> list[Message]:
    """Those of one file."""
    return _Reader(name).read(source)


def pattern(text: str) -> str:
    """A message without the names of its values: two that agree in it are the same message."""
    whole = _GLUED.sub("", " ".join(text.split()))
    return _VALUE.sub("V", whole)


class _Reader(ast.NodeVisitor):
    """Reads one file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._function: list[str] = []
        self._found: list[Message] = []

    def read(self, source: str) -> list[Message]:
        """Its messages."""
        self.visit(ast.parse(source))
        return self._found

    def _enter(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self._function.append(node.name)
        for child in node.body:
            self.visit(child)
        self._function.pop()

    visit_FunctionDef = visit_ClassDef = _enter  # noqa: N815  (ast's own names)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if not names & {"hint"}:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func)
        if called.startswith("log."):
            if called.partition(".")[2] in _LOGGED:
                self._note(_logged(node), "")
            return
        if called.partition(".")[0] in {"re", "click", "struct"} and called != "click.echo":
            return
        given = list(node.args)
        hint = ""
        if _HINTED.search(called) and len(given) > 1:
            hint = text_of(given.pop())
            hint = "" if _VALUE.fullmatch(hint) else hint
        for argument in [*given, *(keyword.value for keyword in node.keywords)]:
            self._argument(argument, hint)

    def _argument(self, node: ast.expr, hint: str) -> None:
        if isinstance(node, ast.JoinedStr | ast.Constant | ast.BinOp):
            self._note(text_of(node), hint)
        else:
            self.visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._note(text_of(node), "")

    def visit_Constant(self, node: ast.Constant) -> None:
        self._note(text_of(node), "")

    def _note(self, text: str, hint: str) -> None:
        function = self._function[-1] if self._function else ""
        if f"{self._name}::{function}" in FUNCTIONS or text in TOLD_ELSEWHERE:
            return
        if _PROSE.search(_VALUE.sub("", text)):
            self._found.append(Message(f"{self._name}::{function}", text, hint))


def text_of(node: ast.expr) -> str:
    """A string as it is read, a value in it as a word in capitals; any other is a value."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(text_of, parts))
        case ast.FormattedValue(value=value):
            return _name_of(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text_of(left) + text_of(right)
    return _name_of(node)


def _name_of(node: ast.expr) -> str:
    names = re.findall(r"[A-Za-z]\w*", re.sub(r"'[^']*'", "", ast.unparse(node)))
    plain = [word for word in names if word not in {"str", "strerror", "join", "map", "to_text"}]
    word = plain[-1] if plain else "VALUE"
    return word.strip("_").upper()


def _logged(node: ast.Call) -> str:
    text, *values = node.args
    names = iter(map(_name_of, values))
    return re.sub(r"%(?:\.0)?[sdf]", lambda _: next(names, "VALUE"), text_of(text))
