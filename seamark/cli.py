"""The commands. Flags become settings here, and errors become words and exit codes."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from catalog.embedded import EmbeddedCatalog
from seamark import __version__, logs, wiring
from seamark.app import App
from seamark.errors import SeamarkError, SettingsError
from seamark.settings import Settings
from seamark.sources import load

Command = Callable[..., None]

# Flag -> (setting, metavar, help). --listen, --upstream and --allow may be repeated.
_COMMON = {
    "--node": ("node", "NAME", "This host's name in service ids (default: the engine's)."),
    "--log-level": ("log_level", "LEVEL", "debug, info, warning or error (default: info)."),
    "--http": ("http.listen", "ADDR:PORT", "The status side, or `off` (default: 127.0.0.1:8053)."),
}
_REGISTRAR = {
    "--docker": ("registrar.docker", "URL", "The container engine (default: DOCKER_HOST)."),
}
_DNS = {
    "--listen": ("dns.listen", "ADDR:PORT", "Where to answer (default: port 53 everywhere)."),
    "--upstream": ("dns.upstream", "ADDR[:PORT]", "Who is asked for all other names."),
    "--consul-dns": ("dns.consul_dns", "ADDR:PORT", "Consul's DNS (default: registry host:8600)."),
    "--allow": ("dns.allow", "CIDR", "Networks that are answered (default: private ones)."),
    "--services": ("catalog.services", "FILE", "Embedded: services as Consul definitions (JSON)."),
    "--advertise": ("catalog.advertise", "ADDR", "Embedded: the node's address."),
}
FLAGS = _COMMON | _REGISTRAR | _DNS
_REPEATED = {"--listen", "--upstream", "--allow"}


def _takes(*groups: dict[str, tuple[str, str, str]]) -> Callable[[Command], Command]:
    """Give a command its flags, and hand it the settings that result."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(config: str | None, *, debug: bool, registry: str = "", **given: Any) -> None:
            flags = {FLAGS[f"--{key.replace('_', '-')}"][0]: v for key, v in given.items() if v}
            flags = {k: list(v) if isinstance(v, tuple) else v for k, v in flags.items()}
            if registry:
                flags["catalog.registry"] = registry
            if debug:
                flags["log_level"] = "debug"
            settings, path = load(config, os.environ, flags)
            logs.set_up(settings.log_level)
            if path is not None:
                logs.log.info("settings from %s", path)
            command(settings)

        wrapped: Command = run
        for group in reversed(groups):
            for flag, (_, metavar, words) in reversed(group.items()):
                repeated = flag in _REPEATED
                option = click.option(flag, metavar=metavar, help=words, multiple=repeated)
                wrapped = option(wrapped)
        debug_option = click.option("--debug", is_flag=True, help="Log everything, tracebacks too.")
        config_option = click.option("--config", metavar="FILE", help="Settings (seamark.toml).")
        return config_option(debug_option(wrapped))

    return decorate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="seamark")
def seamark() -> None:
    r"""Give every container a name that other containers can resolve.

    \b
    seamark up                                  one host, embedded catalog
    seamark up consul://127.0.0.1:8500          one host of many, catalog in Consul
    dig @127.0.0.1 svc4.service.consul SRV      ask it
    """


@seamark.command()
@_takes(_DNS, _REGISTRAR, _COMMON)
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def up(settings: Settings) -> None:
    """Run both halves: registrar and DNS proxy.

    REGISTRY_URI is `consul://HOST:PORT`; without one the catalog is embedded.
    """
    address = wiring.agent_address(settings, dict(os.environ))
    engine = wiring.engine(settings)
    if address is None:
        embedded, words = wiring.embedded_catalog(settings, engine)
        proxy, zones = wiring.dns_proxy(settings, embedded, None)
        registrar_half = wiring.registrar(settings, engine, embedded)
    else:
        embedded, words = None, []
        proxy, zones = wiring.dns_proxy(settings, None, address)
        agent = wiring.consul_agent(address, dict(os.environ))
        registrar_half = wiring.registrar(settings, engine, agent)
    App(
        proxy=proxy,
        registrar=registrar_half,
        status_address=wiring.status_address(settings),
        words=(*words, *zones),
        example=wiring.example_service(embedded),
    ).run()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="registrar")
@_takes(_REGISTRAR, _COMMON)
@click.argument("registry", metavar="REGISTRY_URI")
def registrar(settings: Settings) -> None:
    """Keep the services of this host's containers in REGISTRY_URI, `consul://HOST:PORT`."""
    address = wiring.agent_address(settings, dict(os.environ))
    if address is None:
        raise SettingsError("registry: empty", "write `consul://HOST:8500`")
    agent = wiring.consul_agent(address, dict(os.environ))
    half = wiring.registrar(settings, wiring.engine(settings), agent)
    App(
        registrar=half,
        status_address=wiring.status_address(settings),
        words=(f"containers -> {agent.location}",),
    ).run()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dnsproxy")
@_takes(_DNS, _COMMON)
def dnsproxy(settings: Settings) -> None:
    """Answer `*.consul` from Consul's DNS, and forward the rest."""
    embedded: EmbeddedCatalog | None = None
    words: list[str] = []
    if settings.catalog.services:
        embedded, words = wiring.embedded_catalog(settings, None)
    address = wiring.agent_address(settings, dict(os.environ))
    proxy, zones = wiring.dns_proxy(settings, embedded, address)
    App(
        proxy=proxy,
        status_address=wiring.status_address(settings),
        words=(*words, *zones),
        example=wiring.example_service(embedded),
    ).run()


def run(command: click.Command) -> None:
    """Run a command and exit: 0 ok, 1 failed, 2 usage or settings."""
    try:
        command(standalone_mode=False)
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
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        _tell(f"{type(error).__name__}: {error}", "a fault of ours; --debug shows where")
        sys.exit(1)


def _tell(message: str, hint: str) -> None:
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
