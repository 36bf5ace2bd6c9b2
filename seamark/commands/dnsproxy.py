"""`dnsproxy`: questions to answers alone."""

import os

import click

from catalog.embedded import EmbeddedCatalog
from seamark import __version__, wiring
from seamark.app import App
from seamark.dns_half import DnsHalf, Surroundings
from seamark.flags import COMMON, DNS, LIFE, STATUS, takes
from seamark.inherited import inherited
from seamark.sources import Source


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dnsproxy")
@takes(DNS, STATUS, LIFE, COMMON)
def dnsproxy(source: Source) -> None:
    """Answer `*.consul` from Consul's DNS, and forward the rest."""
    settings = source.settings
    embedded: EmbeddedCatalog | None = None
    words: list[str] = []
    if settings.catalog.services:
        embedded, words = wiring.embedded_catalog(settings)
    registry = wiring.registry(settings, os.environ)
    observer = wiring.observer(settings)
    sockets = inherited(os.environ)
    around = Surroundings(embedded, registry, observer, os.environ, sockets)
    App(
        source,
        dns=DnsHalf(settings, around),
        observer=observer,
        status_address=wiring.status_address(settings),
        words=tuple(words),
        example=wiring.example_service(embedded),
    ).run()
