"""Where DNS is answered: in this process, or in workers of its own."""

import os

from catalog.embedded import EmbeddedCatalog
from catalog.uri import Registry
from dnsproxy.edges.observer import Observer
from seamark import wiring
from seamark.crew import Crew
from seamark.crew_observer import CrewObserver
from seamark.dns_half import DnsHalf, Surroundings
from seamark.errors import SettingsError
from seamark.inherited import inherited
from seamark.settings import Settings

# Whatever answers, and whoever tells of it.
Dns = DnsHalf | Crew
Observed = Observer | CrewObserver


def dns_side(
    settings: Settings,
    embedded: EmbeddedCatalog | None,
    registry: Registry | None,
    *,
    apart: bool,
) -> tuple[Dns, Observed]:
    """``apart``: this process has other work, which is to hold up no answer.

    An embedded catalog is in this process, and so are its answers. Raises SettingsError.
    """
    count = settings.dns.workers
    if embedded is not None and count > 1:
        raise SettingsError(
            f"workers: {count} of them cannot answer from a catalog that is embedded in one",
            "name a Consul, or leave --workers out",
        )
    sockets = inherited(os.environ)
    if embedded is None and (apart or count > 1):
        together = CrewObserver()
        around = Surroundings(None, registry, Observer(ring=0), os.environ, sockets)
        crew = Crew(settings, around, count, together.ended)
        together.follow(crew.reports, crew.search)
        return crew, together
    observer = wiring.observer(settings)
    around = Surroundings(embedded, registry, observer, os.environ, sockets)
    return DnsHalf(settings, around), observer
