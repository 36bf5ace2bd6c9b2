"""The processor's share that the status page takes, while 10,000 questions a second are answered.

Three states, one after another in each round: no HTTP address, one that nobody asks, and one that
is asked for all that the page asks for. The order turns from round to round, so that a noisy
neighbour is everybody's.

What the page asks for, and when, is seen beforehand, of a browser under the same load. It is no
browser that asks for it while that is measured: one that draws on the load generator's core sends
its questions in bursts, which cost the server less a question.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from playwright import sync_api as playwright

from bench.measuring import Kept, Threads, say
from bench.speed.loading import Counted, Load, Native, send, write_questions
from bench.speed.processes import Tree
from tests.commands import Running
from tests.dnsproxy.scripted import says
from tests.lab.consul import free_ports
from tests.lab.shell import LabError, pause
from tests.page.browser import chromium, visit
from tests.scale.engine import FakeEngine
from tests.scale.recorded import made_of
from tests.upstream import ScriptedUpstream

_CONTAINERS = 100
_SERVICES = 200
_FOREIGN = 400
# The page asks for some things every two seconds, for others every five and every ten.
_SETTLED_S = 3.0
_WORDS = {
    "off": "--http off",
    "unseen": "nobody looks",
    "seen": "one page is open",
}


@dataclass(frozen=True, slots=True)
class Extent:
    """How often each state is measured, for how many seconds, at how many questions a second.

    ``watched_s``: for how long it is seen what the page asks for.
    """

    rounds: int = 7
    seconds: float = 20.0
    rate: float = 10_000.0
    watched_s: float = 20.0


QUICK = Extent(3, 10.0)


@dataclass(frozen=True, slots=True)
class Request:
    """One of the page's: seconds after the first, what for, and with which fields."""

    at: float
    path: str
    fields: dict[str, str]


@dataclass(slots=True)
class State:
    """What was measured of one. ``shares`` are of one core, in percent, a round each.

    ``requests`` of the page were answered meanwhile, in all rounds.
    """

    key: str
    requests: int = 0
    shares: list[float] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stand:
    """What the rounds need: key of a state -> the process that is asked in it."""

    native: Native
    questions: Path
    running: dict[str, Running]
    status: str


def run(extent: Extent) -> list[State]:
    """Measure all states. Raises LabError."""
    states = [State(key) for key in _WORDS]
    # Who looks at a page has another machine.
    with _stand() as stand, stand.native.beside_it():
        asked = _watch(stand, extent)
        for number in range(extent.rounds):
            turn = number % len(states)
            for state in states[turn:] + states[:turn]:
                say(f"round {number + 1} of {extent.rounds}: {_WORDS[state.key]}")
                _measure(stand, state, extent, asked if state.key == "seen" else [])
    return states


@contextmanager
def _stand() -> Iterator[_Stand]:
    names = [f"n{number}.example" for number in range(_FOREIGN)]
    answers = {name: [f"{name}. 86400 A 192.0.2.1"] for name in names}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        native = Native.compiled(folder)
        file = folder / "services.json"
        file.write_text(json.dumps({"services": list(_definitions())}))
        upstream = stack.enter_context(ScriptedUpstream(says(answers, aa=False)))
        engine = stack.enter_context(FakeEngine("host1"))
        engine.start(made_of(_CONTAINERS))
        flags = ["--docker", engine.url, "--node", "host1", "--services", str(file)]
        flags += ["--listen", "127.0.0.1:0", "--upstream", upstream.address]
        (port,) = free_ports(1)
        with native.others_elsewhere():
            off, on = (
                stack.enter_context(Running("seamark", "up", *flags, "--http", http, ready="try: "))
                for http in ("off", f"127.0.0.1:{port}")
            )
        names += [f"s{number}.service.consul" for number in range(_SERVICES)]
        questions = write_questions(folder / "questions", names)
        running = {"off": off, "unseen": on, "seen": on}
        for each in (off, on):
            send(native, each.port, Load(questions, 2.0))
        yield _Stand(native, questions, running, f"127.0.0.1:{port}")


def _definitions() -> Iterator[dict[str, Any]]:
    for number in range(_SERVICES):
        address = f"10.0.{number >> 8}.{number & 255}"
        yield {"id": f"s{number}", "name": f"s{number}", "address": address, "port": 8000}


