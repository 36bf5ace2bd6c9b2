"""The load generator, what is made of its counts, and the bench itself in short."""

import json
import math
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.speed import tally
from bench.speed.behind import Catalog, upstream
from bench.speed.loading import Load, Native, query, send, write_questions
from bench.speed.measure import Figures, write_files
from bench.speed.processes import Tree
from bench.speed.products import NAMES, find_products
from bench.speed.run import Choice
from bench.speed.workloads import Workload, workloads
from tests.commands import ROOT
from tests.lab.shell import LabError
from tests.waits import pause

_PLAIN = Figures(
    rate=100.0,
    cpu_us=10.0,
    p50_us=50.0,
    p99_us=90.0,
    sent=1000,
    lost=0,
    bad=0,
    last_bad_rcode=0,
    stray=0,
    closed=0,
    resident_mib=20.0,
    waited=0.25,
)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """The two programs; on whatever core is free, beside the other tests."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    return replace(Native.compiled(tmp_path_factory.mktemp("native")), core=None)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Fifty of them."""
    return write_questions(tmp_path / "questions", [f"host{one}.example.net" for one in range(50)])


@contextmanager
def answering(wrong: str) -> Iterator[int]:
    """A server that does one thing to the questions for w.example and is right about the rest."""

    def serve() -> None:
        while True:
            asked, client = server.recvfrom(512)
            if asked[2:] == query("end.example")[2:]:
                return
            reply = bytearray(asked + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc6\x33\x64\1")
            reply[2:4], reply[7] = b"\x81\x80", 1
            if query("w.example")[12:] in asked:
                _spoil(reply, wrong)
            if reply:
                server.sendto(reply, client)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.sendto(query("end.example"), server.getsockname())
            thread.join()


def _spoil(reply: bytearray, how: str) -> None:
    match how:
        case "says SERVFAIL":
            reply[3] |= 2
        case "has no answer":
            reply[7] = 0
        case "is of another id":
            reply[0] ^= 0x80
        case "is of another question":
            reply[13] = ord("v")
        case "never comes":
            reply.clear()


@pytest.mark.parametrize("connections", [0, 3])
def test_each_question_is_asked_once_and_answered(native, questions, connections):
    """Over UDP, and pipelined on TCP."""
    with upstream(native, 300) as server:
        counted = send(native, server.port, Load(questions, 30, connections=connections, once=True))
    assert (50, 50, 0, 0, 0) == (
        counted.sent,
        counted.answered,
        counted.bad,
        counted.lost,
        counted.stray,
    )
    assert 0 <= counted.p50_us <= counted.p99_us


@pytest.mark.parametrize("connections", [0, 3])
def test_by_the_clock_so_many_are_sent_as_are_due(native, questions, connections):
    """However fast the server is."""
    with upstream(native, 300) as server:
        load = Load(questions, 1, rate=2000, connections=connections)
        counted = send(native, server.port, load)
    assert 1900 <= counted.sent <= 2100
    assert counted.answered == counted.sent


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        # answered, bad, lost, stray
        ("says SERVFAIL", (3, 1, 0, 0)),
        ("has no answer", (3, 1, 0, 0)),
        ("is of another id", (3, 0, 1, 1)),
        ("is of another question", (3, 0, 1, 1)),
        ("never comes", (3, 0, 1, 0)),
    ],
)
def test_a_reply_that_is_wrong_is_no_answer(native, tmp_path, wrong, expected):
    """Of four questions one is answered wrongly, or not at all."""
    names = ["x.example", "w.example", "y.example", "z.example"]
    asked = write_questions(tmp_path / "asked", names)
    with answering(wrong) as port:
        counted = send(native, port, Load(asked, 30, window=4, once=True))
    assert expected == (counted.answered, counted.bad, counted.lost, counted.stray)


def test_the_floor_costs_processor_time_and_memory(native, questions):
    """Which is told of the process that answers."""
    products, missing = find_products(native, ("floor",))
    assert {} == missing
    with upstream(native, 0) as behind, products[0].start(behind) as server:
        pause(0.2)
        counted = send(native, server.port, Load(questions, 0.5, answers=0))
        tree = Tree(server.pid)
        assert counted.answered > 100
        assert tree.cpu_s() > 0
        assert tree.waited_s() > 0
        assert tree.resident_mib() > 0


def test_what_a_process_has_started_counts_with_it():
    """A server that takes each connection in a process of its own is no cheaper for it."""
    words = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", words], stdin=subprocess.PIPE) as parent:
        tree = Tree(parent.pid)
        for _ in range(200):
            if len(tree.pids()) == 2:
                break
            pause(0.05)
        assert 2 == len(tree.pids())
        parent.communicate(b"\n")


def test_names_that_were_never_asked_are_in_one_file_only(tmp_path):
    """And no two are the same."""
    fresh = Workload("d", "", upstream_names=1500, known=False)
    files = write_files(fresh, tmp_path)
    frame = len(query(fresh.names()[0])) + 2
    texts = [files.many.read_bytes(), files.one_by_one.read_bytes()]
    frames = [[text[at : at + frame] for at in range(0, len(text), frame)] for text in texts]
    assert [500, 1000] == [len(one) for one in frames]
    assert 1500 == len({*frames[0], *frames[1]})


