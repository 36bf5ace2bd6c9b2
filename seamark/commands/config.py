"""`seamark config`: the settings in force, and what a settings file may hold."""

import json
import os

import click

from seamark.flags import COMMON, DNS, LIFE, REGISTRAR, STATUS, takes
from seamark.helping import Group
from seamark.sources import Source


@click.group(cls=Group)
def config() -> None:
    """Look at the settings.

    \b
    seamark config show                             every setting, and where it comes from
    seamark config schema > seamark.schema.json     for editors
    """  # noqa: D301  (click wants the character itself)


@config.command()
@takes(DNS, REGISTRAR, STATUS, LIFE, COMMON)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def show(source: Source, *, as_json: bool, changed: bool) -> None:
    """Print every setting with its value and where that comes from.

    \b
    seamark config show --changed                   only what is not the default
    seamark config show > settings.toml             a file that gives the same settings
    seamark config show --json --listen 127.0.0.1:5300

    Give it the flags of `seamark up`. Passwords and tokens are masked.
    """  # noqa: D301  (click wants the character itself)
    from seamark import configuring, origins

    shown = [one for one in origins.effective(source) if not (changed and one.is_default)]
    beside = origins.beside(source.settings, os.environ)
    if as_json:
        click.echo(configuring.as_json([*shown, *beside]))
    else:
        click.echo(configuring.as_toml(shown, beside))


@config.command()
def schema() -> None:
    """Print the JSON Schema of seamark.toml.

    \b
    seamark config schema > seamark.schema.json

    An editor that knows TOML completes and checks a file whose first line is
    `#:schema ./seamark.schema.json`.
    """  # noqa: D301  (click wants the character itself)
    from seamark.schema import document

    click.echo(json.dumps(document(), indent=2))
