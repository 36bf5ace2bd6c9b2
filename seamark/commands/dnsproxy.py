"""`dnsproxy`: questions to answers alone."""

import os

import click

from catalog.embedded import EmbeddedCatalog
from seamark import __version__, wiring
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
    embedded: EmbeddedCatalog | None = None
    words: list[str] = []
    if settings.catalog.services:
        embedded, words = wiring.embedded_catalog(settings)
    registry = wiring.registry(settings, os.environ)
    dns, observer = dns_side(settings, embedded, registry, apart=False)
    App(
        source,
        dns=dns,
        observer=observer,
        status_address=wiring.status_address(settings),
        words=tuple(words),
        example=wiring.example_service(embedded),
    ).run()
