"""What /metrics tells of the registrar and its catalog, and that neither holds DNS up."""

from contextlib import nullcontext

import pytest

from catalog.errors import CatalogRefused, CatalogUnavailable
from registrar.core.counts import Counts, Write
from registrar.core.model import Note
from tests.dnsproxy.exchanges import exchange
from tests.seamark.status import counting_turns
from tests.seamark.watched import service

HOSTILE_NAME = 'x"}\nevil 1\n'


def test_metrics_tell_what_the_registrar_knows(host, status):
    """Of each container what is left out, by what it is; no other's service counts as ours."""
    host.runs("a", [Note("a", "81/tcp", "why"), Note("a", "80/tcp SERVICE_META", "why")])
    host.runs("b", [Note("b", "", "why"), Note("b", "SERVICE_NMAE", "why", left_out=False)])
    host.runs("c", [Note("c", "53/udp", "why")])
    host.state.registered(service("by hand", 81))
    host.away["catalog"] = "nobody answers"
    host.counts.streams, host.counts.events = 2, 7
    with host.counts.comparison(lambda: 1_700_000_000.5):
        pass
    found = status.samples()
    expected = {
        ("seamark_registrar_containers",): 3,
        ("seamark_registrar_services",): 4,
        ("seamark_registrar_left_out", "container"): 1,
        ("seamark_registrar_left_out", "port"): 2,
        ("seamark_registrar_left_out", "label"): 1,
        ("seamark_registrar_reachable", "engine"): 1,
        ("seamark_registrar_reachable", "catalog"): 0,
        ("seamark_registrar_last_comparison_timestamp_seconds",): 1_700_000_000.5,
        ("seamark_registrar_resync_interval_seconds",): 10,
        ("seamark_registrar_comparisons_total", "ok"): 1,
        ("seamark_registrar_comparisons_total", "failed"): 0,
        ("seamark_registrar_events_total",): 7,
        ("seamark_registrar_event_streams_total",): 2,
        ("seamark_catalog_services",): 1,
        ("seamark_catalog_instances",): 4,
        ("seamark_ready", "dns"): 1,
    }
    assert expected == {key: found.get(key) for key in expected}


@pytest.mark.parametrize("kind", Write)
@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, "ok"),
        (CatalogRefused("no", 403), "refused"),
        (CatalogUnavailable("nobody"), "unavailable"),
    ],
)
def test_a_write_is_one_sample_by_kind_and_result(host, status, kind, error, result):
    """And what it raised is raised."""
    before = status.samples()
    raised = nullcontext() if error is None else pytest.raises(type(error))
    with raised, host.counts.write(kind):
        if error is not None:
            raise error
    after = status.samples()
    grown = {key for key in after if key[0] == "seamark_registrar_writes_total" and after[key]}
    assert {("seamark_registrar_writes_total", str(kind), result)} == grown
    assert before.keys() == after.keys()


def test_a_comparison_that_fails_is_counted_and_is_not_the_last_complete_one():
    """Whatever failed it."""
    counts = Counts()
    with counts.comparison(lambda: 5.0):
        pass
    with pytest.raises(CatalogUnavailable), counts.comparison(lambda: 9.0):
        raise CatalogUnavailable("nobody")
    assert ({"ok": 1, "failed": 1}, 5.0) == (dict(counts.comparisons), counts.compared_at)


def test_no_container_and_no_service_is_a_label(host, status):
    """However many there are, and whatever they are called: the same series."""
    host.runs("a")
    before = status.samples().keys()
    for number in range(2000):
        name = f"{HOSTILE_NAME}{number}"
        host.runs(name, [Note(name, f"{number}/tcp", name), Note(name, name, name)])
    found = status.samples()
    assert before == found.keys()
    assert 2000 == found["seamark_registrar_left_out", "port"]
    assert 2000 == found["seamark_registrar_left_out", "label"]


@pytest.mark.parametrize("many", ["zones", "upstreams", "services"])
def test_dns_has_its_turn_while_metrics_are_made_and_written_out(host, observer, status, many):
    """As many as there can be of each: the loop turns in between, once for each portion."""
    parts = 900
    for number in range(parts):
        if many == "zones":
            observer.record(exchange(zone=f"z{number}."))
        elif many == "upstreams":
            observer.upstream(f"10.0.{number // 250}.{number % 250}:53", "NOERROR", 0.01)
        else:
            for port in range(10):
                host.state.registered(service(f"c{number}", port))
    with counting_turns() as turns:
        body = status.get("/metrics")[2]
    least = {
        "zones": 2 * parts / 100,
        "upstreams": parts / 5 + 18 * parts / 100,
        "services": 10 * parts / 500,
    }
    assert turns[0] >= least[many]
    assert body.endswith("\n")
