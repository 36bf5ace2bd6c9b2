"""What a process is made of, as far as somebody may look at it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dnsproxy.edges.observer import Gauge
from seamark.dns_side import Dns, Observed
from seamark.status.health import Dead, Readiness
from seamark.status.sampling import Sampler
from seamark.status.services import ShownCatalog
from seamark.watched import Watched


@dataclass(frozen=True, slots=True)
class Parts:
    """What there is; what is None is not told of.

    ``node_name`` is what this host is called where no registrar knows it.
    """

    sampler: Sampler
    readiness: Readiness
    dead: Dead = list
    dns: Dns | None = None
    observer: Observed | None = None
    registrar: Watched | None = None
    catalog: ShownCatalog | None = None
    node_name: Callable[[], str] = str
    is_consuls: bool = False

    @property
    def node(self) -> str:
        """What the host is called."""
        return (self.registrar.view.host if self.registrar else "") or self.node_name()

    def gauge(self, gauge: Gauge) -> Mapping[str, float]:
        """What has a size now, by kind; nothing where there is none."""
        read = self.observer.gauges.get(gauge) if self.observer is not None else None
        return read() if read is not None else {}
