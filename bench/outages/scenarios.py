"""What goes wrong, one after the other, each with a proxy of its own."""

import itertools
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from bench.measuring import say
from bench.outages.consul import NAMES, Server, Two, fresh
from bench.outages.tally import Scenario, Seen
from dnsproxy.edges.upstreams import DEADLINE_S
from tests.dnsproxy.scripted import forwarder
from tests.lab.consul import ConsulAgent
from tests.lab.shell import pause, wait_until
from tests.load.packets import address_of, query
from tests.load.stream import PATIENCE_S, Came, OpenLoop, Outcome, Question
from tests.load.upstream import RawUpstream

# Two seconds of them: longer than any answer takes that meets an outage and is not SERVFAIL.
_LAST = 400
_NEW = ("new", "not asked before")
_HOT = ("hot", "known, in memory")
_EXPIRED = ("expired", "known, TTL of 1 s")
_KNOWN = ("known", "known")
# A row says which questions it counts; upstreams die and come back in the order given.
BOTH = {
    how: Scenario(f"both upstreams {how}", (_NEW, _EXPIRED, _HOT)) for how in ("silent", "refusing")
}
ONE = {how: Scenario(f"one of two {how}", (_NEW, _HOT)) for how in ("silent", "refusing")}
KILLED = Scenario("Consul killed, started later", (_KNOWN, _NEW))
RESTARTED = Scenario("Consul restarted", (_KNOWN, _NEW))
FROZEN = Scenario("Consul frozen", (_KNOWN, _NEW))
LEADERLESS = Scenario("Consul without a leader", (_KNOWN, _NEW))
STRICT = Scenario("Consul leaderless, allow_stale off", (_KNOWN, _NEW))
WITH_CONSUL = (KILLED, RESTARTED, FROZEN, LEADERLESS, STRICT)
SCENARIOS = (*BOTH.values(), *ONE.values(), *WITH_CONSUL)


@dataclass(frozen=True, slots=True)
class Extent:
    """Seconds of each phase, questions a second, and how long one may wait for its answer.

    ``one_s``: ``during_s`` where one of two is away, which must not cost anything for longer
    either: it is looked at again now and then. ``settle_s``: how much longer *after* may last where
    not all is right again.
    """

    before_s: float = 10.0
    during_s: float = 10.0
    one_s: float = 25.0
    after_s: float = 15.0
    rate: float = 200.0
    patience_s: float = PATIENCE_S
    settle_s: float = 0.0


QUICK = Extent(before_s=1.0, during_s=2.5, one_s=2.5, after_s=2.0)


@dataclass(frozen=True, slots=True)
class _Acts:
    """What is done at the break and at the end of it. ``lingers``: see ``tally.COUNTED``."""

    scenario: Scenario
    fail: Callable[[], object]
    mend: Callable[[], object]
    lingers: bool = False


def upstreams_fail(extent: Extent, how: str, *, both: bool) -> Seen:
    """The first of two upstreams is away for a while, or both are."""
    with ExitStack() as held:
        servers = [held.enter_context(RawUpstream()) for _ in range(2)]
        proxy = held.enter_context(forwarder(*servers, flags=["--remember"]))
        dead = servers if both else servers[:1]

        def fail() -> None:
            for server in dead:
                if how == "silent":
                    server.answering = False
                else:
                    server.vanish()

        def mend() -> None:
            for server in dead:
                server.come_back()

        acts = _Acts((BOTH if both else ONE)[how], fail, mend, lingers=both)
        timed = extent if both else replace(extent, during_s=extent.one_s)
        return _run(timed, acts, proxy.port, upstream_questions(both=both))


def upstream_questions(*, both: bool) -> Iterator[Question]:
    """Names that are in memory, names that were, and names that never are asked twice."""
    hot = itertools.cycle(_question(f"hot{number}.example", "hot") for number in range(50))
    old = itertools.cycle(_question(f"ttl1.old{number}.example", "expired") for number in range(50))
    for number in itertools.count():
        yield _question(f"new{number}.example", "new")
        if both:
            yield next(old)
        yield next(hot)


def consul_fails(extent: Extent, server: Server) -> Iterator[Seen]:
    """One server with a data folder, three times, each with a fresh proxy."""

    def nothing() -> None:
        """It was started again at once."""

    agent = server.agent
    for acts in (
        _Acts(KILLED, agent.kill, agent.start),
        _Acts(RESTARTED, nothing, agent.restart),
        _Acts(
            FROZEN,
            lambda: agent.signal(signal.SIGSTOP),
            lambda: agent.signal(signal.SIGCONT),
        ),
    ):
        # Restarted means started at once: the time without it is Consul's own.
        timed = replace(extent, during_s=0) if acts.scenario is RESTARTED else extent
        with _consul_proxy(agent) as port:
            yield _run(timed, acts, port, consul_questions())


def consul_loses_leader(extent: Extent, two: Two) -> Seen:
    """Of two servers that elect together one is killed; the other is asked."""
    scenario = LEADERLESS if two.allow_stale else STRICT
    acts = _Acts(scenario, two.lose_leader, two.start_other)
    with _consul_proxy(two.asked) as port:
        return _run(extent, acts, port, consul_questions())


def consul_questions() -> Iterator[Question]:
    """Services that are asked for all the time, and one name in ten that never was."""
    known = itertools.cycle(
        Question(query(name), "known", frozenset({address_of(name)})) for name in NAMES
    )
    for number in itertools.count():
        yield Question(query(fresh(number)), "new", frozenset({address_of("fresh")}))
        yield from itertools.islice(known, 9)


def _question(name: str, kind: str) -> Question:
    return Question(query(name), kind, frozenset({address_of(name)}))


@contextmanager
def _consul_proxy(agent: ConsulAgent) -> Iterator[int]:
    flags = ["--remember", "--consul-http", f"http://{agent.http_address}"]
    with RawUpstream() as other, forwarder(other, consul=agent.dns_address, flags=flags) as proxy:
        yield proxy.port


def is_right_again(outcomes: Sequence[Outcome]) -> bool:
    """Whether the last answers were right."""
    return {one.came for one in outcomes[-_LAST:]} <= {Came.RIGHT}


def _run(extent: Extent, acts: _Acts, port: int, questions: Iterator[Question]) -> Seen:
    say(acts.scenario.title)
    seen = Seen(acts.scenario, begun=time.monotonic())
    with OpenLoop(port, questions, extent.rate, patience_s=extent.patience_s) as loop:
        pause(extent.before_s)
        if acts.lingers:
            # Every question that counts was asked when nobody was there.
            acts.fail()
        loop.phase, seen.broken = "during", time.monotonic()
        if not acts.lingers:
            acts.fail()
        pause(extent.during_s)
        if acts.lingers:
            loop.phase = "between"
            pause(DEADLINE_S + 0.5)
        loop.phase, seen.mended = "after", time.monotonic()
        acts.mend()
        if acts.scenario in WITH_CONSUL:
            seen.back_s = time.monotonic() - seen.mended
        pause(extent.after_s)
        wait_until(lambda: is_right_again(loop.outcomes), extent.settle_s)
    seen.outcomes = sorted(loop.outcomes, key=lambda one: one.at)
    seen.sending = loop.sending
    return seen
