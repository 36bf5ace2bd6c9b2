"""Metrics as the library wants them, from plain numbers. DNS has its turn while they are made."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from dnsproxy.core.tally import Histogram
from seamark.tuning import unhurried

T = TypeVar("T")
# Samples; to make or to write out so many takes less than a millisecond.
_PORTION = 100
# A histogram is some eighteen of them.
_HISTOGRAMS = 5

Labels = tuple[str, ...]


def counter(name: str, words: str, labels: Labels, counts: Mapping[Labels, float]) -> Metric:
    """What only grows; ``name`` is as it is scraped."""
    family = CounterMetricFamily(name.removesuffix("_total"), words, labels=labels)
    for values, count in unhurried(counts.items(), _PORTION):
        family.add_metric(values, count)
    return family


def gauge(name: str, words: str, labels: Labels, values: Mapping[Labels, float]) -> Metric:
    """What is so now."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for found, value in unhurried(values.items(), _PORTION):
        family.add_metric(found, value)
    return family


def number(name: str, words: str, value: float) -> Metric:
    """A gauge that is one number."""
    return gauge(name, words, (), {(): value})


def histogram(name: str, words: str, label: str, times: Mapping[str, Histogram]) -> Metric:
    """How long things took, by one label."""
    family = HistogramMetricFamily(name, words, labels=[label])
    for value, found in unhurried(times.items(), _HISTOGRAMS):
        family.add_metric([value], list(found.cumulative()), found.total_s)
    return family


def patient(family: Metric) -> Metric:
    """The same, written out with pauses."""
    family.samples = _Unhurried(family.samples)
    return family


class _Unhurried(list[T]):
    def __iter__(self) -> Iterator[T]:
        return unhurried(self[:], _PORTION)
