"""The status side over real HTTP: metrics and the newest queries, bounded, whatever is in them."""

import http.client
import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import gevent
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.exchange import Source
from dnsproxy.core.querylog import ReplyClass, Selection
from dnsproxy.edges.observer import Gauge, Observer
from dnsproxy.edges.querylog import QueryLog
from seamark import web
from seamark.web import StatusServer
from tests.dnsproxy.exchanges import GOOD, HOSTILE, exchange

PAGE = Path("docs/reference/metrics.md").read_text()
HOSTILE_TEXT = 'x"}\n# TYPE evil counter\nevil{a="\\ \x1b[2J<b>\u202e\udcff'

T = TypeVar("T")
Answer = tuple[int, http.client.HTTPMessage, str]


class Status:
    """A status server in this process, asked by a thread while the loop turns."""

    def __init__(self, observer: Observer | None) -> None:
        self.server = StatusServer(Endpoint("127.0.0.1", 0), lambda: {"dns": ""}, observer)
        self._threads = ThreadPoolExecutor(1)

    def aside(self, task: Callable[[], T]) -> T:
        """Have a thread do what waits."""
        done = self._threads.submit(task)
        with gevent.Timeout(20):
            while not done.done():
                gevent.sleep(0.002)
        return done.result()

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Status, headers and body."""

        def ask() -> Answer:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            try:
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read().decode()
            finally:
                connection.close()

        return self.aside(ask)

    def queries(self, parameters: str = "") -> list[dict[str, Any]]:
        """What /queries shows."""
        status, _, body = self.get(f"/queries{parameters}")
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    def samples(self) -> dict[tuple[str, ...], float]:
        """Name and label values, by the labels' alphabet, of each sample -> its value."""
        _, _, body = self.get("/metrics")
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }


@pytest.fixture
def observer() -> Observer:
    """One that has everything, but for a query log that runs."""
    observer = Observer(lines=QueryLog("/dev/null"))
    observer.gauges[Gauge.MEMORY_BYTES] = lambda: {"answers": 4096, "denials": 512}
    observer.gauges[Gauge.MEMORY_ENTRIES] = lambda: {"answers": 4, "denials": 1}
    return observer


@pytest.fixture
def status(observer: Observer) -> Iterator[Status]:
    """Its status side."""
    status = Status(observer)
    status.server.start()
    yield status
    status.server.stop()


def test_metrics_count_what_the_observer_was_told(observer, status):
    """Through the library's own parser."""
    observer.record(exchange())
    observer.record(exchange(tcp=True, source=Source.MEMORY, rcode=3, truncated=True))
    observer.upstream("10.0.0.1:53", "NOERROR", 0.002)
    observer.upstream("10.0.0.1:53", "timeout", 0.9)
    found = status.samples()
    expected = {
        ("seamark_dns_queries_total", "ok", "upstream", "udp"): 1,
        ("seamark_dns_queries_total", "nxdomain", "memory", "tcp"): 1,
        ("seamark_dns_replies_total", "NXDOMAIN"): 1,
        ("seamark_dns_zone_queries_total", "ok", "consul."): 1,
        ("seamark_dns_truncated_replies_total", "tcp"): 1,
        ("seamark_dns_truncated_replies_total", "udp"): 0,
        ("seamark_dns_answer_duration_seconds_bucket", "0.00025", "upstream"): 0,
        ("seamark_dns_answer_duration_seconds_bucket", "0.0005", "upstream"): 1,
        ("seamark_dns_answer_duration_seconds_bucket", "+Inf", "upstream"): 1,
        ("seamark_dns_answer_duration_seconds_sum", "upstream"): GOOD.took,
        ("seamark_dns_answer_duration_seconds_count", "stale"): 0,
        ("seamark_dns_upstream_questions_total", "NOERROR", "10.0.0.1:53"): 1,
        ("seamark_dns_upstream_questions_total", "timeout", "10.0.0.1:53"): 1,
        ("seamark_dns_upstream_duration_seconds_count", "10.0.0.1:53"): 1,
        ("seamark_dns_memory_bytes", "answers"): 4096,
        ("seamark_dns_memory_entries", "denials"): 1,
        ("seamark_dns_query_log_ring_entries",): 2,
        ("seamark_dns_query_log_lines_total",): 0,
        ("seamark_dns_query_log_lost_total", "queue"): 0,
    }
    assert expected == {key: found[key] for key in expected}


