"""Upstreams that fail and return: what it costs those who ask, on the real process."""

import itertools
import threading
import time
from collections.abc import Callable
from statistics import median

import dns.message
import dns.name
import pytest

from dnsproxy.edges.upstreams import ROUND_PAUSE_S
from tests.asking import ask, rcode
from tests.commands import Running
from tests.dnsproxy.scripted import Server, asked, forwarder
from tests.rules.misbehaving import RIGHT, Figures, Switch, at_once, found, honest, watched
from tests.upstream import Script, ScriptedUpstream, question_of, reply_to
from tests.waits import PATIENCE_S, Waits, pause

POLICIES = ["sequential", "random", "fastest"]


def slowly(seconds: float) -> Script:
    """The right answer after some time."""

    def script(query: dns.message.Message) -> list[bytes]:
        pause(seconds)
        return honest(query)

    return script


def known(running: Running, upstream: Server) -> Callable[[], bool]:
    """Asks for ever new names, until it is told that this upstream has failed."""
    numbers = itertools.count()

    def look() -> bool:
        assert RIGHT == found(running.port, f"w{next(numbers)}.example")
        return f"{upstream.address} failed" in running.log

    return look


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("how", ["silent", "refusing"])
def test_a_dead_upstream_costs_nobody_anything_once_it_is_known(policy, how, waits: Waits):
    """Of many questions at once none goes there first, whatever the order is."""
    dead = Switch()
    dead.off = True
    with ScriptedUpstream(dead) as closed:
        pass
    with (
        ScriptedUpstream(dead) as silent,
        ScriptedUpstream(honest) as other,
        watched(silent if how == "silent" else closed, other, SEAMARK_POLICY=policy) as (
            running,
            figures,
        ),
    ):
        one = silent if how == "silent" else closed
        waits.until("known", known(running, one), PATIENCE_S)
        before = failures(figures, one)
        for _ in range(5):
            names = [f"n{number}.example" for number in range(40)]
            assert [RIGHT] * 40 == at_once(running.port, names)
        assert 0 < before == failures(figures, one)


def failures(figures: Figures, upstream: Server) -> float:
    """How many questions it left unanswered."""
    return sum(
        count
        for key, count in figures().items()
        if key[0] == "seamark_dns_upstream_questions_total" and upstream.address in key
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_an_upstream_that_returns_is_asked_again(policy, waits: Waits):
    """Without a restart; nobody's question was needed to find that out."""
    first = Switch()
    with (
        ScriptedUpstream(first) as one,
        ScriptedUpstream(honest) as other,
        forwarder(one, other, SEAMARK_POLICY=policy) as running,
    ):
        first.off = True
        number = iter(range(10_000))
        waits.until(
            "known",
            lambda: (
                found(running.port, f"w{next(number)}.example") == RIGHT
                and f"{one.address} failed" in running.log
            ),
            PATIENCE_S,
        )
        first.off = False
        waits.until("told", lambda: f"{one.address} answers again" in running.log, PATIENCE_S)
        before = len(one.queries)
        waits.until(
            "asked",
            lambda: (
                found(running.port, f"w{next(number)}.example") == RIGHT
                and len(one.queries) > before
            ),
            PATIENCE_S,
        )


def test_those_who_are_well_are_sent_no_probes(waits: Waits):
    """And one that is sick is, at once and then less and less often."""
    dead = Switch()
    dead.off = True
    with (
        ScriptedUpstream(dead) as one,
        ScriptedUpstream(honest) as other,
        forwarder(one, other) as running,
    ):
        assert RIGHT == found(running.port, "a.example")
        waits.until("probes", lambda: len(lively(one)) >= 3, PATIENCE_S)
        assert [] == lively(other)


def lively(upstream: ScriptedUpstream) -> list[dns.message.Message]:
    """The probes that look whether it is alive."""
    return [probe for probe in upstream.probes if probe.question[0].name == dns.name.root]


def test_an_upstream_that_answers_probes_alone_costs_few():
    """A forwarder whose own upstream is dead: now and then a single question finds that out."""

    def hollow(query: dns.message.Message) -> list[bytes]:
        return honest(query) if query.question[0].name == dns.name.root else []

    with (
        ScriptedUpstream(hollow) as one,
        ScriptedUpstream(honest) as other,
        forwarder(one, other) as running,
    ):
        for number in range(30):
            assert RIGHT == found(running.port, f"n{number}.example")
    assert 30 == len(other.queries)
    assert 1 <= len(one.queries) <= 10
    assert lively(one)


def test_an_agent_of_consul_is_probed_in_its_zone(waits: Waits):
    """It would refuse the root."""

    def soa() -> bool:
        return "consul. SOA" in [question_of(query) for query, _ in agent.queries]

    with ScriptedUpstream(lambda query: []) as agent, forwarder(consul=agent.address) as running:
        assert "SERVFAIL" == rcode(ask(running.port, "web.service.consul"))
        waits.until("a probe", soa, PATIENCE_S)


@pytest.mark.parametrize("code", [2, 5])
def test_an_upstream_that_does_not_know_is_not_sick(code: int):
    """It is asked first the next time, too, and no probe goes there."""

    def failing(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, rcode=code).to_wire()]

    with (
        ScriptedUpstream(failing) as one,
        ScriptedUpstream(honest) as other,
        forwarder(one, other) as running,
    ):
        for number in range(5):
            assert RIGHT == found(running.port, f"n{number}.example")
    assert 5 == len(one.queries) == len(other.queries)
    assert [] == lively(one)


