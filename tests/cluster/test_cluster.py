"""The article's story across hosts, and what its containers see when parts of it fail."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import NAMES, Cluster, cluster
from tests.cluster.faults import (
    RATE,
    SHORT,
    Fault,
    Seen,
    agent_killed,
    agent_restarted,
    host_cut_off,
    leader_lost,
    play,
    server_killed,
    settle,
)
from tests.cluster.verdict import NOERROR, NXDOMAIN, Outcome, Question
from tests.commands import ROOT
from tests.lab.fixtures import or_fail
from tests.pages import lines, transcript
from tests.waits import LIMIT_S, PATIENCE_S, Waits

PAGE = (ROOT / "docs/how-to/three-hosts.md").read_text()
# Three engines that have no image yet start with the first test.
pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=[1, 3], ids=["one server", "three servers"])
def made(request: pytest.FixtureRequest, consul_binary: Path) -> Iterator[Cluster]:
    """The hosts, with svc1 to svc3."""
    with or_fail(), cluster(consul_binary, servers=request.param) as hosts:
        hosts.start_services()
        yield hosts


def comparable(printed: str) -> list[str]:
    """Lines by their words; an engine gives what address it likes, and Consul's TXT differs."""
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    kept = [line for line in lines if " IN TXT " not in line]
    return [re.sub(r"172\.17\.0\.\d+", "172.17.0.N", line) for line in kept]


def test_the_articles_story(made: Cluster, waits: Waits) -> None:
    """Command by command, each true within two seconds."""
    settle(made)
    try:
        for node, command, expected in transcript(PAGE, "$ "):
            _step(made, node, command, comparable("\n".join(expected)), waits)
    finally:
        made["node3"].engine.docker("rm", "-f", "svc4", check=False)


def _step(made: Cluster, node: str, command: str, expected: list[str], waits: Waits) -> None:
    words = shlex.split(command)
    if words[:2] in (["docker", "kill"], ["docker", "run"]) and not expected:
        made[node].engine.docker(*words[1:])
        return
    # A container that runs need not serve yet: its interpreter takes a moment to start.
    limit_s = PATIENCE_S if "curl -s" in command else LIMIT_S
    said = ""

    def same() -> bool:
        nonlocal said
        said = made[node].run(*words)
        return comparable(said) == expected

    try:
        waits.until(f"{node}$ {command}", same, limit_s)
    finally:
        print(said)


def test_no_command_of_the_page_goes_untested() -> None:
    """The console block is played above."""
    cut = "ip -n seamark-lan link set node3"
    assert ["make cluster", f"{cut} down", f"{cut} up"] == lines(PAGE, "sh")


def test_nothing_outside_can_be_reached(made: Cluster) -> None:
    """No host knows a way out, and so no container."""
    for host in made.hosts.values():
        assert "[]" == host.run("ip", "-json", "route", "show", "default").strip()
    curl = ["run", "--rm", "curl", "curl", "-sS", "-m", "3", "http://198.51.100.1/"]
    said = made["node1"].engine.docker(*curl, check=False)
    assert said.returncode in {7, 28}, said.stderr


def watched(made: Cluster, fault: Callable[[Cluster], Fault]) -> Seen:
    """What must hold whatever breaks: no answer gets lost, and in the end all are right."""
    seen = play(made, fault(made), SHORT)
    for node, tally in seen.tallies.items():
        print(node, tally)
        assert tally.asked > RATE
        assert 0 == tally.counts[Outcome.WRONG]
        assert [] == failed_after_an_address(seen.questions[node])
        last = {question.name: question for question in seen.questions[node]}
        assert NAMES == {name: next(iter(one.addresses), "") for name, one in last.items()}
    return seen


def failed_after_an_address(questions: list[Question]) -> list[Question]:
    """Those without an answer of which an address was told before.

    What Consul has denied it may not know a moment later, while its servers find each other again.
    """
    told: dict[str, bool] = {}
    found = []
    for question in sorted(questions, key=lambda question: question.at):
        if question.rcode not in {NOERROR, NXDOMAIN} and told.get(question.name):
            found.append(question)
        else:
            told[question.name] = bool(question.addresses)
    return found


def denied_while_broken(seen: Seen, node: str) -> set[str]:
    """Names that were denied there before the fault was mended."""
    end = seen.broken + seen.mended_s
    asked = [one for one in seen.questions[node] if seen.broken <= one.at < end]
    return {one.name for one in asked if not one.addresses}


@pytest.mark.parametrize("made", [1], ids=["one server"], indirect=True)
def test_a_host_is_cut_off(made: Cluster) -> None:
    """There all names keep their addresses; elsewhere its own services go when it is noticed."""
    seen = watched(made, host_cut_off)
    assert set() == denied_while_broken(seen, "node3")
    for node in ("node1", "node2"):
        assert {"svc3.service.consul"} == seen.tallies[node].stale
        assert {"svc3.service.consul"} == denied_while_broken(seen, node)


@pytest.mark.parametrize("made", [1], ids=["one server"], indirect=True)
def test_the_server_is_killed(made: Cluster) -> None:
    """Nobody is told less than before, and who is told what was last known can see it."""
    seen = watched(made, server_killed)
    for node, tally in seen.tallies.items():
        assert set() == denied_while_broken(seen, node)
        assert tally.marked > 0


@pytest.mark.parametrize("made", [1], ids=["one server"], indirect=True)
def test_an_agent_is_killed(made: Cluster) -> None:
    """On its host all names keep their addresses; others lose its services, as Consul sees it."""
    seen = watched(made, agent_killed)
    assert set() == denied_while_broken(seen, "node2")
    assert seen.tallies["node2"].marked > 0
    for node in ("node1", "node3"):
        assert denied_while_broken(seen, node) <= {"svc2.service.consul"}


@pytest.mark.parametrize("made", [1], ids=["one server"], indirect=True)
def test_an_agent_is_restarted(made: Cluster) -> None:
    """Nobody sees it: with the settings of conf/cluster it does not say goodbye."""
    seen = watched(made, agent_restarted)
    for tally in seen.tallies.values():
        assert tally.asked == tally.counts[Outcome.RIGHT]


@pytest.mark.parametrize("made", [3], ids=["three servers"], indirect=True)
def test_the_leader_is_lost(made: Cluster) -> None:
    """The others elect another; only the services of its host go, as Consul sees it."""
    lost = made.leader().node
    seen = watched(made, leader_lost)
    assert set() == denied_while_broken(seen, lost)
    for node in set(made.hosts) - {lost}:
        assert denied_while_broken(seen, node) <= {made[lost].service}
