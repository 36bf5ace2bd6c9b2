"""/metrics over real HTTP: what is counted, under which names, whatever is in the names."""

import re
from pathlib import Path

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families

from dnsproxy.core.exchange import Source
from tests.dnsproxy.exchanges import GOOD, HOSTILE, exchange

PAGE = Path("docs/reference/metrics.md").read_text()
# Seconds, bytes and ratios are Prometheus' own.
OTHER_UNITS = {"ms", "us", "milliseconds", "minutes", "hours", "days", "kb", "mb", "mib", "percent"}
HOSTILE_TEXT = 'x"}\n# TYPE evil counter\nevil{a="\\ \x1b[2J<b>\u202e\udcff'


def test_metrics_count_what_the_observer_was_told(observer, status):
    """Through the library's own parser."""
    observer.record(exchange())
    observer.record(exchange(tcp=True, source=Source.MEMORY, rcode=3, truncated=True))
    observer.upstream("10.0.0.1:53", "NOERROR", 0.002)
    observer.upstream("10.0.0.1:53", "timeout", 0.9)
    observer.mismatched("10.0.0.1:53")
    observer.mismatched("10.0.0.1:53")
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
        ("seamark_dns_upstream_mismatches_total", "10.0.0.1:53"): 2,
        ("seamark_dns_upstream_sick", "10.0.0.1:53"): 1,
        ("seamark_dns_upstream_looped", "10.0.0.1:53"): 0,
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
    observer.mismatched("10.0.0.1:53")
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


def test_names_are_as_prometheus_users_expect_them(observer, status):
    """A prefix, base units at the end, `_total` of counters alone, a sentence of help."""
    observer.record(GOOD)
    body = status.get("/metrics")[2]
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", body, re.MULTILINE))
    helps = dict(re.findall(r"^# HELP (\S+) (.+)$", body, re.MULTILINE))
    assert kinds.keys() == helps.keys()
    for name, kind in kinds.items():
        assert re.fullmatch(r"(seamark|process)(_[a-z]+)+", name), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert not OTHER_UNITS & set(name.split("_")), name
        assert (kind == "histogram") <= name.endswith("_duration_seconds"), name
        assert helps[name].endswith("."), name
    assert {"counter", "gauge", "histogram"} == set(kinds.values())


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