def test_the_page_lists_every_metric_and_no_other(observer, status):
    """Name, type and labels, as they are scraped; a metric nobody can look up is noise."""
    observer.record(GOOD)
    observer.upstream("10.0.0.1:53", "NOERROR", 0.002)
    _, _, body = status.get("/metrics")
    scraped = {
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            frozenset(
                label for sample in family.samples for label in sample.labels if label != "le"
            ),
        )
        for family in text_string_to_metric_families(body)
    }
    rows = re.findall(r"^\| `([a-z_]+)` \| ([a-z]+) \| (.*?) ?\|", PAGE, re.MULTILINE)
    listed = {
        (name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows
    }
    assert listed == scraped
    assert len(rows) == len(listed)


def test_metrics_come_as_openmetrics_to_those_who_ask(observer, status):
    """Prometheus does; the format is strict, and its parser is too."""
    observer.record(GOOD)
    accept = "application/openmetrics-text;version=1.0.0"
    _, headers, body = status.get("/metrics", Accept=accept)
    assert "application/openmetrics-text" in headers["Content-Type"]
    assert "seamark_dns_queries" in {family.name for family in openmetrics(body)}
    _, headers, _ = status.get("/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_r11_no_name_and_no_client_is_a_label(observer, status):
    """However many there are: as many lines with ten thousand names as with one."""
    observer.record(exchange(client="203.0.113.77"))
    before = len(status.samples())
    for name in HOSTILE.values():
        observer.record(exchange(name=name))
    for number in range(10_000):
        observer.record(exchange(name=(b"n%d" % number,), client=f"2001:db8::{number:x}"))
    assert before == len(status.samples())
    _, _, body = status.get("/metrics")
    for word in ("203.0.113.77", "2001:db8", "n77.", "<", "svc4"):
        assert word not in body


def test_r11_a_hostile_zone_breaks_no_scrape(observer, status):
    """Zones are configured; but what is written there is not ours to trust either."""
    zone = HOSTILE_TEXT.replace("\udcff", "")
    observer.record(exchange(zone=zone))
    found = status.samples()
    assert 1 == found["seamark_dns_zone_queries_total", "ok", zone]
    assert not [key for key in found if key[0] == "evil"]


def test_queries_come_newest_first(observer, status):
    """What has just happened is what one looks for."""
    for number in range(5):
        observer.record(exchange(size=number))
    assert [4, 3, 2, 1, 0] == [found["size"] for found in status.queries()]
    assert [4, 3] == [found["size"] for found in status.queries("?limit=2")]


def test_queries_are_bounded_by_ring_and_limit():
    """Ten thousand recorded: 2000 kept, 100 shown unasked, 1000 at most."""
    observer = Observer()
    status = Status(observer)
    status.server.start()
    for number in range(10_000):
        observer.record(exchange(size=number))
    assert 2000 == observer.held == len(observer.newest())
    assert 100 == len(status.queries())
    last = status.queries("?limit=1000")
    assert list(range(9999, 8999, -1)) == [found["size"] for found in last]
    status.server.stop()


def test_a_ring_of_nothing_keeps_nothing():
    """`query_log_ring = 0`: all is counted, nothing is remembered."""
    observer = Observer(ring=0)
    observer.record(GOOD)
    assert [] == observer.newest()
    assert 1 == sum(observer.tally.queries().values())


def test_the_selection_holds_for_ring_and_lines_but_not_for_the_counters():
    """Metrics of a sample would be wrong by its share."""
    lines = QueryLog("/dev/null")
    observer = Observer(selection=Selection(1, [ReplyClass.NXDOMAIN]), lines=lines)
    for rcode in (0, 3, 0, 3, 2):
        observer.record(exchange(rcode=rcode))
    assert [3, 3] == [kept.rcode for kept in observer.newest()]
    assert 2 == len(lines._queue)
    assert 5 == sum(observer.tally.queries().values())


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("?class=nxdomain", ["gone.example."]),
        ("?class=nxdomain,servfail", ["sick.example.", "gone.example."]),
        ("?class=nxdomain&class=servfail", ["sick.example.", "gone.example."]),
        ("?name=SVC4", ["svc4.service.consul."]),
        ("?name=example.", ["sick.example.", "gone.example."]),
        ("?name=example&class=servfail", ["sick.example."]),
        ("?name=example&limit=1", ["sick.example."]),
        ("?name=%3Cscript", []),
        ("?name=%00&class=ok", []),
    ],
)
def test_queries_can_be_filtered(observer, status, parameters, expected):
    """By class and by a part of the name; the limit counts what is found."""
    observer.record(exchange())
    observer.record(exchange(rcode=3, name=(b"gone", b"Example")))
    observer.record(exchange(rcode=2, name=(b"sick", b"example")))
    observer.record(exchange(rcode=1, name=None, qtype=0))
    found = [str(found["name"]).lower() for found in status.queries(parameters)]
    assert expected == found


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_r11_a_hostile_name_is_shown_and_found_as_plain_text(observer, status, name):
    """Shown as it is logged, no tag in the raw body, and its own text finds it."""
    observer.record(exchange(name=name))
    _, headers, body = status.get("/queries")
    assert "application/x-ndjson" == headers["Content-Type"]
    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "default-src 'none'" == headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert body[:-1].isascii()
    assert body[:-1].isprintable()
    assert not set("<>&") & set(body)
    text = json.loads(body)["name"]
    assert [text] == [found["name"] for found in status.queries(f"?name={quote(text)}")]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?limit=-1", "limit"),
        ("?limit=%3Cb%3E", "limit"),
        ("?class=%3Cb%3E", "ok, nodata, nxdomain, servfail, refused, malformed, other"),
        ("?class=ok,OK", "ok, nodata, nxdomain"),
        ("?clas=ok", "Known parameters: limit, class, name."),
    ],
)
def test_a_parameter_that_says_nothing_is_refused(status, parameters, words):
    """400 with what is known; nothing of what was sent comes back."""
    code, headers, body = status.get(f"/queries{parameters}")
    assert 400 == code
    assert words in body
    assert "<" not in body
    assert "nosniff" == headers["X-Content-Type-Options"]


