"""Which topics are watched, and what becomes of them. The waiting itself is played here; that
Consul wakes who waits is seen in tests/e2e."""

from collections import defaultdict
from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event
from gevent.queue import Queue

from catalog.errors import CatalogRefused, CatalogUnavailable
from dnsproxy.core.coverage import Kind, Topic
from dnsproxy.edges import watches as edges
from dnsproxy.edges.watches import BUSY_S, IDLE_S, RESERVED, Watches
from tests.clock import Clock


def topic(name: str) -> Topic:
    """A service."""
    return Topic(Kind.SERVICE, name)


class Waiting:
    """What each topic's blocking queries return or raise, in turn.

    ``has_seen``: whoever answers questions knows of the last change.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Topic, int]] = []
        self.words: dict[Topic, Queue[int | Exception]] = defaultdict(Queue)
        self.has_seen = Event()
        self.has_seen.set()
        # How often it takes too long from now on.
        self.too_long = 0

    def wait_for(self, topic: Topic, index: int) -> bool:
        """See :class:`dnsproxy.edges.watches.Changing`."""
        if self.too_long:
            self.too_long -= 1
            return False
        return self.has_seen.wait()

    def next(self, topic: Topic, index: int) -> int:
        """The same."""
        self.asked.append((topic, index))
        word = self.words[topic].get()
        if isinstance(word, Exception):
            raise word
        return word


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """That of the watches."""
    made = Clock()
    monkeypatch.setattr(edges, "monotonic", made)
    return made


@pytest.fixture
def waiting() -> Waiting:
    """A Consul that says what it is told to."""
    return Waiting()


@pytest.fixture
def watches(waiting: Waiting) -> Iterator[Watches]:
    """Room for three, beside what is reserved."""
    made = Watches(waiting, limit=3 + RESERVED)
    yield made
    made.stop()


def settle() -> None:
    """Let every greenlet run until it waits."""
    for _ in range(5):
        gevent.sleep(0)


def want(watches: Watches, *names: str) -> None:
    """Watch them."""
    for name in names:
        watches.want(topic(name))
    settle()


def watched(watches: Watches, *names: str) -> list[bool]:
    """Whether each is."""
    return [topic(name) in watches._watched for name in names]


def test_a_watch_is_live_from_its_first_index(watches, waiting):
    """Before that nothing is known of what changes."""
    want(watches, "web")
    cover = watches.cover(topic("web"))
    assert not cover.live
    assert {"live": 0, "lost": 1} == watches.counts()
    waiting.words[topic("web")].put(7)
    settle()
    assert cover.live
    assert {"live": 1, "lost": 0} == watches.counts()
    assert [(topic("web"), 0), (topic("web"), 7)] == waiting.asked


def test_only_another_index_is_a_change(watches, waiting):
    """A blocking query also ends when its time is over."""
    want(watches, "web")
    waiting.words[topic("web")].put(7)
    settle()
    cover = watches.cover(topic("web"))
    seen = cover.changes
    waiting.words[topic("web")].put(7)
    settle()
    assert (True, seen) == (cover.live, cover.changes)
    waiting.words[topic("web")].put(8)
    settle()
    assert cover.live
    assert cover.changes > seen


def test_an_index_that_goes_backwards_begins_anew(watches, waiting):
    """Servers were restored: what was known is worth nothing (Consul's rules for its index)."""
    want(watches, "web")
    cover = watches.cover(topic("web"))
    for index, live in ((7, True), (0, False), (3, True)):
        waiting.words[topic("web")].put(index)
        settle()
        assert live == cover.live
    assert [0, 7, 0, 3] == [index for _, index in waiting.asked]


def test_a_question_is_held_until_who_is_asked_has_seen_the_change(watches, waiting, monkeypatch):
    """A server that follows would say what was before; but nobody is held for long."""
    monkeypatch.setattr(edges, "HELD_S", 0.2)
    want(watches, "web")
    waiting.words[topic("web")].put(7)
    settle()
    watches.hold([topic("web")])
    waiting.has_seen.clear()
    waiting.words[topic("web")].put(8)
    settle()
    held = gevent.spawn(watches.hold, [topic("web")])
    settle()
    assert not held.ready()
    waiting.has_seen.set()
    settle()
    assert held.ready()
    waiting.has_seen.clear()
    waiting.words[topic("web")].put(9)
    settle()
    held = gevent.spawn(watches.hold, [topic("web")])
    held.join(timeout=5)
    assert held.ready()
    assert not waiting.has_seen.is_set()


def test_what_is_known_for_the_first_time_holds_nobody_up(watches, waiting):
    """There is no answer from before that could be told."""
    want(watches, "web")
    waiting.has_seen.clear()
    waiting.words[topic("web")].put(7)
    settle()
    watches.hold([topic("web")])
    assert not watches.cover(topic("web")).live
    waiting.has_seen.set()
    settle()
    assert watches.cover(topic("web")).live


def test_who_has_not_seen_the_first_index_proves_nothing(watches, waiting):
    """A server of Consul's that comes back says for seconds that there is nothing."""
    waiting.too_long = 2
    watches.want(topic("web"))
    cover = watches.cover(topic("web"))
    assert cover is not None
    for looked in (1, 2):
        waiting.words[topic("web")].put(7)
        gevent.sleep(0.01)
        assert not cover.live
        assert [(topic("web"), 0)] * (looked + 1) == waiting.asked
    waiting.words[topic("web")].put(7)
    gevent.sleep(0.01)
    assert cover.live
    assert (topic("web"), 7) == waiting.asked[-1]


def test_one_tries_again_for_all(watches, waiting, monkeypatch):
    """Consul away is asked ten times a second, not that many times by each; when it is back, all
    are at once."""
    monkeypatch.setattr(edges, "SOON_S", 0.05)
    monkeypatch.setattr(edges, "RETRY_S", 30)
    want(watches, "a", "b", "c")
    for name in ("a", "b", "c"):
        waiting.words[topic(name)].put(CatalogUnavailable("away"))
    settle()
    asked = len(waiting.asked)
    gevent.sleep(0.15)
    assert asked + 1 == len(waiting.asked)
    tried = waiting.asked[-1][0]
    for name in ("a", "b", "c"):
        waiting.words[topic(name)].put(5)
    gevent.sleep(0.05)
    assert {topic(name) for name in ("a", "b", "c")} == {each for each, _ in waiting.asked[asked:]}
    assert tried in {topic(name) for name in ("a", "b", "c")}
    assert all(watches.cover(topic(name)).live for name in ("a", "b", "c"))


@pytest.mark.parametrize("error", [CatalogUnavailable("away"), CatalogRefused("not allowed")])
def test_who_cannot_watch_proves_nothing_and_tries_again(
    watches, waiting, monkeypatch, caplog, error
):
    """An agent that restarts, a leader that is gone, an ACL that allows DNS alone."""
    monkeypatch.setattr(edges, "SOON_S", 0.01)
    monkeypatch.setattr(edges, "REFUSED_RETRY_S", 0.01)
    want(watches, "web")
    waiting.words[topic("web")].put(7)
    settle()
    cover = watches.cover(topic("web"))
    with caplog.at_level("INFO"):
        for _ in range(3):
            waiting.words[topic("web")].put(error)
        gevent.sleep(0.1)
    assert not cover.live
    assert (topic("web"), 0) == waiting.asked[-1]
    assert 1 == caplog.text.count("Consul is asked each time")
    waiting.words[topic("web")].put(9)
    settle()
    assert cover.live


def test_who_is_asked_about_now_is_not_given_up_for_another(watches, clock):
    """Else more names than there is room for would push each other out without end."""
    want(watches, "a", "b", "c", "d")
    assert [True, True, True, False] == watched(watches, "a", "b", "c", "d")
    clock.now += BUSY_S
    watches.cover(topic("a"))
    want(watches, "d")
    assert [True, False, True, True] == watched(watches, "a", "b", "c", "d")


def test_what_nobody_asks_about_is_watched_no_more(watches, clock):
    """Its connection is of use to others."""
    want(watches, "a", "b")
    lost = watches.cover(topic("a"))
    clock.now += IDLE_S - 1
    watches.cover(topic("b"))
    clock.now += 1
    want(watches, "c")
    assert [False, True, True] == watched(watches, "a", "b", "c")
    assert not lost.live


def test_the_end_ends_all(watches, waiting):
    """Also those that were live."""
    want(watches, "a", "b")
    waiting.words[topic("a")].put(1)
    settle()
    covers = [watches.cover(topic(name)) for name in ("a", "b")]
    greenlets = [each.greenlet for each in watches._watched.values()]
    watches.stop()
    gevent.joinall(greenlets, timeout=5)
    assert all(greenlet.dead for greenlet in greenlets)
    assert not any(cover.live for cover in covers)


def test_a_fault_of_ours_costs_the_proof_and_not_the_watch(watches, waiting, monkeypatch, caplog):
    """A watch that has ended in silence would prove what is long over."""
    monkeypatch.setattr(edges, "REFUSED_RETRY_S", 0.01)
    want(watches, "web")
    waiting.words[topic("web")].put(7)
    settle()
    cover = watches.cover(topic("web"))
    waiting.words[topic("web")].put(ValueError("not JSON"))
    settle()
    assert not cover.live
    gevent.sleep(0.1)
    waiting.words[topic("web")].put(9)
    settle()
    assert cover.live
