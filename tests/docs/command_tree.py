"""All commands, as they are declared: what is shown, completed and documented of them."""

from collections.abc import Iterator

import click

from seamark.commands.dnsproxy import dnsproxy
from seamark.commands.group import seamark
from seamark.commands.registrar import registrar

Path = tuple[str, ...]


def _below(command: click.Command, path: Path) -> Iterator[tuple[Path, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from _below(found, (*path, name))


# ("seamark", "config", "show") -> the command.
COMMANDS: dict[Path, click.Command] = {
    path: found
    for command in (seamark, registrar, dnsproxy)
    for path, found in _below(command, (command.name or "",))
}
