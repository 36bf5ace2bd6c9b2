"""The figures of the DNS half."""

from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from dnsproxy.core.tally import transport
from dnsproxy.edges.observer import Gauge
from seamark.dns_side import Observed
from seamark.status.families import counter, gauge, histogram, number

_GAUGES = {
    Gauge.MEMORY_BYTES: "What remembered answers and denials take, estimated.",
    Gauge.MEMORY_LIMIT_BYTES: "What remembered answers and denials may take.",
    Gauge.MEMORY_ENTRIES: "How many answers, denials and failures are remembered.",
    Gauge.UPSTREAM_SICK: "1 for an upstream that failed and has not answered since, else 0.",
    Gauge.WATCHES: "Services of Consul that are watched; lost: while nobody tells of changes.",
    Gauge.UPSTREAM_LOOPED: "1 for an upstream that asks us what we ask it, else 0.",
}
_BY_UPSTREAM = {Gauge.UPSTREAM_SICK, Gauge.UPSTREAM_LOOPED}


class DnsMetrics(Collector):
    """Of one process, or of all workers together."""

    def __init__(self, observer: Observed) -> None:
        self._observer = observer

    def collect(self) -> Iterator[Metric]:
        """All of them, one after the other."""
        yield from self._queries()
        yield from self._upstreams()
        yield from self._gauges()
        yield from self._query_log()

    def _queries(self) -> Iterator[Metric]:
        tally = self._observer.tally
        yield counter(
            "seamark_dns_queries_total",
            "Queries, by where their answer came from and what it was.",
            ("transport", "source", "class"),
            tally.queries(),
        )
        yield counter(
            "seamark_dns_replies_total", "Replies, by rcode.", ("rcode",), tally.replies()
        )
        yield counter(
            "seamark_dns_zone_queries_total",
            "Queries, by configured zone.",
            ("zone", "class"),
            tally.zones(),
        )
        yield counter(
            "seamark_dns_truncated_replies_total",
            "Replies with TC set.",
            ("transport",),
            {(transport(tcp=tcp),): count for tcp, count in tally.truncated.items()},
        )
        yield counter(
            "seamark_dns_limited_replies_total",
            "Queries over UDP beyond a client's rate, by what was done with them.",
            ("action",),
            {(action.value,): count for action, count in tally.limited.items()},
        )
        yield histogram(
            "seamark_dns_answer_duration_seconds",
            "From a query to its reply.",
            "source",
            {source.value: times for source, times in tally.answer_times.items()},
        )

    def _upstreams(self) -> Iterator[Metric]:
        tally = self._observer.tally
        yield counter(
            "seamark_dns_upstream_questions_total",
            "Questions to upstreams, by what came of them.",
            ("upstream", "outcome"),
            tally.outcomes,
        )
        yield counter(
            "seamark_dns_upstream_mismatches_total",
            "Packets from upstreams that were not the reply to what had been asked.",
            ("upstream",),
            tally.mismatches,
        )
        yield histogram(
            "seamark_dns_upstream_duration_seconds",
            "From a question to an upstream to its reply, of those that were answered.",
            "upstream",
            tally.upstream_times,
        )

    def _gauges(self) -> Iterator[Metric]:
        for kind, read in self._observer.gauges.items():
            label = "upstream" if kind in _BY_UPSTREAM else "kind"
            yield gauge(
                f"seamark_dns_{kind}",
                _GAUGES[kind],
                (label,),
                {(value,): size for value, size in read().items()},
            )

    def _query_log(self) -> Iterator[Metric]:
        yield number(
            "seamark_dns_query_log_ring_entries",
            "Exchanges that /api/queries can show.",
            self._observer.held,
        )
        lines = self._observer.lines
        if lines is None:
            return
        yield counter(
            "seamark_dns_query_log_lines_total",
            "Lines written to the query log.",
            (),
            {(): lines.lines},
        )
        yield counter(
            "seamark_dns_query_log_lost_total",
            "Lines lost: the queue was full, or they could not be written.",
            ("at",),
            {("queue",): lines.lost_waiting, ("disk",): lines.lost_writing},
        )