def _watch(stand: _Stand, extent: Extent) -> list[Request]:
    """What the page asks for in a browser, under the same load."""
    say("what the page asks for")
    load, asked, origin = Threads(), [], f"http://{stand.status}"
    with chromium() as browser:
        visitor = visit(browser, f"{origin}/")
        visitor.open()
        visitor.page.wait_for_timeout(_SETTLED_S * 1000)
        begin = time.monotonic()
        visitor.page.on("request", lambda one: asked.append(_request(one, origin, begin)))
        load.run("load", _send, stand, "seen", replace(extent, seconds=extent.watched_s))
        visitor.page.wait_for_timeout(extent.watched_s * 1000)
        load.wait()
        visitor.close()
    say(f"{len(asked)} requests in {extent.watched_s:.0f} s")
    if not any(one.path == "/api/overview" for one in asked):
        raise LabError("the page asked for nothing: it was not seen")
    return asked


def _request(one: playwright.Request, origin: str, begin: float) -> Request:
    return Request(time.monotonic() - begin, one.url.removeprefix(origin), one.headers)


def _measure(stand: _Stand, state: State, extent: Extent, asked: Sequence[Request]) -> None:
    tree = Tree(stand.running[state.key].pid)
    reading = Threads()
    pause(0.5)
    begin, before = time.monotonic(), tree.cpu_s()
    reading.run("page", _ask_as_the_page, stand.status, asked, begin, extent)
    counted = _send(stand, state.key, extent)
    state.requests += reading.wait()["page"]
    used, elapsed = tree.cpu_s() - before, time.monotonic() - begin
    if counted.bad or not counted.answered:
        raise LabError(f"{counted.bad} bad answers of {counted.answered}")
    state.shares.append(used / elapsed * 100)
    state.counted.append(counted)


def _ask_as_the_page(address: str, asked: Sequence[Request], begin: float, extent: Extent) -> int:
    """All of it at its time, again and again until the load is over; how many requests that was."""
    end, count = begin + extent.seconds, 0
    with Kept(address) as connection:
        while asked and begin < end:
            for one in asked:
                if begin + one.at > end:
                    break
                pause(max(begin + one.at - time.monotonic(), 0))
                status, _ = connection.call("GET", one.path, fields=one.fields)
                if status != 200:
                    raise LabError(f"GET {one.path}: {status}")
                count += 1
            begin += extent.watched_s
    return count


def _send(stand: _Stand, key: str, extent: Extent) -> Counted:
    load = Load(stand.questions, extent.seconds, rate=extent.rate)
    return send(stand.native, stand.running[key].port, load)


def added(states: Sequence[State], key: str, beside: str) -> float:
    """Percent of a core that one state takes more than another: the median of the rounds' own."""
    of = {state.key: state.shares for state in states}
    return median(more - less for more, less in zip(of[key], of[beside], strict=True))


def table(states: Sequence[State]) -> str:
    """A line a state."""
    lines = [f"{'':<20}{'CPU':>8}{'least':>8}{'most':>8}{'q/s':>9}{'p50':>8}{'p99':>9}{'lost':>7}"]
    for state in states:
        shares, counted = state.shares, state.counted
        lines.append(
            f"{_WORDS[state.key]:<20}{median(shares):>7.1f}%{min(shares):>7.1f}%{max(shares):>7.1f}%"
            f"{median(one.rate for one in counted):>9,.0f}"
            f"{median(one.p50_us for one in counted):>5.0f} us"
            f"{median(one.p99_us for one in counted):>6.0f} us"
            f"{sum(one.lost for one in counted):>7}"
        )
    lines.append(
        f"of one core, an open page adds {added(states, 'seen', 'unseen'):.1f} %"
        f" to an HTTP address that nobody asks, and that {added(states, 'unseen', 'off'):.1f} %"
        " to none"
    )
    return "\n".join(lines)


def raw(states: Sequence[State]) -> list[dict[str, Any]]:
    """What was measured, for other programs."""
    return [
        {
            "state": state.key,
            "cpu_percent": state.shares,
            "p50_us": [one.p50_us for one in state.counted],
            "p99_us": [one.p99_us for one in state.counted],
            "lost": sum(one.lost for one in state.counted),
            "requests": state.requests,
        }
        for state in states
    ]
