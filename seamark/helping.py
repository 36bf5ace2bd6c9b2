"""How `--help` looks: what the command is for, examples, then its flags by what they are about."""

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from seamark.flags import GROUPS

WIDTH = 100
_OWN, _GENERAL = "Flags", "General"
_TITLES = {flag: title for title, group in GROUPS.items() for flag in group}
_TITLES |= dict.fromkeys(("--config", "--debug", "--help", "--version"), _GENERAL)
_OURS: dict[str, Any] = {
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
    "options_metavar": "[FLAGS]",
}


def title_of(option: click.Parameter) -> str:
    """What a flag is about, as a title: that of its group, or a command's own."""
    return next((_TITLES[name] for name in option.opts if name in _TITLES), _OWN)


def grouped(command: click.Command, ctx: click.Context) -> dict[str, list[click.Option]]:
    """The flags by title: the command's own first, those that every command has last."""
    found: dict[str, list[click.Option]] = {_OWN: [], **{title: [] for title in GROUPS}}
    general = found.pop(_GENERAL)
    found[_GENERAL] = general
    for param in command.get_params(ctx):
        if isinstance(param, click.Option) and not param.hidden:
            found[title_of(param)].append(param)
    return {title: options for title, options in found.items() if options}


@contextlib.contextmanager
def _located(ctx: click.Context) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or ctx
        raise


class Command(click.Command):
    """A command whose help is in our manner."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **_OURS | given)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, and with the command that it was in every error."""
        with _located(ctx):
            return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A section for each group."""
        write_flags(self, ctx, formatter)


class Group(Command, click.Group):
    """A command of commands whose help is in our manner."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they were declared."""
        return list(self.commands)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, then a section for each group of flags."""
        self.format_commands(ctx, formatter)
        write_flags(self, ctx, formatter)


def write_flags(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """A section for each group of a command's flags."""
    for title, options in grouped(command, ctx).items():
        rows = [row for option in options if (row := option.get_help_record(ctx)) is not None]
        with formatter.section(title):
            formatter.write_dl(rows)
