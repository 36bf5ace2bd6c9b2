"""`seamark query`: asks a running proxy, and shows what it says and why."""

from typing import Any

import click

from seamark.flags import COMMON, takes
from seamark.helping import Command
from seamark.sources import Source


@click.command(cls=Command, short_help="Ask the running proxy, and tell how it answers.")
@takes(COMMON)
@click.option("--server", metavar="ADDR[:PORT]", help="Whom to ask (default: dns.listen).")
@click.option("--explain", is_flag=True, help="Also tell how it was answered (on its own host).")
@click.option("--short", is_flag=True, help="Print the data of the answers only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--tcp", is_flag=True, help="Ask over TCP.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 60),
    default=5.0,
    help="How long to wait (5).",
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
    from dnsproxy.core.wire import question
    from seamark import querying
    from seamark.asking import ask

    wanted = question(*querying.wanted(asked, rtype))
    where = querying.server(server, source.settings.dns.listen)
    tcp = how["tcp"] or how["explain"]
    answer = ask(where, wanted, how["timeout"], tcp=tcp, explain=how["explain"])
    click.echo(querying.shown(answer, short=how["short"], as_json=how["as_json"]), nl=False)
    if how["explain"] and answer.explanation is None:
        click.echo("no explanation: it is told to clients on the proxy's own host only", err=True)
