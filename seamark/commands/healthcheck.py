"""`seamark healthcheck`: for the HEALTHCHECK of a container, and for any other supervisor."""

import click

from seamark import healthcheck as checking
from seamark.addresses import parse_endpoint, status_address
from seamark.flags import COMMON, DNS, STATUS, takes
from seamark.sources import Source


@click.command()
@takes({"--listen": DNS["--listen"]}, STATUS, COMMON)
@click.option("--registrar", is_flag=True, help="A registrar alone: ask its status side.")
def healthcheck(source: Source, *, registrar: bool) -> None:
    """Exit with 0 if the proxy of this host answers, with 1 if it does not.

    It is asked for a name of its own, so that it is well while Consul or an upstream is away. The
    settings are read as `seamark up` reads them: give it the same.
    """
    settings = source.settings
    if not registrar:
        checking.check([parse_endpoint(text, "listen") for text in settings.dns.listen])
        return
    checking.check_status(status_address(settings.http.listen))
