"""/api/queries over real HTTP: the newest queries, bounded, whatever is in them."""

import csv
import io
import json
from urllib.parse import quote

import pytest

from dnsproxy.core.exchange import Source
from dnsproxy.core.querylog import ReplyClass, Selection
from dnsproxy.edges.observer import Observer
from dnsproxy.edges.querylog import QueryLog
from tests.dnsproxy.exchanges import GOOD, HOSTILE, exchange
from tests.seamark.status import Status


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
        ("?client=172.17.0.4", ["gone.example.", "svc4.service.consul."]),
        ("?client=172.17.0.9", ["sick.example."]),
        ("?upstream=127.0.0.1:8600&class=ok", ["svc4.service.consul."]),
        ("?upstream=10.9.9.9", []),
        ("?source=nobody", ["sick.example."]),
        ("?source=nobody,upstream&class=servfail,ok", ["sick.example.", "svc4.service.consul."]),
        ("?since=1700000000.2&name=example", ["sick.example."]),
        ("?until=1700000000.2&name=example", ["gone.example."]),
        ("?since=1699999999&until=1700000001.5&name=sick", ["sick.example."]),
    ],
)
def test_queries_can_be_filtered(observer, status, parameters, expected):
    """By all that is shown; what is given holds together, and the limit counts what is found."""
    observer.record(exchange())
    observer.record(exchange(rcode=3, name=(b"gone", b"Example")))
    sick = {"source": Source.NOBODY, "server": "", "client": "172.17.0.9", "at": 1_700_000_001.0}
    observer.record(exchange(rcode=2, name=(b"sick", b"example"), **sick))
    observer.record(exchange(client="", server="", rcode=1, name=None, qtype=0))
    found = [str(found["name"]).lower() for found in status.queries(parameters)]
    assert expected == found


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_r11_a_hostile_name_is_shown_and_found_as_plain_text(observer, status, name):
    """Shown as it is logged, no tag in the raw body, and its own text finds it."""
    observer.record(exchange(name=name))
    _, headers, body = status.get("/api/queries")
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
        ("?source=sky", "Known sources: gate, hosts, special"),
        ("?since=nan", "since"),
        ("?until=soon", "until"),
        ("?format=xml", "Known formats: lines, csv."),
        (
            "?clas=ok",
            "Known parameters: limit, class, source, name, client, upstream, since, until, format.",
        ),
    ],
)
def test_a_parameter_that_says_nothing_is_refused(status, parameters, words):
    """400 with what is known; nothing of what was sent comes back."""
    code, headers, body = status.get(f"/api/queries{parameters}")
    assert 400 == code
    assert words in body
    assert "<" not in body
    assert "nosniff" == headers["X-Content-Type-Options"]


def test_queries_are_told_as_csv(observer, status):
    """A head line and the same fields, for a spreadsheet."""
    observer.record(exchange())
    observer.record(exchange(rcode=None, name=None))
    _, headers, body = status.get("/api/queries?format=csv")
    assert headers["Content-Type"].startswith("text/csv")
    assert "attachment" in headers["Content-Disposition"]
    found = list(csv.DictReader(io.StringIO(body)))
    assert ["", "svc4.service.consul."] == [row["name"] for row in found]
    assert {"truncated": "false", "size": "53", "type": "A"}.items() <= found[1].items()
    assert list(found[1]) == list(status.queries()[1])


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_cell_of_the_csv_is_a_formula(observer, status, name):
    """Excel and its kin run what begins with = + - @; an apostrophe makes it text again."""
    observer.record(exchange(name=name, zone="=zone", server="@server"))
    _, _, body = status.get("/api/queries?format=csv")
    assert body.replace("\r\n", "").isascii()
    assert body.replace("\r\n", "").isprintable()
    (row,) = csv.DictReader(io.StringIO(body))
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row["name"].removeprefix("'") == status.queries()[0]["name"]
