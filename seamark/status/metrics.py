"""The figures of this process in Prometheus' text format; docs/reference/metrics.md lists them."""

import platform
from collections.abc import Iterator

import gevent
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from seamark import __version__
from seamark.reloading import Reloads
from seamark.status.dns_metrics import DnsMetrics
from seamark.status.families import counter, gauge, number, patient
from seamark.status.health import Readiness
from seamark.status.parts import Parts
from seamark.status.registrar_metrics import CatalogMetrics, RegistrarMetrics


class Metrics(Collector):
    """Renders the metrics of one process; a registry of its own, nothing global."""

    def __init__(self, parts: Parts, reloads: Reloads | None = None) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Process(parts.readiness))
        if reloads is not None:
            self._registry.register(_Reloads(reloads))
        if parts.observer is not None:
            self._registry.register(DnsMetrics(parts.observer))
        if parts.registrar is not None:
            self._registry.register(RegistrarMetrics(parts.registrar))
        self._registry.register(CatalogMetrics(parts))

    def render(self, accept: str) -> tuple[bytes, str]:
        """The metrics and their content type, in the format that an Accept header prefers."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self), content_type

    def collect(self) -> Iterator[Metric]:
        """All of them; DNS has its turn while they are written out."""
        yield from map(patient, self._registry.collect())


class _Process(Collector):
    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def collect(self) -> Iterator[Metric]:
        labels = {
            "version": __version__,
            "python": platform.python_version(),
            "gevent": gevent.__version__,
        }
        build = {tuple(labels.values()): 1.0}
        yield gauge("seamark_build_info", "Always 1.", tuple(labels), build)
        yield gauge(
            "seamark_ready",
            "1 for a part that does what it is there for, as /ready tells it, else 0.",
            ("part",),
            {(part,): not why for part, why in self._readiness().items()},
        )


class _Reloads(Collector):
    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads

    def collect(self) -> Iterator[Metric]:
        yield counter(
            "seamark_reload_total",
            "Reloads of settings.",
            ("result",),
            {(result,): count for result, count in self._reloads.results.items()},
        )
        yield number(
            "seamark_reload_last_successful",
            "0 if the last reload failed and the settings before it are in force, else 1.",
            self._reloads.last_ok,
        )
        yield number(
            "seamark_reload_last_success_timestamp_seconds",
            "When the settings in force were read, since the epoch.",
            self._reloads.last_success,
        )