@pytest.mark.parametrize("path", ["/metrics", "/queries"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_status_side_is_read_only(observer, status, method, path):
    """405, and the ring is as it was."""
    observer.record(GOOD)
    assert 405 == status.get(path, method)[0]
    assert 1 == len(status.queries())


def test_without_a_dns_half_there_are_metrics_and_no_queries():
    """`registrar` alone."""
    status = Status(None)
    status.server.start()
    found = status.samples()
    assert ("seamark_build_info", 1) in {(key[0], value) for key, value in found.items()}
    assert not [key for key in found if key[0].startswith("seamark_dns")]
    assert 404 == status.get("/queries")[0]
    status.server.stop()


def test_dns_has_its_turn_while_queries_are_searched(status, observer):
    """A search of the whole ring for names that take longest to write out gives way in between."""
    longest = max(HOSTILE.values(), key=lambda name: sum(map(len, name)))
    for _ in range(2000):
        observer.record(exchange(name=longest))
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    watcher = gevent.get_hub().loop.prepare()
    watcher.start(turn)
    assert [] == status.queries("?name=nowhere")
    watcher.close()
    assert turns >= 2000 / 20


def test_r12_a_request_that_never_ends_is_hung_up_on(status, monkeypatch):
    """One byte now and then keeps no connection; nor does one that is never used."""
    monkeypatch.setattr(web, "REQUEST_S", 0.3)

    def dribble() -> bytes:
        with socket.create_connection(("127.0.0.1", status.server.port), timeout=5) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nX: ")
            client.settimeout(0.05)
            for _ in range(100):
                try:
                    client.sendall(b"y")
                    return client.recv(1)
                except TimeoutError:
                    continue
                except OSError:
                    return b""
            raise AssertionError("five seconds, and still connected")

    def sit() -> bytes:
        with socket.create_connection(("127.0.0.1", status.server.port), timeout=5) as client:
            return client.recv(1)

    assert b"" == status.aside(dribble)
    assert b"" == status.aside(sit)
    assert 200 == status.get("/health")[0]


def test_r12_a_client_that_does_not_read_is_hung_up_on(observer, status, monkeypatch, caplog):
    """It asks for megabytes and takes none."""
    monkeypatch.setattr(web, "REQUEST_S", 0.5)
    for _ in range(2000):
        observer.record(exchange(name=HOSTILE["as long as can be"]))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.connect(("127.0.0.1", status.server.port))
        client.sendall(b"GET /queries?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        with gevent.Timeout(10):
            while len(status.server._server.pool) == 0:
                gevent.sleep(0.01)
            while len(status.server._server.pool) > 0:
                gevent.sleep(0.01)
    assert 200 == status.get("/health")[0]
    assert [] == caplog.messages


def test_r12_no_more_connections_are_held_than_there_is_room_for(status, monkeypatch):
    """Those behind wait their turn, and it comes: nobody holds a place for ever."""
    monkeypatch.setattr(web, "REQUEST_S", 0.5)
    pool = status.server._server.pool
    with ExitStack() as held, gevent.Timeout(10):
        for _ in range(web.CLIENTS + 8):
            held.enter_context(socket.create_connection(("127.0.0.1", status.server.port)))
        while len(pool) < web.CLIENTS:
            gevent.sleep(0.01)
        gevent.sleep(0.05)
        assert len(pool) == web.CLIENTS
        assert 200 == status.get("/health")[0]
