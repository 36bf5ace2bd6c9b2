"""What the registrar's figures are while engine and catalog come and go, on a real process."""

import urllib.request
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands import Running
from tests.lab.consul import ConsulAgent, free_ports
from tests.monitoring.small_host import WITH_PORT, small_host
from tests.waits import PATIENCE_S, Waits

pytestmark = pytest.mark.lab

EVENT = {"Type": "container", "Action": "rename", "Actor": {"ID": WITH_PORT, "Attributes": {}}}


class Figures:
    """What a status side tells of its registrar."""

    def __init__(self, http: int) -> None:
        self._url = f"http://127.0.0.1:{http}/metrics"

    def __call__(self, name: str, *labels: str) -> float:
        """One sample, without `seamark_` and by its labels' values."""
        with urllib.request.urlopen(self._url, timeout=10) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        (found,) = [
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == f"seamark_{name}" and tuple(sample.labels.values()) == labels
        ]
        return found


def test_outages_of_the_catalog_are_in_the_figures(
    consul_binary: Path, tmp_path: Path, waits: Waits
):
    """And each try of a write; what is written is what is there."""
    (http,) = free_ports(1)
    with (
        small_host(tmp_path / "engine.sock") as engine,
        ConsulAgent(consul_binary, node="n1", persistent=True) as agent,
        Running(
            *("registrar", "-ttl", "60", "-ttl-refresh", "1", "-resync", "1"),
            *("--http", f"127.0.0.1:{http}", "--docker", f"unix://{engine.path}"),
            f"consul://{agent.http_address}",
            ready="status on ",
        ),
    ):
        of = Figures(http)

        def writes(kind: str, result: str) -> float:
            return of("registrar_writes_total", kind, result)

        waits.until("a heartbeat", lambda: writes("heartbeat", "ok") >= 1, PATIENCE_S)
        assert (1, 0) == (writes("register", "ok"), writes("deregister", "ok"))
        assert (2, 1) == (of("registrar_containers"), of("registrar_services"))
        assert (1, 1) == (of("ready", "registrar"), of("registrar_reachable", "catalog"))
        compared = of("registrar_last_comparison_timestamp_seconds")
        agent.stop()
        waits.until("it is missed", lambda: not of("registrar_reachable", "catalog"), PATIENCE_S)
        waits.until("a lost try", lambda: writes("heartbeat", "unavailable") >= 1, PATIENCE_S)
        waits.until(
            "a failed comparison",
            lambda: of("registrar_comparisons_total", "failed") >= 1,
            PATIENCE_S,
        )
        assert (0, 1) == (of("ready", "registrar"), of("registrar_reachable", "engine"))
        agent.start()
        waits.until("it is back", lambda: of("registrar_reachable", "catalog"), PATIENCE_S)
        waits.until(
            "a comparison",
            lambda: of("registrar_last_comparison_timestamp_seconds") > compared,
            PATIENCE_S,
        )
        assert 1 == of("ready", "registrar")


def test_events_and_outages_of_the_engine_are_in_the_figures(tmp_path: Path, waits: Waits):
    """A stream that ended is opened anew, and begins with the same event."""
    (http,) = free_ports(1)
    socket = tmp_path / "engine.sock"
    with Running(
        *("seamark", "up", "--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{http}"),
        *("--docker", f"unix://{socket}", "--node", "n1", "--upstream", "127.0.0.1:9"),
    ):
        of = Figures(http)

        def told(streams: int) -> bool:
            events, opened = of("registrar_events_total"), of("registrar_event_streams_total")
            return min(events, opened) >= streams

        waits.until("no engine", lambda: not of("registrar_reachable", "engine"), PATIENCE_S)
        assert 0 == of("registrar_last_comparison_timestamp_seconds")
        for streams in (1, 2):
            with small_host(socket, [EVENT]):
                waits.until("one service", lambda: of("catalog_instances") == 1, PATIENCE_S)
                waits.until("reached", lambda: of("registrar_reachable", "engine"), PATIENCE_S)
                waits.until("an event", partial(told, streams), PATIENCE_S)
            socket.unlink()
            waits.until("no engine", lambda: not of("registrar_reachable", "engine"), PATIENCE_S)
            assert (0, 1) == (of("ready", "registrar"), of("catalog_instances"))
