"""What the status side tells of a real process: numbers, services, containers, zones."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.asking import ask
from tests.commands import Running
from tests.lab.consul import free_ports
from tests.seamark.containers import HIDDEN, ODD, SVC4
from tests.small_engine import running, small_engine
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

RECORD = "www.example. 60 A 192.0.2.7"


class Told:
    """What a process tells, and the process."""

    def __init__(self, running: Running, port: int) -> None:
        self.running = running
        self._port = port

    def get(self, path: str) -> Any:
        """The JSON of a path below /api/."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/{path}") as reply:
            return json.load(reply)

    def counted(self) -> int:
        """Questions, as the overview tells them."""
        return int(self.get("overview")["questions"]["total"])

    def ask(self, name: str, times: int = 1) -> None:
        """Ask for a name."""
        for _ in range(times):
            ask(self.running.port, name)


@pytest.fixture
def up(tmp_path: Path, waits: Waits) -> Iterator[Told]:
    """`seamark up` with three containers, three static services, and two upstreams, one dead."""
    (port,) = free_ports(1)
    with ExitStack() as stack:
        answers = running(SVC4, HIDDEN, ODD)
        engine = stack.enter_context(small_engine(tmp_path / "e.sock", answers))
        upstream = stack.enter_context(
            ScriptedUpstream(
                lambda query: [reply_to(query, "www.example. 60 A 192.0.2.7").to_wire()]
            )
        )
        flags = [
            "--listen",
            "127.0.0.1:0",
            "--http",
            f"127.0.0.1:{port}",
            "--docker",
            f"unix://{engine.path}",
        ]
        flags += ["--services", "conf/services.json", "--node", "n1", "--advertise", "192.168.1.9"]
        flags += ["--upstream", "127.0.0.1:9", "--upstream", upstream.address]
        told = Told(stack.enter_context(Running("seamark", "up", *flags)), port)
        waits.until("all were looked at", lambda: told.get("containers")["total"] == 3)
        yield told


def test_services_come_with_health_and_the_container_behind_them(up):
    """Static ones beside them, and the address that is found for each."""
    found = up.get("services")
    assert "the embedded catalog" == found["where"]
    instances = {one["name"]: one["instances"] for one in found["services"]}
    assert found["total"] == len(instances) == 5
    (svc4,) = instances["svc4"]
    assert {
        "node": "n1",
        "address": "192.168.1.9",
        "port": 8084,
        "health": "passing",
        "container": "svc4",
        "origin": "container",
    }.items() <= svc4.items()
    assert ("static", "") == (instances["svc1"][0]["origin"], instances["svc1"][0]["container"])


def test_services_are_found_by_name_and_bounded(up):
    """The total says how many there are."""
    assert ["svc4"] == [one["name"] for one in up.get("services?name=VC4")["services"]]
    few = up.get("services?limit=2")
    assert (5, 2) == (few["total"], sum(len(one["instances"]) for one in few["services"]))


def test_containers_that_are_left_out_come_first_with_the_reason(up):
    """As `seamark plan` says it."""
    first, *others = up.get("containers")["containers"]
    assert ("hidden", "nginx", []) == (first["name"], first["image"], first["services"])
    (left_out,) = first["left_out"]
    assert "80/tcp" == left_out["subject"]
    assert "published" in left_out["reason"]
    assert {"svc4": ["n1:svc4:8080"], "odd": ["n1:odd:80"]} == {
        one["name"]: one["services"] for one in others
    }


def test_the_overview_counts_what_there_is(up, waits: Waits):
    """And what is asked, within seconds."""
    first = up.get("overview")
    assert ("embedded", "n1") == (first["mode"], first["node"])
    assert [f"127.0.0.1:{up.running.port}"] == first["listen"]
    assert {"services": 5, "instances": 5} == first["catalog"]
    assert {"containers": 3, "left_out": 1} == first["registrar"]
    assert {"dns": "ready", "registrar": "ready"} == first["parts"]
    up.ask("svc4.service.consul", 10)
    waits.until(
        "they are counted", lambda: up.get("overview")["questions"]["total"] == 10, PATIENCE_S
    )
    found = up.get("overview")["questions"]
    assert found["per_s"] > 0
    assert (1.0, 0.0) == (found["from_memory"], found["failing"])
    assert 0 < found["p50_s"] <= found["p95_s"] < 1


def test_zones_and_upstreams_are_told_with_their_state(up):
    """The dead one is failing."""
    up.ask("www.example")
    found = up.get("zones")
    assert [("consul.", "embedded"), (".", "forward")] == [
        (zone["name"], zone["kind"]) for zone in found["zones"]
    ]
    dead, alive = found["upstreams"]
    assert ("127.0.0.1:9", "failing", 1, 1) == (
        *(dead["server"], dead["state"]),
        *(dead["questions"], dead["failed"]),
    )
    assert ("well", {"NOERROR": 1}) == (alive["state"], alive["outcomes"])
    assert alive["server"] == found["zones"][1]["servers"][1]


def test_the_history_has_a_column_for_all_that_is_counted(up, waits: Waits):
    """A step each ten seconds; what was asked is in it, and the catalog's changes."""
    up.ask("svc4.service.consul", 3)
    waits.until("a step is over", lambda: up.get("history")["times"], PATIENCE_S)
    found = up.get("history")
    steps = len(found["times"])
    columns = [*found["classes"].values(), *found["sources"].values(), *found["changes"].values()]
    columns += [found["answers"]["p50_s"], found["answers"]["p95_s"]]
    assert {steps} == {len(column) for column in columns}
    assert 3 == sum(found["classes"]["ok"])
    assert 3 == sum(found["sources"]["embedded"])


def test_a_proxy_alone_tells_of_no_container_and_no_service(waits: Waits):
    """404: there is no such part."""
    (port,) = free_ports(1)
    flags = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}", "--upstream", "127.0.0.1:9"]
    with Running("dnsproxy", *flags, "--consul-dns", "127.0.0.1:9") as running:
        told = Told(running, port)
        overview = told.get("overview")
        assert (None, None, "consul") == (
            overview["catalog"],
            overview["registrar"],
            overview["mode"],
        )
        for path in ("services", "containers"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                told.get(path)
        assert "consul" == told.get("zones")["zones"][0]["kind"]


def test_workers_are_told_of_as_one(waits: Waits):
    """Their counts add up, and their queries are found."""
    (port,) = free_ports(1)
    flags = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}", "--upstream", "127.0.0.1:9"]
    flags += ["--consul-dns", "127.0.0.1:9", "--workers", "2"]
    with Running("dnsproxy", *flags) as running:
        told = Told(running, port)
        told.ask("localhost", 6)
        waits.until(
            "all count", lambda: told.get("overview")["questions"]["total"] == 6, PATIENCE_S
        )
        assert [f"127.0.0.1:{running.port}"] == told.get("overview")["listen"]
        url = f"http://127.0.0.1:{port}/api/queries?name=localhost"
        with urllib.request.urlopen(url) as reply:
            assert 6 == len(reply.read().splitlines())
