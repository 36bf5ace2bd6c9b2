"""The commands. Flags become settings here, and errors become words and exit codes."""

import os
import sys
from pathlib import Path

import click

from catalog.embedded import EmbeddedCatalog
from catalog.errors import CatalogError
from registrar.errors import EngineUnavailable
from seamark import __version__, plans, registering, wiring
from seamark.app import App
from seamark.errors import SeamarkError, SettingsError
from seamark.flags import COMMON, DNS, REGISTRAR, STATUS, SWITCHES, VALUES, takes
from seamark.goflags import normalise
from seamark.settings import Settings

DIFFERENCE = 3


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seamark")
def seamark() -> None:
    """Give every container a name that other containers can resolve.

    \b
    seamark up                                  one host, embedded catalog
    seamark up consul://127.0.0.1:8500          one host of many, catalog in Consul
    dig @127.0.0.1 svc4.service.consul SRV      ask it
    """  # noqa: D301  (click wants the character itself)


@seamark.command()
@takes(DNS, REGISTRAR, STATUS, COMMON)
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def up(settings: Settings) -> None:
    """Run both halves: registrar and DNS proxy.

    REGISTRY_URI is `consul://HOST:PORT`; without one the catalog is embedded.
    """
    registry = wiring.registry(settings, os.environ)
    engine = registering.engine(settings, os.environ)
    observer = wiring.observer(settings)
    if registry is None:
        embedded, words = wiring.embedded_catalog(settings, engine)
        dns = wiring.dns_proxy(settings, embedded, None, observer, os.environ)
        registrar_half = registering.registrar(settings, engine, embedded)
    else:
        embedded, words = None, []
        dns = wiring.dns_proxy(settings, None, registry, observer, os.environ)
        shared = registering.shared_catalog(settings, registry, os.environ)
        registrar_half = registering.registrar(settings, engine, shared)
        registering.wait_for(shared, settings.registrar)
    App(
        proxy=dns.proxy,
        check=dns.check,
        registrar=registrar_half,
        observer=observer,
        status_address=wiring.status_address(settings),
        words=(*words, *dns.words),
        example=wiring.example_service(embedded),
    ).run()


@seamark.command()
@takes(REGISTRAR, COMMON)
@click.option("--from-inspect", metavar="FILE", help="Read `docker inspect` output; `-` is stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def plan(settings: Settings, from_inspect: str | None, *, as_json: bool) -> None:
    """Show what the registrar would do, and why something is left out. Changes nothing.

    \b
    seamark plan consul://127.0.0.1:8500           against what is registered; exit 3 if it differs
    docker inspect web | seamark plan --from-inspect -            offline
    """  # noqa: D301  (click wants the character itself)
    if from_inspect:
        plans.offline(settings, _text_of(from_inspect), as_json=as_json)
        return
    registry = wiring.registry(settings, os.environ)
    engine = registering.engine(settings, os.environ)
    shared = registering.shared_catalog(settings, registry, os.environ) if registry else None
    if not plans.online(settings, engine, shared, as_json=as_json):
        sys.exit(DIFFERENCE)


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"from-inspect: {file} cannot be read: {reason}") from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="registrar")
@takes(REGISTRAR, STATUS, COMMON)
@click.argument("registry", metavar="REGISTRY_URI")
def registrar(settings: Settings) -> None:
    """Keep the services of this host's containers in a catalog.

    \b
    REGISTRY_URI is one of
      consul://HOST:PORT            a Consul agent (also consul-tls://, consul-unix:///SOCKET)
      consulkv://HOST:PORT/PREFIX   keys in Consul's store (also consulkv-unix:///SOCKET:/PREFIX)

    Flags, labels, names and ids are those of gliderlabs/registrator; one dash will do.
    """  # noqa: D301  (click wants the character itself)
    registry = wiring.registry(settings, os.environ)
    if registry is None:
        raise SettingsError("registry: empty", "write `consul://HOST:8500`")
    shared = registering.shared_catalog(settings, registry, os.environ)
    half = registering.registrar(settings, registering.engine(settings, os.environ), shared)
    registering.wait_for(shared, settings.registrar)
    App(
        registrar=half,
        status_address=wiring.status_address(settings),
        words=(f"containers -> {shared.location}",),
    ).run()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dnsproxy")
@takes(DNS, STATUS, COMMON)
def dnsproxy(settings: Settings) -> None:
    """Answer `*.consul` from Consul's DNS, and forward the rest."""
    embedded: EmbeddedCatalog | None = None
    words: list[str] = []
    if settings.catalog.services:
        embedded, words = wiring.embedded_catalog(settings, None)
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


def run(command: click.Command) -> None:
    """Run a command and exit: 0 ok, 1 failed, 2 usage or settings, 3 a difference was found."""
    try:
        command(_arguments(), standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
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


def _tell(message: str, hint: str) -> None:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