def test_a_catalog_has_each_instance_on_one_of_its_nodes():
    """With an address that is its own."""
    bodies = [json.loads(body) for body in Catalog(40, instances=2, nodes=7, tags=3).bodies()]
    assert 80 == len(bodies) == len({body["Service"]["Address"] for body in bodies})
    assert 7 == len({body["Node"] for body in bodies}) == len({body["Address"] for body in bodies})
    assert 120 == len({*Catalog(40, tags=3).names})


def test_figures_are_medians_and_ratios_are_taken_within_a_round():
    """A machine that slows down meets both halves of a ratio."""
    rounds = {
        "seamark": [replace(_PLAIN, rate=rate) for rate in (200.0, 20.0, 300.0)],
        "dnsmasq": [replace(_PLAIN, rate=rate) for rate in (100.0, 10.0, 200.0)],
        "unbound": [replace(_PLAIN, rate=1.0)] * 3,
        "floor": [replace(_PLAIN, cpu_us=4.0)] * 3,
    }
    made = tally.section("Title", rounds, one_by_one=False, remarks=["said besides"])
    assert {"seamark": "200", "dnsmasq": "100", "unbound": "1", "floor": "100"} == (
        made.rows[0].values
    )
    assert [
        "seamark: 2.00 x the q/s of the best other, dnsmasq; 2.50 x the CPU of the floor",
        "said besides",
    ] == made.remarks


def test_what_is_lost_bad_stray_or_closed_is_shown():
    """All but the first only where there were any."""
    spoilt = replace(_PLAIN, lost=2, bad=3, last_bad_rcode=2, stray=1, closed=10)
    made = tally.section("", {"a": [spoilt, spoilt], "b": []}, one_by_one=True, remarks=[])
    words = {row.figure: row.values for row in made.rows}
    assert {"a": "4 of 2,000", "b": "-"} == words["lost"]
    assert "6 of 2,000" == words["bad replies"]["a"]
    assert "2 of 2,000" == words["stray replies"]["a"]
    assert "after 100" == words["closes a connection"]["a"]
    assert ["a: the last bad reply had rcode 2"] == made.remarks
    plain = tally.section("", {"a": [_PLAIN]}, one_by_one=True, remarks=[])
    assert "lost" in [row.figure for row in plain.rows]
    assert "bad replies" not in [row.figure for row in plain.rows]


def test_a_product_without_one_good_answer_has_no_figures():
    """Nor a ratio."""
    nothing = replace(_PLAIN, rate=0.0, cpu_us=math.nan, p50_us=math.nan, p99_us=math.nan)
    made = tally.section(
        "", {"seamark": [_PLAIN], "dnsmasq": [nothing]}, one_by_one=False, remarks=[]
    )
    assert "-" == made.rows[1].values["dnsmasq"]
    assert ["seamark: - x the q/s of the best other, dnsmasq"] == made.remarks


@pytest.mark.parametrize("chosen", [{"only": ("z",)}, {"products": ("seamark", "bind")}])
def test_what_is_not_known_cannot_be_chosen(chosen):
    """And the words say what can."""
    with pytest.raises(LabError, match="use some of"):
        Choice(**chosen)


def test_what_cannot_be_had_is_named_with_the_reason(native, monkeypatch):
    """It is never left out without a word."""

    def absent() -> Path:
        raise LabError("no Go here\nand more")

    monkeypatch.setattr("bench.speed.products.find_coredns", absent)
    products, missing = find_products(native, ("coredns", "floor"))
    assert ["floor"] == [product.name for product in products]
    assert {"coredns": "no Go here"} == missing


def test_the_page_tells_of_every_workload_and_product():
    """What is measured, and beside what."""
    page = (ROOT / "docs/explanation/speed.md").read_text()
    assert [] == [one.key for one in workloads() if f"({one.key})" not in page]
    assert [] == [name for name in NAMES if name not in page.lower()]


@pytest.mark.lab
def test_one_command_measures_and_tells(tmp_path: Path):
    """The whole way, of one workload and two products."""
    figures = tmp_path / "figures.json"
    words = ["--quick", "--only", "a", "--products", "seamark,floor", "--json", str(figures)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", "speed", *words],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=100,
    )
    assert 0 == done.returncode, done.stderr
    assert "(a) Consul, TTL 0" in done.stdout
    assert "x the CPU of the floor" in done.stdout
    (section,) = json.loads(figures.read_text())["sections"]
    raw = {row["figure"]: row["raw"] for row in section["rows"]}
    assert {"seamark", "floor"} == set(raw["q/s"])
    assert min(raw["q/s"]["floor"][0], raw["q/s"]["seamark"][0]) > 0
    assert {"seamark", "floor"} == set(raw["lost"])
