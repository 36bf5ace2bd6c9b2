"""Runs a command: the command line goes in, errors become words and exit codes."""

import sys

import click

from catalog.errors import CatalogError
from registrar.errors import EngineUnavailable
from seamark import completing
from seamark.colours import Colour, paint, wanted
from seamark.errors import SeamarkError, SettingsError
from seamark.flags import SWITCHES, VALUES
from seamark.goflags import normalise
from seamark.logs import printable
from seamark.usage import explained


def run(command: click.Command) -> None:
    """Run a command and exit: 0 ok, 1 failed, 2 usage or settings, 3 a difference was found."""
    completing.prepare(VALUES, SWITCHES)
    try:
        command(_arguments(), prog_name=command.name, standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        _tell_usage(error)
        sys.exit(SettingsError.exit_code)
    except click.Abort:
        sys.exit(1)
    except SeamarkError as error:
        _tell(str(error), error.hint)
        sys.exit(error.exit_code)
    except (CatalogError, EngineUnavailable) as error:
        _tell(str(error), "")
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        _tell(f"{type(error).__name__}: {error}", "a fault of ours; --debug shows where")
        sys.exit(1)


def _arguments() -> list[str]:
    """The command line, also in registrator's manner: one dash, `-internal=true`."""
    try:
        return normalise(sys.argv[1:], VALUES, SWITCHES)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _tell_usage(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # Nothing was asked for: that says what can be.
        error.show()
    else:
        _tell(*explained(error))


def _tell(message: str, hint: str) -> None:
    coloured = wanted(sys.stderr)
    for word, colour, text in (("error:", Colour.RED, message), ("hint:", Colour.CYAN, hint)):
        if text:
            told = "\n".join(map(printable, text.splitlines()))
            click.echo(f"{paint(word, colour) if coloured else word} {told}", err=True, color=True)
