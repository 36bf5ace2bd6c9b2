"""Who is well and who is asked first: decided on what was seen, without a clock or a socket."""

import random

import pytest

from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.health import LOOK_EVERY, PAUSE_MAX_S, Health, Policy

A, B, C = (Endpoint(f"10.0.0.{number}") for number in (1, 2, 3))

NOW = 100.0


def health(policy: Policy = Policy.SEQUENTIAL) -> Health:
    """Three servers of which nothing is known."""
    return Health([A, B, C], policy, random.Random(7))


def answers(known: Health, server: Endpoint, took: float, count: int = 1) -> None:
    """A server answers some questions, each in that time."""
    for _ in range(count):
        known.asked(server)
        known.left(server)
        known.answered(server, 0.0, took, useful=True)


def test_in_order_as_they_are_given():
    known = health()
    answers(known, C, 0.001)
    assert [A, B, C] == known.order(NOW)


def test_one_failure_puts_a_server_behind_all_others():
    known = health()
    assert known.failed(A, 1.0)
    assert [B, C, A] == known.order(NOW)
    assert known.is_sick(A)
    assert not known.is_down


def test_a_further_failure_is_no_news():
    known = health()
    known.failed(A, 1.0)
    assert not known.failed(A, 1.1)


def test_what_began_before_a_server_last_answered_says_nothing_of_it():
    """One name that nobody can look up, among many that were answered meanwhile."""
    known = health()
    known.answered(A, 2.0, 0.1, useful=True)
    assert not known.failed(A, 1.9)
    assert [A, B, C] == known.order(NOW)
    assert known.failed(A, 2.1)


def test_who_has_come_back_is_asked_behind_the_others_for_a_while():
    """It may have to learn first what they know; where all have come back the order is as given."""
    known = Health([A, B, C], Policy.SEQUENTIAL, settle_s=15)
    known.failed(A, NOW - 2)
    known.probed(A, NOW - 1)
    assert [B, C, A] == known.order(NOW)
    assert [A, B, C] == known.order(NOW + 14)
    for server in (B, C):
        known.failed(server, NOW)
        # An answer tells as much as a probe: of when it was asked for.
        known.answered(server, NOW + 1, 0.5, useful=True)
        assert NOW + 0.5 == known.came_back(server)
    assert [A, B, C] == known.order(NOW + 2)


def test_when_all_are_sick_all_are_asked():
    known = health()
    for server in (A, B, C):
        known.failed(server, 1.0)
    assert known.is_down
    assert [A, B, C] == known.order(NOW)


def test_behind_a_probe_one_question_is_on_trial():
    """Until that has its answer, all others go to those that are surely well."""
    known = health()
    known.failed(A, 1.0)
    known.probed(A, 2.0)
    assert [A, B, C] == known.order(NOW)
    known.asked(A)
    assert [B, C, A] == known.order(NOW)
    known.left(A)
    known.answered(A, 2.1, 0.1, useful=True)
    known.asked(A)
    assert [A, B, C] == known.order(NOW)


def test_a_server_that_answers_probes_only_is_probed_ever_more_seldom():
    """Each trial costs somebody his time."""
    known = health()
    pauses = []
    for moment in range(10):
        known.failed(A, 10.0 * moment)
        pauses.append(known.pause_s(A, 0))
        known.probed(A, 10.0 * moment + 1)
    assert [0.0, 0.25, 0.5, 1.0, 2.0, 4.0] == pauses[:6]
    assert {PAUSE_MAX_S} == set(pauses[6:])
    known.answered(A, 100.0, 0.1, useful=True)
    known.failed(A, 101.0)
    assert 0.0 == known.pause_s(A, 0)


def test_the_pauses_between_probes_grow_to_a_bound():
    known = health()
    known.failed(A, 1.0)
    assert [0.0, 0.25, 0.5, 1.0] == [known.pause_s(A, tried) for tried in range(4)]
    assert PAUSE_MAX_S == known.pause_s(A, 100_000)


def test_random_gives_each_its_turn():
    known = health(Policy.RANDOM)
    known.failed(B, 1.0)
    orders = [known.order(NOW) for _ in range(200)]
    assert {B} == {order[-1] for order in orders}
    assert {A, C} == {order[0] for order in orders}


def test_fastest_is_who_takes_the_least_time_and_the_unknown_come_first():
    known = health(Policy.FASTEST)
    answers(known, A, 0.030)
    answers(known, B, 0.010)
    assert [C, B, A] == known.order(NOW)
    answers(known, C, 0.020)
    assert [B, C, A] == known.order(NOW)


def test_who_only_refuses_is_not_the_fastest():
    known = health(Policy.FASTEST)
    answers(known, A, 0.030)
    answers(known, B, 0.030)
    known.answered(C, 1.0, 0.001, useful=False)
    assert C == known.order(NOW)[-1]


def test_a_slow_server_that_got_fast_is_seen():
    """Now and then a question begins at who was measured longest ago."""
    known = health(Policy.FASTEST)
    answers(known, A, 0.010)
    answers(known, B, 0.200)
    answers(known, C, 0.300)
    first = []
    for _ in range(20 * LOOK_EVERY):
        server = known.order(NOW)[0]
        first.append(server)
        answers(known, server, {A: 0.010, B: 0.001, C: 0.300}[server])
    assert B == first[-2]
    looks = len([server for server in first if server == C])
    assert 0 < looks <= len(first) / LOOK_EVERY


def test_who_asks_us_in_turn_is_asked_nothing():
    known = health()
    known.mark_looped(B, looped=True)
    assert [A, C] == known.order(NOW)
    known.mark_looped(B, looped=False)
    assert [A, B, C] == known.order(NOW)


@pytest.mark.parametrize(
    ("took", "after"), [(0.05, 0.05), (0.000_1, 0.01), (2.0, 0.3)], ids=["own", "least", "most"]
)
def test_a_second_is_asked_when_the_first_is_slow_for_what_it_is(took: float, after: float):
    known = health()
    answers(known, A, took, 100)
    assert after == known.hedge_after_s(A)


def test_of_twenty_answers_the_slowest_is_no_measure():
    known = health()
    answers(known, A, 0.020, 60)
    answers(known, A, 0.250, 2)
    assert 0.020 == known.hedge_after_s(A)
