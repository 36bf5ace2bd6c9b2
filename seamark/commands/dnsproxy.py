"""`dnsproxy`: questions to answers alone."""

import os

import click

from catalog.embedded import EmbeddedCatalog
from seamark import __version__, wiring
from seamark.app import App
from seamark.flags import COMMON, DNS, STATUS, takes
from seamark.settings import Settings


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dnsproxy")
@takes(DNS, STATUS, COMMON)
def dnsproxy(settings: Settings) -> None:
    """Answer `*.consul` from Consul's DNS, and forward the rest."""
    embedded: EmbeddedCatalog | None = None
    words: list[str] = []
    if settings.catalog.services:
        embedded, words = wiring.embedded_catalog(settings)
    registry = wiring.registry(settings, os.environ)
    observer = wiring.observer(settings)
    dns = wiring.dns_proxy(settings, embedded, registry, observer, os.environ)
    App(
        proxy=dns.proxy,
        check=dns.check,
        observer=observer,
        status_address=wiring.status_address(settings),
        words=(*words, *dns.words),
        example=wiring.example_service(embedded),
    ).run()
