"""docs/reference/commands.md, made from the commands themselves.

`python -m tests.docs.commands` writes it anew after a change; what stands before the first command
is written by hand, and stays.
"""

import inspect
import re
from pathlib import Path as File

import click

from seamark.completing import choices
from seamark.flags import FLAGS, GROUPS
from seamark.helping import grouped
from tests.docs.command_tree import COMMANDS, Path

PAGE = File("docs/reference/commands.md")
_FIRST = "## seamark\n"
# Groups that several commands have whole: they stand once, at the end.
_SHARED = {"DNS proxy": "Flags of the DNS proxy", "Registrar": "Flags of the registrar"}


def page() -> str:
    """The whole page."""
    shared = [_shared_section(title) for title in _SHARED]
    head = PAGE.read_text().partition(_FIRST)[0]
    return head + "\n".join([*map(_section, COMMANDS), *shared])


def _section(path: Path) -> str:
    command = COMMANDS[path]
    ctx = _context(path)
    usage = " ".join([*path, *command.collect_usage_pieces(ctx)])
    parts = [f"## {' '.join(path)}", f"```\n{usage}\n```", *_words(command.help or "")]
    if isinstance(command, click.Group):
        parts.append("\n".join(_below(command, ctx, path)))
    for title, options in grouped(command, ctx).items():
        parts.append(_flags(title, options))
    return "\n\n".join(parts) + "\n"


def _flags(title: str, options: list[click.Option]) -> str:
    given = {name for option in options for name in option.opts}
    if title in _SHARED and given == set(GROUPS[title]):
        words = _SHARED[title]
        return f"{title}: all [flags of {words.removeprefix('Flags of ')}](#{_anchor(words)})."
    return f"{title}:\n\n{_table(options)}"


def _shared_section(title: str) -> str:
    command = COMMANDS["seamark", "up"]
    options = grouped(command, _context(("seamark", "up")))[title]
    return f"## {_SHARED[title]}\n\n{_table(options)}\n"


def _context(path: Path) -> click.Context:
    ctx = None
    for length in range(1, len(path) + 1):
        command = COMMANDS[path[:length]]
        settings = command.context_settings
        ctx = click.Context(command, info_name=path[length - 1], parent=ctx, **settings)
    assert ctx is not None
    return ctx


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _words(text: str) -> list[str]:
    """The paragraphs of a help text: what is not to be filled there is a block here."""
    found = []
    for paragraph in re.split(r"\n\n+", inspect.cleandoc(text)):
        if paragraph.startswith("\b\n"):
            block = paragraph.removeprefix("\b\n").rstrip()
            found.append(f"```\n{block}\n```")
        else:
            found.append(re.sub(r"(?<=[.:;]) (?=[A-Z])", "\n", " ".join(paragraph.split())))
    return found


def _below(command: click.Group, ctx: click.Context, path: Path) -> list[str]:
    rows = ["| command | does |", "|---|---|"]
    for name in command.list_commands(ctx):
        below = command.get_command(ctx, name)
        assert below is not None
        whole = " ".join([*path, name])
        rows.append(f"| [`{whole}`](#{_anchor(whole)}) | {below.get_short_help_str(200)} |")
    return rows


def _table(options: list[click.Option]) -> str:
    rows = ["| flag | setting | does |", "|---|---|---|"]
    for option in options:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        value = f" {_value(option)}" if option.metavar else ""
        known = next((FLAGS[name] for name in option.opts if name in FLAGS), None)
        setting = f"`{known.setting}`" if known else ""
        many = " May be repeated." if option.multiple else ""
        rows.append(f"| {names}{value} | {setting} | {option.help}{many} |")
    return "\n".join(rows)


def _value(option: click.Option) -> str:
    """How the value is called; a bar would end a cell of the table."""
    assert option.metavar is not None
    words = option.metavar.split("|")
    return ", ".join(f"`{word}`" if word in choices(word) else word for word in words)


if __name__ == "__main__":
    PAGE.write_text(page())