def test_an_error_is_not_kept_back_for_one_that_is_dead(waits: Waits):
    """Who knows that name's state has said so."""

    def failing(query: dns.message.Message) -> list[bytes]:
        known = query.question[0].name.to_text() == "known.example."
        return honest(query) if known else [reply_to(query, rcode=2).to_wire()]

    dead = Switch()
    dead.off = True
    with (
        ScriptedUpstream(dead) as one,
        ScriptedUpstream(failing) as other,
        forwarder(one, other) as running,
    ):
        assert RIGHT == found(running.port, "known.example")
        waits.until("known", lambda: f"{one.address} failed" in running.log, PATIENCE_S)
        before = len(one.queries)
        assert "SERVFAIL" == rcode(ask(running.port, "n.example"))
        assert before == len(one.queries)


def test_an_error_takes_no_longer_than_an_answer():
    """When nobody is left to ask, nothing is waited for: not a tenth of a second."""

    def failing(query: dns.message.Message) -> list[bytes]:
        bad = query.question[0].name.to_text().startswith("bad")
        return [reply_to(query, rcode=2).to_wire()] if bad else honest(query)

    took: dict[str, list[float]] = {"bad": [], "good": []}
    with ScriptedUpstream(failing) as upstream, forwarder(upstream) as running:
        for number in range(20):
            for kind, times in took.items():
                start = time.monotonic()
                ask(running.port, f"{kind}{number}.example", timeout=PATIENCE_S)
                times.append(time.monotonic() - start)
    assert median(took["bad"]) < median(took["good"]) + ROUND_PAUSE_S


def test_when_all_are_sick_they_are_asked_all_the_same():
    """Both wake up between the tries of one question."""
    woken = threading.Event()

    def waking(query: dns.message.Message) -> list[bytes]:
        return honest(query) if woken.is_set() else []

    with (
        ScriptedUpstream(waking) as one,
        ScriptedUpstream(waking) as other,
        forwarder(one, other) as running,
    ):
        assert "SERVFAIL" == rcode(ask(running.port, "a.example", timeout=PATIENCE_S))
        woken.set()
        assert RIGHT == found(running.port, "b.example")


def test_fastest_is_asked_most():
    """The first in the list is the slow one."""
    with (
        ScriptedUpstream(slowly(0.3)) as slow,
        ScriptedUpstream(honest) as quick,
        forwarder(slow, quick, SEAMARK_POLICY="fastest") as running,
    ):
        for number in range(40):
            assert RIGHT == found(running.port, f"n{number}.example")
    assert 1 <= len(slow.queries) <= 3
    assert len(quick.queries) >= 37


def test_random_asks_both():
    """In about equal parts."""
    with (
        ScriptedUpstream(honest) as one,
        ScriptedUpstream(honest) as other,
        forwarder(one, other, SEAMARK_POLICY="random") as running,
    ):
        for number in range(100):
            assert RIGHT == found(running.port, f"n{number}.example")
    assert 100 == len(one.queries) + len(other.queries)
    assert min(len(one.queries), len(other.queries)) > 20


def test_the_end_waits_for_no_probe(waits: Waits):
    """A server that stays dead keeps nobody from leaving."""
    with ScriptedUpstream(lambda query: []) as one, forwarder(one) as running:
        assert "SERVFAIL" == rcode(ask(running.port, "a.example", timeout=PATIENCE_S))
        waits.until("probes", lambda: len(lively(one)) >= 2, PATIENCE_S)
        assert 0 == running.stop()


def test_an_upstream_that_was_only_late_is_known_to_the_tests():
    """What it was asked again for is no second question of a client's."""
    name = "web.service.consul"
    with ScriptedUpstream(slowly(0.4)) as late, forwarder(consul=late.address) as running:
        assert RIGHT == found(running.port, name)
    assert f"{name}. A" in [question_of(query) for query in late.resent]
    assert [f"{name}. A"] == asked(late)
