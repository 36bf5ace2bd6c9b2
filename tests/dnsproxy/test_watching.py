"""What the real process tells of the queries that it answered."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dns.message
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dnsproxy.core.access import AllowList
from dnsproxy.core.exchange import Source
from dnsproxy.core.records import Reply
from dnsproxy.core.wire import Question, Rcode
from dnsproxy.core.zones import ZoneTable
from dnsproxy.edges.observer import Observer
from dnsproxy.proxy import DnsProxy, ProxyOptions
from dnsproxy.resolver import Resolver, Routes
from tests.asking import ask, rcode
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import scene
from tests.waits import Waits

FLAGS = ["--listen", "127.0.0.1:0", "--services", "conf/services.json", "--node", "n1"]
FLAGS += ["--advertise", "10.1.0.1", "--upstream", "127.0.0.1:9"]
NAME = "svc1.service.consul"


@pytest.fixture
def http() -> int:
    """A port for the status side."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the query log is written."""
    return tmp_path / "queries.log"


@pytest.fixture
def proxy(http: int, log: Path) -> Iterator[Running]:
    """A proxy with an embedded catalog, a status side and a query log."""
    where = ["--http", f"127.0.0.1:{http}", "--query-log", str(log)]
    with Running("dnsproxy", *FLAGS, *where) as running:
        yield running


def get(http: int, path: str) -> str:
    """What the status side says."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/{path}") as answer:
        return str(answer.read().decode())


def test_queries_are_logged_shown_and_counted(proxy, http, log, waits: Waits):
    """The same three in the file, in the ring and in the metrics."""
    ask(proxy.port, NAME)
    ask(proxy.port, f"no-such.{NAME}", tcp=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(query_wire(NAME)[:-1], ("127.0.0.1", proxy.port))
        client.recv(512)
    told = waits.until("written", lambda: len(read(log)) == 3 and read(log))
    shown = [json.loads(line) for line in get(http, "api/queries").splitlines()]
    assert told == shown[::-1]
    seen = [(one["transport"], one["source"], one["class"], one["name"]) for one in told]
    assert [
        ("udp", "embedded", "ok", f"{NAME}."),
        ("tcp", "embedded", "nxdomain", f"no-such.{NAME}."),
        ("udp", "gate", "malformed", None),
    ] == seen
    counted = {
        tuple(sample.labels[label] for label in ("transport", "source", "class")): sample.value
        for family in text_string_to_metric_families(get(http, "metrics"))
        for sample in family.samples
        if sample.name == "seamark_dns_queries_total"
    }
    assert {(one["transport"], one["source"], one["class"]): 1 for one in told} == counted


def test_an_upstream_that_does_not_answer_is_counted(proxy, http):
    """Port 9 of this host is nobody: unreachable, and the query is nobody's."""
    ask(proxy.port, "www.example.com")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(get(http, "metrics"))
        for sample in family.samples
    }
    outcome = ("seamark_dns_upstream_questions_total", "127.0.0.1:9", "unreachable")
    assert samples[outcome] >= 1
    assert 1 == samples["seamark_dns_queries_total", "nobody", "servfail", "udp"]
    assert 0 == samples["seamark_dns_memory_entries", "answers"]


def test_an_alias_that_leads_to_nothing_is_nodata(http):
    """Its CNAME is a record of the answer, and none that was asked for (RFC 2308 2.2)."""
    told = {"ext.service.consul": ["ext.service.consul. 0 CNAME www.example."]}
    outside = {"www.example": ["www.example. 60 A 192.0.2.1"]}
    with scene(told, outside, "--http", f"127.0.0.1:{http}") as running:
        for qtype in ("A", "MX", "CNAME"):
            ask(running.port, "ext.service.consul", qtype)
        newest = [json.loads(line) for line in get(http, "api/queries").splitlines()]
    assert [("CNAME", "ok"), ("MX", "nodata"), ("A", "ok")] == [
        (one["type"], one["class"]) for one in newest
    ]


def test_a_query_log_that_cannot_be_written_costs_no_answer(http):
    """The folder is not there: said at the start, and DNS runs."""
    where = ["--http", f"127.0.0.1:{http}", "--query-log", "/nowhere/queries.log"]
    with Running("dnsproxy", *FLAGS, *where) as running:
        assert 1 == len(ask(running.port, NAME).answer)
    assert "query log: cannot write to /nowhere/queries.log: No such file" in running.log_at_end
    assert "query log: 1 lost: cannot write to /nowhere/queries.log" in running.log_at_end


def test_the_settings_of_the_query_log_reach_it(http, log):
    """Only failures; the ring remembers one, and of what it has lost a few are kept for an hour."""
    where = ["--http", f"127.0.0.1:{http}", "--query-log", str(log)]
    variables = {"SEAMARK_QUERY_LOG_CLASSES": "nxdomain", "SEAMARK_QUERY_LOG_RING": "1"}
    variables |= {"SEAMARK_QUERY_LOG_SAMPLE": "0.5"}
    with Running("dnsproxy", *FLAGS, *where, faults_expected=False, **variables) as running:
        for number in range(4):
            ask(running.port, NAME)
            ask(running.port, f"n{number}.service.consul")
        shown = [json.loads(line)["name"] for line in get(http, "api/queries").splitlines()]
        assert ["n2.service.consul.", "n0.service.consul."] == shown
        assert "seamark_dns_query_log_ring_entries 1.0" in get(http, "metrics")
    names = [one["name"] for one in read(log)]
    assert ["n0.service.consul.", "n2.service.consul."] == names


def read(log: Path) -> list[dict[str, object]]:
    """The lines of the log so far."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_a_fault_of_ours_is_an_answer_and_is_told():
    """It costs the client its answer, and nobody has to wonder where the query went."""

    def broken(question: Question) -> Reply | None:
        raise ZeroDivisionError

    seen = Observer()
    resolver = Resolver(lambda client: Routes(ZoneTable([]), hosts=broken))
    proxy = DnsProxy([], resolver, ProxyOptions(AllowList()), seen)
    reply = proxy.accept(query_wire(NAME), "127.0.0.1", tcp=False)
    assert isinstance(reply, bytes)
    assert "SERVFAIL" == rcode(dns.message.from_wire(reply))
    assert [(Rcode.SERVFAIL, Source.NOBODY)] == [(one.rcode, one.source) for one in seen.newest()]
