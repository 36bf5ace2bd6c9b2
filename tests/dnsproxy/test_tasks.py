"""Work that is begun in the hub, and waits in a greenlet that is used again."""

from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event
from greenlet import getcurrent

from dnsproxy.edges import tasks as edges
from dnsproxy.edges.tasks import Tasks


def in_hub(work: Callable[..., object], *arguments: object) -> None:
    """Call something as the loop calls it."""
    gevent.get_hub().loop.run_callback(work, *arguments)
    gevent.sleep(0)


def test_work_is_begun_at_once_and_goes_on_when_it_has_waited():
    """In the order in which it came."""
    seen: list[str] = []
    go = Event()

    def work(name: str) -> None:
        seen.append(f"{name} begins")
        go.wait()
        seen.append(f"{name} ends")

    tasks = Tasks(work)

    def begin() -> None:
        tasks.begin("a")
        seen.append("a waits")
        tasks.begin("b")

    in_hub(begin)
    assert ["a begins", "a waits", "b begins"] == seen
    go.set()
    gevent.sleep(0)
    assert ["a ends", "b ends"] == seen[3:]
    tasks.stop(0)


def test_a_greenlet_is_used_again_and_few_are_kept(monkeypatch: pytest.MonkeyPatch):
    """One after another needs one; what a busy moment needed does not stay."""
    monkeypatch.setattr(edges, "_IDLE_MAX", 2)
    used = set()
    go = Event()

    def work(waits: str) -> None:
        used.add(getcurrent())
        if waits:
            go.wait()

    tasks = Tasks(work)
    for _ in range(10):
        in_hub(tasks.begin, "")
    assert 1 == len(used)
    for _ in range(10):
        in_hub(tasks.begin, "waits")
    go.set()
    gevent.sleep(0)
    assert 10 == len(used)
    assert 2 == len(tasks._idle)
    tasks.stop(0)
    assert all(worker.dead for worker in used)


def test_a_fault_costs_one_piece_of_work(caplog):
    """Not the hub, nor the greenlet."""
    done = []

    def work(number: int) -> None:
        done.append(10 / number)

    tasks = Tasks(work)
    for number in (0, 1, 0, 2):
        in_hub(tasks.begin, number)
    assert [10.0, 5.0] == done
    assert 2 == caplog.text.count("ZeroDivisionError: ")
    tasks.stop(0)


def test_the_end_waits_for_what_is_under_way_and_not_for_long():
    """Whoever gets through in time does, the others are ended; each tidies up."""
    ended = []

    def work(seconds: float) -> None:
        try:
            gevent.sleep(seconds)
            ended.append("through")
        finally:
            ended.append(f"{seconds}")

    tasks = Tasks(work)
    in_hub(tasks.begin, 0.05)
    in_hub(tasks.begin, 3600.0)
    tasks.stop(0.5)
    assert ["through", "0.05", "3600.0"] == ended


def test_the_end_comes_at_once_if_nothing_is_under_way():
    """Nothing is waited for."""
    tasks = Tasks[None](lambda task: None)
    in_hub(tasks.begin, None)
    with gevent.Timeout(5):
        tasks.stop(3600)
