"""`dnsproxy`: questions to answers alone."""

import os

import click

from seamark import __version__, wiring
from seamark.addresses import status_address
from seamark.app import App
from seamark.dns_side import dns_side
from seamark.flags import COMMON, DNS, LIFE, STATUS, takes
from seamark.sources import Source


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dnsproxy")
@takes(DNS, STATUS, LIFE, COMMON)
def dnsproxy(source: Source) -> None:
    """Answer `*.consul` from Consul's DNS, and forward the rest."""
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
