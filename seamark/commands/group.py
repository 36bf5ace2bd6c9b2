"""`seamark`: its commands, each of which is loaded when it is called."""

from importlib import import_module

import click

from seamark import __version__
from seamark.helping import Group

# Command -> the module that declares it. A module loads what its command works with only when that
# runs: a health check twice a minute has no use for the engine's client, and a Tab for nothing.
_COMMANDS = {
    "up": "whole",
    "plan": "whole",
    "query": "query",
    "check": "check",
    "export": "whole",
    "healthcheck": "healthcheck",
    "config": "config",
    "completion": "completion",
}


class _Lazy(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """None if there is no such command."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(import_module(f"seamark.commands.{module}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Lazy)
@click.version_option(__version__, prog_name="seamark")
def seamark() -> None:
    """Give every container a name that other containers can resolve.

    \b
    seamark up                                  one host, embedded catalog
    seamark up consul://127.0.0.1:8500          one host of many, catalog in Consul
    dig @127.0.0.1 svc4.service.consul SRV      ask it

    Each half alone: `registrar --help`, `dnsproxy --help`.
    """  # noqa: D301  (click wants the character itself)
