"""`seamark check`: what is wrong with the settings, and with what is around them."""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from seamark.bottom import BOTTOM
from seamark.checks.findings import Finding, State, summary
from seamark.checks.survey import Survey
from seamark.colours import wanted
from seamark.errors import SettingsError, StartError
from seamark.flags import COMMON, DNS, LIFE, REGISTRAR, STATUS, takes
from seamark.helping import Command

if TYPE_CHECKING:
    from seamark.checks.environment import Looks

_AGAIN_S = 0.25


@click.command(cls=Command, short_help="Say what is wrong with settings and surroundings.")
@takes(DNS, REGISTRAR, STATUS, LIFE, COMMON, reader=Survey)
@click.option("--offline", is_flag=True, help="Look at the settings alone.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.argument("registry", metavar="[REGISTRY_URI]", default="")
def check(source: Survey, *, offline: bool, as_json: bool) -> None:
    """Look for what would keep `seamark up` from working, given the same. Changes nothing.

    \b
    seamark check                                  one host, embedded catalog
    seamark check consul://127.0.0.1:8500          one host of many
    seamark check --offline                        the settings alone

    Exit 0 if all is well, warnings or not; 1 if something around it failed; 2 for the settings.
    """  # noqa: D301  (click wants the character itself)
    from seamark.checks.environment import Looks
    from seamark.checks.settings import check_settings

    environment = dict(os.environ)
    settled = check_settings(source, environment)
    wrong = _failed(settled)
    around = Looks(source.settings, environment) if not offline and not wrong else None
    found = list(settled if as_json else _shown(settled))
    if around is not None:
        with _waiting(around):
            coming = around.findings()
            found += coming if as_json else _shown(coming)
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in found], indent=2))
    click.echo(summary(found), err=True)
    if wrong:
        sys.exit(SettingsError.exit_code)
    if _failed(found):
        sys.exit(StartError.exit_code)


def _failed(findings: Iterable[Finding]) -> bool:
    return any(finding.state is State.FAIL for finding in findings)


def _shown(findings: Iterable[Finding]) -> Iterator[Finding]:
    coloured = wanted(sys.stdout)
    for finding in findings:
        # On one terminal with what is said of those that are still to come.
        with BOTTOM.aside():
            for line in finding.lines(coloured=coloured):
                click.echo(line, color=True)
        yield finding


@contextlib.contextmanager
def _waiting(looks: "Looks") -> Iterator[None]:
    """At a terminal, say after a second what is looked at still; nothing of it stays."""
    import gevent

    from seamark.progress import AFTER_S

    telling = gevent.spawn_later(AFTER_S, _tell, looks)
    try:
        yield
    finally:
        telling.kill()
        BOTTOM.erase()


def _tell(looks: "Looks") -> None:
    import gevent

    while parts := looks.unfinished:
        BOTTOM.show(f"looking at {', '.join(parts)}")
        gevent.sleep(_AGAIN_S)
