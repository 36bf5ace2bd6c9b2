"""What breaks in a cluster, and what containers on every host see of it meanwhile."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.cluster.cluster import NAMES, Cluster, addresses
from tests.cluster.host import Host
from tests.cluster.verdict import Cut, Question, Tally, Truth, read, tally
from tests.commands import ROOT
from tests.lab.shell import LabError, pause, say, wait_until

RATE = 200
# Consul's own ways take this long at most, on a busy machine too: a failed member is given up after
# some seconds, and one that comes back is looked for every 30 s.
_PATIENCE_S = 120.0
_FILES = (Path(__file__).with_name("asker.py"), ROOT / "tests/load/packets.py")


@dataclass(frozen=True, slots=True)
class Extent:
    """Seconds: before the fault, at least that long broken, and after all is well again."""

    before_s: float = 5.0
    broken_s: float = 20.0
    after_s: float = 10.0


SHORT = Extent(before_s=2.0, broken_s=4.0, after_s=3.0)


@dataclass
class Fault:
    """``make`` breaks something and ``mend`` mends it.

    It stays broken until ``noticed``. ``cut`` is the host that nobody can reach meanwhile.
    """

    title: str
    make: Callable[[], None]
    mend: Callable[[], None]
    noticed: Callable[[], bool] = lambda: True
    cut: str = ""


@dataclass(frozen=True)
class Seen:
    """What each asker saw; seconds from the fault until it was noticed, mended, and all was well.

    ``broken`` is when it began, by the clock of the questions.
    """

    title: str
    tallies: Mapping[str, Tally]
    broken: float
    noticed_s: float
    mended_s: float
    well_s: float
    questions: Mapping[str, list[Question]] = field(repr=False)


def host_cut_off(made: Cluster) -> Fault:
    """node3 loses its wire; its services are taken out when the others notice."""
    return Fault(
        "node3 cut off and back",
        lambda: made.cut("node3"),
        lambda: made.join("node3"),
        partial(_gone_elsewhere, made, made["node3"]),
        cut="node3",
    )


def server_killed(made: Cluster) -> Fault:
    """The only server, and node1's agent with it."""
    return Fault("the server killed and back", made["node1"].kill_agent, made["node1"].start_agent)


def agent_killed(made: Cluster) -> Fault:
    """A client: the others take its host for dead."""
    return Fault(
        "node2's agent killed and back",
        made["node2"].kill_agent,
        made["node2"].start_agent,
        partial(_gone_elsewhere, made, made["node2"]),
    )


def agent_restarted(made: Cluster) -> Fault:
    """A client, as a package manager does it."""
    return Fault("node2's agent restarted", made["node2"].restart_agent, lambda: None)


def leader_lost(made: Cluster) -> Fault:
    """One of three servers, which leads; the other two elect another."""
    leader = made.leader()
    return Fault(
        f"the leader of three servers ({leader.node}) killed and back",
        leader.kill_agent,
        leader.start_agent,
        lambda: all(map(_has_leader, made.others(leader))) and _gone_elsewhere(made, leader),
    )


def _gone_elsewhere(made: Cluster, lost: Host) -> bool:
    """Whether the others have no service of that host any more."""
    return all(not addresses(host, lost.service) for host in made.others(lost))


def play(made: Cluster, fault: Fault, extent: Extent) -> Seen:
    """Break and mend it while containers on every host ask."""
    settle(made)
    with asking(made) as outputs:
        pause(extent.before_s)
        broken = time.monotonic()
        fault.make()
        _wait(f"{fault.title}: noticed", fault.noticed)
        noticed = time.monotonic()
        pause(max(broken + extent.broken_s - noticed, 0))
        mended = time.monotonic()
        fault.mend()
        settle(made)
        well = time.monotonic()
        pause(extent.after_s)
        lines = {node: path.read_text().splitlines(keepends=True) for node, path in outputs.items()}
    places = {host.service: (node, host.address) for node, host in made.hosts.items()}
    truth = Truth(places, [Cut(fault.cut, broken, mended)] if fault.cut else [])
    questions = {node: list(read(said)) for node, said in lines.items()}
    return Seen(
        fault.title,
        {node: tally(node, asked, truth, broken) for node, asked in questions.items()},
        broken,
        noticed - broken,
        mended - broken,
        well - broken,
        questions,
    )


@contextmanager
def asking(made: Cluster) -> Iterator[dict[str, Path]]:
    """A container on each host that asks its host's proxy; node -> the file with its lines."""
    with tempfile.TemporaryDirectory(prefix="seamark-asking-") as folder:
        outputs = {node: Path(folder, node) for node in made.hosts}
        for node, host in made.hosts.items():
            _start_asker(host, outputs[node])
        try:
            for node, path in outputs.items():
                _wait(f"{node}: a container that asks", partial(_answered, path))
            yield outputs
        finally:
            for host in made.hosts.values():
                host.engine.docker("rm", "-f", "asker", check=False)


def _start_asker(host: Host, output: Path) -> None:
    output.touch()
    files = [word for path in _FILES for word in ("-v", f"{path}:/asker/{path.name}:ro")]
    command = f"exec python3 /asker/asker.py {RATE} {' '.join(NAMES)} > /out"
    host.engine.docker(
        *("run", "-d", "--name", "asker", "--dns", host.address, *files, "-v", f"{output}:/out"),
        *("curl", "sh", "-c", command),
    )


def _answered(output: Path) -> bool:
    return output.read_text().count("\n") > RATE


def settle(made: Cluster) -> None:
    """Wait until all agents live, and every host's proxy answers right for every name."""
    _wait("all is well", lambda: made.alive() and _all_right(made))


def _all_right(made: Cluster) -> bool:
    return all(
        addresses(host, name) == {address}
        for host in made.hosts.values()
        for name, address in NAMES.items()
    )


def _has_leader(host: Host) -> bool:
    try:
        return bool(host.get("status/leader"))
    except LabError:
        return False


def _wait(what: str, look: Callable[[], bool]) -> None:
    start = time.monotonic()
    if not wait_until(look, _PATIENCE_S, every=0.1):
        raise LabError(f"{what}: not within {_PATIENCE_S:.0f} s")
    say(f"{what}: {time.monotonic() - start:.1f} s")
