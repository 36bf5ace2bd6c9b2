"""The figures of this process in Prometheus' text format; docs/reference/metrics.md lists them."""

import platform
from collections.abc import Iterable, Iterator, Mapping

import gevent
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from dnsproxy.core.tally import Histogram, transport
from dnsproxy.edges.observer import Gauge
from seamark import __version__
from seamark.dns_side import Observed
from seamark.reloading import Reloads

_GAUGES = {
    Gauge.MEMORY_BYTES: "What remembered answers and denials take, estimated.",
    Gauge.MEMORY_ENTRIES: "How many answers, denials and failures are remembered.",
    Gauge.UPSTREAM_SICK: "1 for an upstream that failed and has not answered since, else 0.",
    Gauge.WATCHES: "Services of Consul that are watched; lost: while nobody tells of changes.",
    Gauge.UPSTREAM_LOOPED: "1 for an upstream that asks us what we ask it, else 0.",
}
_BY_UPSTREAM = {Gauge.UPSTREAM_SICK, Gauge.UPSTREAM_LOOPED}


class Metrics:
    """Renders the metrics of one process; a registry of its own, nothing global."""

    def __init__(self, observer: Observed | None, reloads: Reloads | None = None) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Build())
        if reloads is not None:
            self._registry.register(_Reloads(reloads))
        if observer is not None:
            self._registry.register(_Dns(observer))

    def render(self, accept: str) -> tuple[bytes, str]:
        """The metrics and their content type, in the format that an Accept header prefers."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type


class _Build(Collector):
    def collect(self) -> Iterator[Metric]:
        labels = {
            "version": __version__,
            "python": platform.python_version(),
            "gevent": gevent.__version__,
        }
        family = GaugeMetricFamily("seamark_build_info", "Always 1.", labels=list(labels))
        family.add_metric(list(labels.values()), 1)
        yield family


class _Reloads(Collector):
    def __init__(self, reloads: Reloads) -> None:
        self._reloads = reloads

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily("seamark_reload", "Reloads of settings.", labels=["result"])
        for result, count in self._reloads.results.items():
            family.add_metric([result], count)
        yield family
        yield GaugeMetricFamily(
            "seamark_reload_last_success_timestamp_seconds",
            "When the settings in force were read, since the epoch.",
            value=self._reloads.last_success,
        )


class _Dns(Collector):
    def __init__(self, observer: Observed) -> None:
        self._observer = observer

    def collect(self) -> Iterator[Metric]:
        yield from self._queries()
        yield from self._upstreams()
        yield from self._gauges()
        yield from self._query_log()

    def _queries(self) -> Iterator[Metric]:
        tally = self._observer.tally
        yield _counter(
            "queries",
            "Queries, by where their answer came from and what it was.",
            ("transport", "source", "class"),
            tally.queries(),
        )
        yield _counter("replies", "Replies, by rcode.", ("rcode",), tally.replies())
        yield _counter(
            "zone_queries", "Queries, by configured zone.", ("zone", "class"), tally.zones()
        )
        yield _counter(
            "truncated_replies",
            "Replies with TC set.",
            ("transport",),
            {(transport(tcp=tcp),): count for tcp, count in tally.truncated.items()},
        )
        yield _counter(
            "limited_replies",
            "Queries over UDP beyond a client's rate, by what was done with them.",
            ("action",),
            {(action.value,): count for action, count in tally.limited.items()},
        )
        yield _histogram(
            "answer_duration_seconds",
            "From a query to its reply.",
            "source",
            {source.value: times for source, times in tally.answer_times.items()},
        )

    def _upstreams(self) -> Iterator[Metric]:
        tally = self._observer.tally
        yield _counter(
            "upstream_questions",
            "Questions to upstreams, by what came of them.",
            ("upstream", "outcome"),
            tally.outcomes,
        )
        yield _counter(
            "upstream_mismatches",
            "Packets from upstreams that were not the reply to what had been asked.",
            ("upstream",),
            tally.mismatches,
        )
        yield _histogram(
            "upstream_duration_seconds",
            "From a question to an upstream to its reply, of those that were answered.",
            "upstream",
            tally.upstream_times,
        )

    def _gauges(self) -> Iterator[Metric]:
        for gauge, read in self._observer.gauges.items():
            labels = ["upstream" if gauge in _BY_UPSTREAM else "kind"]
            family = GaugeMetricFamily(f"seamark_dns_{gauge}", _GAUGES[gauge], labels=labels)
            for kind, value in read().items():
                family.add_metric([kind], value)
            yield family

    def _query_log(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "seamark_dns_query_log_ring_entries",
            "Exchanges that /api/queries can show.",
            value=self._observer.held,
        )
        lines = self._observer.lines
        if lines is None:
            return
        yield CounterMetricFamily(
            "seamark_dns_query_log_lines", "Lines written to the query log.", value=lines.lines
        )
        yield _counter(
            "query_log_lost",
            "Lines lost: the queue was full, or they could not be written.",
            ("at",),
            {("queue",): lines.lost_waiting, ("disk",): lines.lost_writing},
        )


def _counter(
    name: str, words: str, labels: Iterable[str], counts: Mapping[tuple[str, ...], int]
) -> Metric:
    family = CounterMetricFamily(f"seamark_dns_{name}", words, labels=list(labels))
    for values, count in counts.items():
        family.add_metric(list(values), count)
    return family


def _histogram(name: str, words: str, label: str, times: Mapping[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(f"seamark_dns_{name}", words, labels=[label])
    for value, histogram in times.items():
        family.add_metric([value], list(histogram.cumulative()), histogram.total_s)
    return family
