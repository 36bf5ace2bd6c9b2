"""`registrar`: containers to services alone, with gliderlabs/registrator's command line."""

import os

import click

from seamark import __version__
from seamark.errors import SettingsError
from seamark.flags import COMMON, LIFE, REGISTRAR, STATUS, takes
from seamark.helping import Command
from seamark.sources import Source


@click.command(cls=Command)
@click.version_option(__version__, prog_name="registrar")
@takes(REGISTRAR, STATUS, LIFE, COMMON)
@click.argument("registry", metavar="REGISTRY_URI")
def registrar(source: Source) -> None:
    """Keep the services of this host's containers in a catalog.

    \b
    registrar consul://127.0.0.1:8500
    registrar -cleanup -tags=eu consul://127.0.0.1:8500

    \b
    REGISTRY_URI is one of
      consul://HOST:PORT            a Consul agent (also consul-tls://, consul-unix:///SOCKET)
      consulkv://HOST:PORT/PREFIX   keys in Consul's store (also consulkv-unix:///SOCKET:/PREFIX)

    Flags, labels, names and ids are those of gliderlabs/registrator; one dash will do.
    """  # noqa: D301  (click wants the character itself)
    from seamark import registering, wiring
    from seamark.addresses import status_address
    from seamark.app import App

    settings = source.settings
    registry = wiring.registry(settings, os.environ)
    if registry is None:
        raise SettingsError("registry: empty", "write `consul://HOST:8500`")
    shared = registering.shared_catalog(settings, registry, os.environ)
    half = registering.registrar(settings, registering.engine(settings, os.environ), shared)
    registering.wait_for(shared, settings.registrar)
    App(
        source,
        registrar=half,
        shared=shared,
        status_address=status_address(settings.http.listen),
        words=(f"containers -> {shared.location}",),
    ).run()
