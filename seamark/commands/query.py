"""`seamark query`: asks a running proxy, and shows what it says and why."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import click

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.mnemonics import type_number
from dnsproxy.core.names import Name
from dnsproxy.core.wire import Type, question
from seamark import digging
from seamark.addresses import parse_endpoint
from seamark.asking import Answer, ask
from seamark.errors import SettingsError
from seamark.flags import COMMON, takes
from seamark.reading import parse_name
from seamark.sources import Source

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared, not bound)


@click.command()
@takes(COMMON)
@click.option("--server", metavar="ADDR[:PORT]", help="Whom to ask (default: dns.listen).")
@click.option("--explain", is_flag=True, help="Also tell how it was answered (on its own host).")
@click.option("--short", is_flag=True, help="Print the data of the answers only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--tcp", is_flag=True, help="Ask over TCP.")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0.1, 60), default=5.0, help="(5)"
)
@click.argument("asked", metavar="NAME")
@click.argument("rtype", metavar="[TYPE]", default="")
def query(source: Source, asked: str, rtype: str, server: str | None, **how: Any) -> None:
    """Ask for NAME, of the type A or another one; an address is looked up in reverse.

    \b
    seamark query svc4.service.consul SRV                 as dig shows it
    seamark query --short svc4.service.consul             the addresses only
    seamark query --explain svc4.service.consul           zone, memory, upstreams, times
    seamark query --server 127.0.0.1:5300 --json 172.17.0.4

    Exit 0 if there was a reply, whatever it says; 1 if there was none.
    """  # noqa: D301  (click wants the character itself)
    wanted = question(*_wanted(asked, rtype))
    where = _server(server, source.settings.dns.listen)
    tcp = how["tcp"] or how["explain"]
    answer = ask(where, wanted, how["timeout"], tcp=tcp, explain=how["explain"])
    click.echo(_shown(answer, short=how["short"], as_json=how["as_json"]), nl=False)
    if how["explain"] and answer.explanation is None:
        click.echo("no explanation: it is told to clients on the proxy's own host only", err=True)


def _shown(answer: Answer, *, short: bool, as_json: bool) -> str:
    if as_json:
        return digging.as_json(answer) + "\n"
    blocks = [digging.short(answer) if short else digging.as_dig(answer)]
    if answer.explanation is not None:
        blocks.append(digging.explained(answer.explanation))
    return "".join(f"{block}\n" for block in blocks if block)


def _wanted(name: str, rtype: str) -> tuple[Name, int]:
    """Raises SettingsError."""
    try:
        reverse = ipaddress.ip_address(name).reverse_pointer
    except ValueError:
        reverse = ""
    try:
        number = type_number(rtype or ("PTR" if reverse else "A"))
    except ValueError as error:
        raise SettingsError(
            f"TYPE: {error}", "write `A`, `AAAA`, `SRV`, `TXT`, `TYPE65`"
        ) from error
    if reverse and number == Type.PTR:
        return parse_name(reverse, "NAME"), number
    return parse_name(name, "NAME"), number


def _server(given: str | None, listen: Sequence[str]) -> Endpoint:
    """Raises SettingsError."""
    if given is not None:
        return parse_endpoint(given, "server", 53)
    if not listen:
        raise SettingsError("dns.listen: no address", "name the proxy with --server ADDR:PORT")
    found = parse_endpoint(listen[0], "listen")
    return Endpoint(_EVERYWHERE.get(found.host, found.host), found.port)
