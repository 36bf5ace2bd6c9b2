"""`dnsproxy`: questions to answers alone."""

import os

import click

from seamark import __version__
from seamark.flags import COMMON, DNS, LIFE, STATUS, takes
from seamark.helping import Command
from seamark.sources import Source


@click.command(cls=Command)
@click.version_option(__version__, prog_name="dnsproxy")
@takes(DNS, STATUS, LIFE, COMMON)
def dnsproxy(source: Source) -> None:
    """Answer `*.consul` from Consul's DNS, and forward the rest.

    \b
    dnsproxy                                        asks the agent of this host, port 8600
    dnsproxy --consul-dns 10.0.0.2:8600             another one
    dnsproxy --listen 127.0.0.1:5300 --upstream 9.9.9.9
    """  # noqa: D301  (click wants the character itself)
    from seamark import wiring
    from seamark.addresses import status_address
    from seamark.app import App
    from seamark.dns_side import dns_side

    settings = source.settings
    embedded = wiring.embedded_catalog(settings) if settings.catalog.services else None
    registry = wiring.registry(settings, os.environ)
    catalog = embedded.catalog if embedded else None
    dns, observer = dns_side(settings, catalog, registry, apart=False)
    App(
        source,
        dns=dns,
        observer=observer,
        status_address=status_address(settings.http.listen),
        embedded=embedded,
        example=wiring.example_service(embedded),
    ).run()
