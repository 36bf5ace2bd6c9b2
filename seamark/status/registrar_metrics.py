"""The figures of the registrar, and of the catalog that it keeps true.

No label tells of a container, a service or a client: there is no bound to those.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from registrar.core.model import Note
from registrar.core.ownership import is_ours
from seamark.status.families import counter, gauge, number
from seamark.status.parts import Parts
from seamark.tuning import unhurried
from seamark.watched import Watched

if TYPE_CHECKING:
    from registrar.core.view import View

# To look at so many takes less than a millisecond; then DNS has its turn.
_PORTION = 500
_PORT = re.compile(r"\d+/\w+")


class RegistrarMetrics(Collector):
    """What is so now, and what was done since the start."""

    def __init__(self, registrar: Watched) -> None:
        self._registrar = registrar

    def collect(self) -> Iterator[Metric]:
        """All of them, one after the other."""
        view = self._registrar.view
        yield from _now(view)
        yield from _done(view)


class CatalogMetrics(Collector):
    """How much is in the catalog; nothing where this process keeps none."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """All of them, one after the other."""
        if self._parts.catalog is None:
            return
        size = self._parts.catalog.size()
        yield number(
            "seamark_catalog_services",
            "Services by name, in the embedded catalog or on the registrar's agent.",
            size.services,
        )
        yield number("seamark_catalog_instances", "Instances of these services.", size.instances)
        changes = self._parts.sampler.changes()
        yield counter(
            "seamark_catalog_changes_total",
            "Changes that this process made in the catalog.",
            ("change",),
            {(change,): count for change, count in changes.items()},
        )


def _now(view: "View") -> Iterator[Metric]:
    desired = view.state.desired
    yield number(
        "seamark_registrar_containers", "Running containers that are looked after.", len(desired)
    )
    registered = unhurried(view.services.values(), _PORTION)
    owned = sum(is_ours(service, view.host) for service in registered)
    yield number("seamark_registrar_services", "Instances that are registered by us.", owned)
    left_out = Counter(container=0, port=0, label=0)
    for one in unhurried(desired.values(), _PORTION):
        left_out.update(_kind(note) for note in one.notes if note.left_out)
    yield gauge(
        "seamark_registrar_left_out",
        "What is not registered: whole containers, ports, and labels that mean nothing.",
        ("kind",),
        {(kind,): count for kind, count in left_out.items()},
    )
    yield gauge(
        "seamark_registrar_reachable",
        "1 while the engine and the catalog do as they are asked, else 0.",
        ("part",),
        {(part,): not why for part, why in view.away.items()},
    )
    yield number(
        "seamark_registrar_last_comparison_timestamp_seconds",
        "When everything was compared last, since the epoch; 0: not yet.",
        view.counts.compared_at,
    )
    yield number(
        "seamark_registrar_resync_interval_seconds",
        "Seconds after which everything is compared again, as it is set.",
        view.resync_s,
    )


def _done(view: "View") -> Iterator[Metric]:
    counts = view.counts
    yield counter(
        "seamark_registrar_writes_total",
        "Writes to the catalog, each try, by what came of it.",
        ("kind", "result"),
        {(kind.value, result.value): tries for (kind, result), tries in counts.writes.items()},
    )
    yield counter(
        "seamark_registrar_comparisons_total",
        "Comparisons of everything.",
        ("result",),
        {(result,): count for result, count in counts.comparisons.items()},
    )
    yield counter(
        "seamark_registrar_events_total",
        "Events of the engine that named a container to look at.",
        (),
        {(): counts.events},
    )
    yield counter(
        "seamark_registrar_event_streams_total",
        "Streams of events that were opened, the first one included.",
        (),
        {(): counts.streams},
    )


def _kind(note: Note) -> str:
    if not note.subject:
        return "container"
    return "port" if _PORT.fullmatch(note.subject) else "label"
