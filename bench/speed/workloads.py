"""What is asked, and of what: one workload a section of the table."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.speed.behind import Catalog, Server, consul, upstream
from bench.speed.loading import Native

_TTL_S = 300
# As many as a quick server cannot ask for in the time.
_FRESH = 200_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a workload is made with."""

    native: Native
    consul: Path | None


@dataclass(frozen=True, slots=True)
class Workload:
    """One of them. ``catalog`` is Consul's; none, and an upstream stands behind the products.

    ``known``: each name was asked before. ``connections`` of TCP, none: UDP. ``remark`` is told
    where something was lost.
    """

    key: str
    title: str
    catalog: Catalog | None = None
    upstream_names: int = 0
    known: bool = True
    connections: int = 0
    remark: str = ""

    def names(self) -> list[str]:
        """What is asked, in the order in which it is asked."""
        if self.catalog is not None:
            return self.catalog.names
        if self.known:
            return [f"host{number}.example.net" for number in range(self.upstream_names)]
        # Without a seed: no run before this one has asked for them.
        labels = random.SystemRandom().sample(range(1 << 48), self.upstream_names)
        return [f"{label:012x}.example.net" for label in labels]

    @contextmanager
    def behind(self, parts: Parts) -> Iterator[Server]:
        """Its Consul or its upstream."""
        if self.catalog is None:
            with upstream(parts.native, _TTL_S) as server:
                yield server
        else:
            assert parts.consul is not None
            with consul(parts.consul, self.catalog) as server:
                yield server


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: rounds, seconds of each load, and how far the growth is followed."""

    rounds: int = 3
    warm_s: float = 1.5
    seconds: float = 3.0
    latency_s: float = 1.5
    many_names: tuple[int, ...] = (10, 1_000, 100_000)
    many_instances: tuple[int, ...] = (1, 10, 100)


QUICK = Extent(1, 1.5, 1.0, 1.0, (10, 1_000), (1, 10))
_THIRTY: Mapping[str, Any] = {"dns_config": {"service_ttl": {"*": "30s"}}}
_FORTY = Catalog(services=40, instances=2)


def workloads() -> list[Workload]:
    """All, in the order of the table."""
    kept = Catalog(services=40, instances=2, config=_THIRTY)
    return [
        Workload("a", "(a) Consul, TTL 0: 40 services of 2 instances", _FORTY),
        Workload("b", "(b) Consul, TTL 30 s: the same", kept),
        Workload("c", "(c) upstream, TTL 300 s: 200 names, all asked before", upstream_names=200),
        Workload(
            "d",
            "(d) upstream: names that were never asked before",
            upstream_names=_FRESH,
            known=False,
        ),
        Workload(
            "d",
            "(d) Consul, TTL 0: 10,000 names, each asked once (100 services, 100 tags each)",
            Catalog(services=100, tags=100),
            known=False,
        ),
        Workload(
            "e",
            "(e) TCP: the 200 names of (c), pipelined on 4 connections",
            upstream_names=200,
            connections=4,
            remark="lost is what was under way on a connection when the server closed it",
        ),
        Workload(
            "f",
            "(f) Consul, TTL 0: 1,000 services, an instance each, on 200 nodes",
            Catalog(services=1_000, nodes=200),
        ),
    ]


GROWTH = "growth"
KEYS = (*dict.fromkeys(workload.key for workload in workloads()), GROWTH)


def growth(extent: Extent) -> list[tuple[str, Workload]]:
    """What grows, one row each: more names, more instances a name."""
    names = [
        (f"{count:,} names", Workload(GROWTH, "names", upstream_names=count))
        for count in extent.many_names
    ]
    instances = [
        (f"{count} a name", Workload(GROWTH, "instances", Catalog(services=10, instances=count)))
        for count in extent.many_instances
    ]
    return names + instances
