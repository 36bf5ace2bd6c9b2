"""`seamark up`, both halves in one process, and what looks at them: `plan`, `export`."""

import json
import os
import sys
from pathlib import Path

import click

from seamark.completing import by_metavar
from seamark.errors import SettingsError
from seamark.flags import COMMON, DNS, LIFE, REGISTRAR, STATUS, takes
from seamark.helping import Command
from seamark.sources import Source

DIFFERENCE = 3


@click.command(cls=Command)
@takes(DNS, REGISTRAR, STATUS, LIFE, COMMON)
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def up(source: Source) -> None:
    """Run both halves: registrar and DNS proxy.

    \b
    seamark up                                      one host, embedded catalog
    seamark up consul://127.0.0.1:8500              one host of many, catalog in Consul
    seamark up --listen 127.0.0.1:5300 --upstream 9.9.9.9

    REGISTRY_URI is `consul://HOST:PORT`; without one the catalog is embedded.
    """  # noqa: D301  (click wants the character itself)
    from seamark import registering, wiring
    from seamark.addresses import status_address
    from seamark.app import App
    from seamark.dns_side import dns_side

    settings = source.settings
    registry = wiring.registry(settings, os.environ)
    engine = registering.engine(settings, os.environ)
    embedded = wiring.embedded_catalog(settings, engine.host_name) if registry is None else None
    catalog = embedded.catalog if embedded else None
    dns, observer = dns_side(settings, catalog, registry, apart=True)
    shared = None
    if registry is None:
        assert catalog is not None
        registrar_half = registering.registrar(settings, engine, catalog)
    else:
        shared = registering.shared_catalog(settings, registry, os.environ)
        registrar_half = registering.registrar(settings, engine, shared)
        registering.wait_for(shared, settings.registrar)
    App(
        source,
        dns=dns,
        registrar=registrar_half,
        observer=observer,
        status_address=status_address(settings.http.listen),
        embedded=embedded,
        shared=shared,
        example=wiring.example_service(embedded),
    ).run()


@click.command(cls=Command, short_help="Show what the registrar would do, and why.")
@takes(REGISTRAR, COMMON)
@click.option(
    "--from-inspect",
    metavar="FILE",
    help="Read `docker inspect` output; `-` is stdin.",
    shell_complete=by_metavar,
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def plan(source: Source, from_inspect: str | None, *, as_json: bool) -> None:
    """Show what the registrar would do, and why something is left out. Changes nothing.

    \b
    seamark plan consul://127.0.0.1:8500            against what is registered
    docker inspect web | seamark plan --from-inspect -

    Exit code 3: what is registered is not what should be.
    """  # noqa: D301  (click wants the character itself)
    from seamark import plans, registering, wiring

    settings = source.settings
    if from_inspect:
        plans.offline(settings, _text_of(from_inspect), as_json=as_json)
        return
    registry = wiring.registry(settings, os.environ)
    engine = registering.engine(settings, os.environ)
    shared = registering.shared_catalog(settings, registry, os.environ) if registry else None
    if not plans.online(settings, engine, shared, as_json=as_json):
        sys.exit(DIFFERENCE)


@click.command(cls=Command, short_help="Write the catalog down for Consul's agent.")
@takes(STATUS, COMMON)
@click.option("--all", "everything", is_flag=True, help="Containers' services, too.")
def export(source: Source, *, everything: bool) -> None:
    """Write the embedded catalog as a configuration for Consul's agent, on stdout.

    \b
    seamark export > services.json
    consul agent -config-file services.json ...

    A running `seamark up` is asked, over its status side. What containers offer is left out: the
    registrar registers that in Consul by itself.
    """  # noqa: D301  (click wants the character itself)
    from registrar.core.ownership import OWNER
    from seamark import exporting
    from seamark.addresses import status_address

    document = exporting.fetch(status_address(source.settings.http.listen))
    told = document if everything else exporting.without(document, OWNER)
    click.echo(json.dumps(told, indent=2))
    count, more = len(told["services"]), len(document["services"]) - len(told["services"])
    left = f"; {more} of containers left to the registrar" if more else ""
    click.echo(f"{count} services written{left}", err=True)


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"from-inspect: {file} cannot be read: {reason}") from error
