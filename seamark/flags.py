"""The flags of the commands: each sets one setting. Registrator's keep registrator's names."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import click

from seamark import logs
from seamark.completing import by_metavar
from seamark.settings import Settings
from seamark.sources import Source
from seamark.variables import BOOLEANS, INTEGERS, LISTS, NUMBERS

Command = Callable[..., None]


class Read(Protocol):
    """Settings that were read, and the file that they are from, if any."""

    settings: Settings
    path: Path | None


# As Source is constructed.
Reader = Callable[..., Read]


class Flag(NamedTuple):
    """A setting's name, how its value is called (empty: none is taken), and what it does.

    In lower case stands what can be given as it is, `ipv4|ipv6`: shells complete that.
    """

    setting: str
    metavar: str
    words: str


COMMON = {
    "--node": Flag("node", "NAME", "This host's name in service ids (default: the engine's)."),
    "--log-level": Flag(
        "log_level", "debug|info|warning|error", "What is logged to stderr (default: info)."
    ),
}
LIFE = {
    "--user": Flag("user", "NAME", "Who to be once everything is bound (default: who starts it)."),
}
STATUS = {
    "--http": Flag("http.listen", "ADDR:PORT|off", "The status side (default: 127.0.0.1:8053)."),
}
REGISTRAR = {
    "--docker": Flag("registrar.docker", "URL", "The container engine (default: DOCKER_HOST)."),
    "--ip": Flag("registrar.ip", "ADDR", "The address to register for published ports."),
    "--internal": Flag("registrar.internal", "", "Register container addresses and ports."),
    "--network": Flag("registrar.network", "NAME|CIDR", "Whose address a container is known by."),
    "--family": Flag("registrar.family", "ipv4|ipv6", "The address family to register."),
    "--use-ip-from-label": Flag(
        "registrar.use_ip_from_label", "LABEL", "A label whose value is the address to register."
    ),
    "--explicit": Flag("registrar.explicit", "", "Register only what has a SERVICE_NAME."),
    "--select": Flag("registrar.select", "EXPR", "Only containers that match, `label:env=prod`."),
    "--name": Flag("registrar.name", "TEMPLATE", "The default name of services."),
    "--suffix": Flag("registrar.suffix", "auto|always|never", "When a name ends in `-<port>`."),
    "--tags": Flag("registrar.tags", "TEMPLATE", "Tags for every service, a comma list."),
    "--ttl": Flag("registrar.ttl_s", "SECONDS", "How long a service outlives the registrar."),
    "--ttl-refresh": Flag("registrar.ttl_refresh_s", "SECONDS", "How often it is kept alive."),
    "--deregister": Flag(
        "registrar.deregister", "always|on-success", "Which ended containers are deregistered."
    ),
    "--cleanup": Flag("registrar.cleanup", "", "Remove what registrator left behind and dangles."),
    "--purge": Flag("registrar.purge", "", "Deregister everything at the end."),
    "--resync": Flag("registrar.resync_s", "SECONDS", "How often everything is compared (10)."),
    "--retry-attempts": Flag(
        "registrar.retry_attempts", "N", "Tries to reach the catalog at the start (-1: endless)."
    ),
    "--retry-interval": Flag("registrar.retry_interval_ms", "MS", "The pause between them (2000)."),
    "--token-file": Flag("catalog.token_file", "FILE", "The ACL token, read again on change."),
}
DNS = {
    "--listen": Flag("dns.listen", "ADDR:PORT", "Where to answer (default: port 53 everywhere)."),
    "--upstream": Flag("dns.upstream", "ADDR[:PORT]", "Who is asked for all other names."),
    "--consul-dns": Flag("dns.consul_dns", "ADDR:PORT", "Consul's DNS (registry host:8600)."),
    "--consul-http": Flag("dns.consul_http", "URL|off", "Consul's HTTP API (the registry's)."),
    "--domain": Flag("dns.domain", "NAME", "The domain that Consul has (default: consul)."),
    "--alt-domain": Flag("dns.alt_domain", "NAME", "A second domain for Consul's names."),
    "--datacenter": Flag("dns.datacenters", "NAME", "Datacenters to search, in this order."),
    "--remember": Flag("dns.remember", "", "Remember answers as long as their TTLs say."),
    "--allow": Flag("dns.allow", "CIDR", "Networks that are answered (default: private ones)."),
    "--workers": Flag("dns.workers", "N", "How many processes answer (default: 1)."),
    "--query-log": Flag("dns.query_log", "stderr|off|FILE", "Log each query (default: off)."),
    "--services": Flag(
        "catalog.services", "FILE", "Embedded: services as Consul definitions (JSON)."
    ),
    "--advertise": Flag("catalog.advertise", "ADDR", "Embedded: the node's address."),
}
FLAGS = COMMON | LIFE | STATUS | REGISTRAR | DNS
# As they are shown, by what they are about.
GROUPS = {"DNS proxy": DNS, "Registrar": REGISTRAR, "General": STATUS | LIFE | COMMON}
# For the command line in Go's manner: names that take a value, and names that take none.
VALUES = {flag[2:] for flag, known in FLAGS.items() if known.metavar} | {"config"}
SWITCHES = {flag[2:] for flag, known in FLAGS.items() if not known.metavar} | {
    "debug",
    "help",
    "json",
    "version",
}


def takes(*groups: dict[str, Flag], reader: Reader = Source) -> Callable[[Command], Command]:
    """Give a command its flags, and hand it the source of the settings that result.

    ``reader`` makes that of the file's name, the environment and the flags.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(config: str | None, *, debug: bool, registry: str = "", **given: Any) -> None:
            flags, own, named = _divided(given)
            if registry:
                flags["catalog.registry"] = registry
                named["catalog.registry"] = "REGISTRY_URI"
            if debug:
                flags["log_level"] = "debug"
                named["log_level"] = "--debug"
            source = reader(config, os.environ, flags, named)
            logs.set_up(source.settings.log_level)
            if source.path is not None:
                logs.log.info("settings from %s", source.path)
            command(source, **own)

        wrapped: Command = run
        for group in reversed(groups):
            for flag, known in reversed(group.items()):
                wrapped = _option(flag, known)(wrapped)
        debug_option = click.option("--debug", is_flag=True, help="Log everything, tracebacks too.")
        config_option = click.option(
            "--config", metavar="FILE", help="Settings (seamark.toml).", shell_complete=by_metavar
        )
        return config_option(debug_option(wrapped))

    return decorate


def _divided(
    given: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """What was given, as settings by name, the command's own options, and each setting's flag."""
    flags: dict[str, Any] = {}
    own: dict[str, Any] = {}
    named: dict[str, str] = {}
    for key, value in given.items():
        flag = f"--{key.replace('_', '-')}"
        known = FLAGS.get(flag)
        if known is None:
            own[key] = value
        elif (plain := _plain(value)) is not None:
            flags[known.setting] = plain
            named[known.setting] = flag
    return flags, own, named


def _option(flag: str, known: Flag) -> Callable[[Command], Command]:
    if known.setting in BOOLEANS:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=known.words)
    return click.option(
        flag,
        metavar=known.metavar,
        help=known.words,
        multiple=known.setting in LISTS,
        shell_complete=by_metavar,
        type=int if known.setting in INTEGERS else float if known.setting in NUMBERS else str,
    )


def _plain(value: Any) -> Any:
    """What was given on the command line; None for what was not, or was given as nothing."""
    if isinstance(value, tuple):
        return list(value) or None
    return None if value == "" else value
