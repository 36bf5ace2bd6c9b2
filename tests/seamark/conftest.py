"""An observer, and the status side that shows it."""

from collections.abc import Iterator

import pytest

from dnsproxy.edges.observer import Gauge, Observer
from dnsproxy.edges.querylog import QueryLog
from tests.seamark.status import Status
from tests.seamark.watched import Host


@pytest.fixture
def observer() -> Observer:
    """One that has everything, but for a query log that runs."""
    observer = Observer(lines=QueryLog("/dev/null"))
    observer.gauges[Gauge.MEMORY_BYTES] = lambda: {"answers": 4096, "denials": 512}
    observer.gauges[Gauge.MEMORY_LIMIT_BYTES] = lambda: {"answers": 8192, "denials": 8192}
    observer.gauges[Gauge.MEMORY_ENTRIES] = lambda: {"answers": 4, "denials": 1}
    observer.gauges[Gauge.UPSTREAM_SICK] = lambda: {"10.0.0.1:53": 1}
    observer.gauges[Gauge.UPSTREAM_LOOPED] = lambda: {"10.0.0.1:53": 0}
    observer.gauges[Gauge.WATCHES] = lambda: {"live": 3, "lost": 1}
    return observer


@pytest.fixture
def host() -> Host:
    """A host without containers."""
    return Host()


@pytest.fixture
def status(observer: Observer, host: Host) -> Iterator[Status]:
    """The status side of both."""
    status = Status(observer, registrar=host)
    status.server.start()
    yield status
    status.server.stop()
