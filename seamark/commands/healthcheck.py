"""`seamark healthcheck`: for the HEALTHCHECK of a container, and for any other supervisor."""

import click

from seamark.flags import COMMON, DNS, STATUS, takes
from seamark.helping import Command
from seamark.sources import Source


@click.command(cls=Command, short_help="Exit with 0 if the proxy answers.")
@takes({"--listen": DNS["--listen"]}, STATUS, COMMON)
@click.option("--registrar", is_flag=True, help="A registrar alone: ask its status side.")
def healthcheck(source: Source, *, registrar: bool) -> None:
    """Exit with 0 if the proxy of this host answers, with 1 if it does not.

    \b
    seamark healthcheck                             where `seamark up` listens by default
    seamark healthcheck --listen 127.0.0.1:5300
    seamark healthcheck --registrar                 a registrar alone

    It is asked for a name of its own, so that it is well while Consul or an upstream is away. The
    settings are read as `seamark up` reads them: give it the same.
    """  # noqa: D301  (click wants the character itself)
    from seamark import healthcheck as checking
    from seamark.addresses import parse_endpoint, status_address

    settings = source.settings
    if not registrar:
        checking.check([parse_endpoint(text, "listen") for text in settings.dns.listen])
        return
    checking.check_status(status_address(settings.http.listen))
