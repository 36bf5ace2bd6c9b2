"""Both halves in one command: answers from memory at rest, and while the registrar is at work.

The work: 1,000 containers start at one moment, and what the agent says of its services is a
document of 10 MB, which each comparison reads and takes apart.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.measuring import say
from bench.speed.loading import Counted, Load, Native, send, write_questions
from tests.commands import Running
from tests.dnsproxy.scripted import says
from tests.lab.consul import ConsulAgent, find_consul
from tests.lab.shell import LabError
from tests.scale.engine import FakeEngine
from tests.scale.recorded import made_of
from tests.upstream import ScriptedUpstream

_NAMES = [f"n{number}.example" for number in range(20)]
_RATE = 2_000.0
_SLICE_S = 1.0
_LIMIT_S = 240.0
# Consul takes 64 pairs of up to 512 bytes.
_META = {f"k{number}": "x" * 500 for number in range(64)}
_HEAVY = 320
_FIRST = -19
_OURS = "Service%20!=%20heavy"


@dataclass(frozen=True, slots=True)
class Extent:
    """How many containers, and for how many seconds nothing happens before."""

    containers: int = 1000
    rest_s: int = 10


QUICK = Extent(200, 3)


@dataclass(frozen=True, slots=True)
class Phase:
    """Seconds of load, one after another."""

    title: str
    slices: list[Counted]


def run(extent: Extent, which: str) -> list[Phase]:
    """Measure both phases. Raises LabError."""
    answers = {name: [f"{name}. 600 A 192.0.2.1"] for name in _NAMES}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        native = Native.compiled(folder)
        questions = write_questions(folder / "questions", _NAMES)
        upstream = stack.enter_context(ScriptedUpstream(says(answers, aa=False)))
        agent = stack.enter_context(ConsulAgent(find_consul(which)))
        _make_heavy(agent)
        engine = stack.enter_context(FakeEngine("host1"))
        flags = ["--docker", engine.url, "--node", "host1", "--http", "off"]
        flags += ["--listen", "127.0.0.1:0", "--upstream", upstream.address]
        uri = f"consul://{agent.http_address}"
        running = stack.enter_context(
            Running("seamark", "up", *flags, uri, SEAMARK_RESYNC_S="1", ready="try: ")
        )
        # Who measures does not wait for a core with the others: that would be told as ours.
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
        _load(native, running.port, questions, 2.0)
        say("at rest")
        rest = [_load(native, running.port, questions) for _ in range(extent.rest_s)]
        say(f"{extent.containers:,} containers start")
        engine.start(made_of(extent.containers))
        busy = list(_until_registered(agent, extent, native, running.port, questions))
    return [
        Phase("nothing to do but comparisons", rest),
        Phase(f"{extent.containers:,} containers are registered", busy),
    ]


def _make_heavy(agent: ConsulAgent) -> None:
    """Somebody else's services, which make what the agent says of its own 10 MB long."""
    for number in range(_HEAVY):
        body = {"Name": "heavy", "ID": f"heavy-{number}", "Port": 1, "Meta": _META}
        agent.put("agent/service/register", body)


def _until_registered(
    agent: ConsulAgent, extent: Extent, native: Native, port: int, questions: Path
) -> Iterator[Counted]:
    begin = time.monotonic()
    while time.monotonic() - begin < _LIMIT_S:
        yield _load(native, port, questions)
        # Not all 10 MB of them.
        count = len(agent.get(f"agent/services?filter={_OURS}"))
        say(f"{count:,} services")
        if count >= extent.containers:
            return
    raise LabError(f"{extent.containers} containers were not registered within {_LIMIT_S:.0f} s")


def _load(native: Native, port: int, questions: Path, seconds: float = _SLICE_S) -> Counted:
    return send(native, port, Load(questions, seconds, rate=_RATE))


def table(phases: list[Phase]) -> str:
    """Microseconds, of slices of a second each."""
    lines = [f"{'':<36}{'seconds':>8}{'p50':>8}{'p99':>8}{'worst p99':>11}{'lost':>6}  us"]
    for phase in phases:
        p99s = [one.p99_us for one in phase.slices]
        lines.append(
            f"{phase.title:<36}{len(p99s):>8}"
            f"{median(one.p50_us for one in phase.slices):>8.0f}{median(p99s):>8.0f}"
            f"{max(p99s):>11.0f}{sum(one.lost for one in phase.slices):>6}"
        )
    return "\n".join(lines)
