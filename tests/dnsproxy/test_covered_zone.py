"""Answers that are watched: what is told before, while and after something changes.

The server and the watch are played, so that each order of events comes about; the real ones are in
tests/coherence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

import gevent
import pytest
from gevent.event import AsyncResult
from gevent.queue import Queue

from dnsproxy.core.coverage import EVERYTHING, Covers, Topic
from dnsproxy.core.exchange import Source
from dnsproxy.core.memory import Memory, TtlPolicy
from dnsproxy.core.policy import ZonePolicy
from dnsproxy.core.records import Reply, ResourceRecord
from dnsproxy.core.request import Request
from dnsproxy.core.wire import Type, question
from dnsproxy.coverage import Coverage
from dnsproxy.edges.watches import RESERVED, Watches
from dnsproxy.errors import UpstreamFailed
from dnsproxy.forwarding import ForwardZone, Found

NAME = (b"web", b"service", b"consul")
WEB = Request(question(NAME, Type.A))


def addresses(*numbers: int) -> Reply:
    """An answer of Consul's."""
    records = (ResourceRecord(NAME, Type.A, 0, (bytes([10, 0, 0, n]),)) for n in numbers)
    return Reply(answer=tuple(records))


def told(found: Found | None) -> list[int]:
    """The last bytes of the addresses in an answer."""
    assert found is not None
    return sorted(bytes(record.rdata[0])[3] for record in found.reply.answer)  # type: ignore[arg-type]


@dataclass
class Consul:
    """A server and who tells of its changes; ``asked`` are the questions that wait for a reply."""

    is_down: bool = False
    asked: list["AsyncResult[Reply]"] = field(default_factory=list)
    indices: "Queue[int]" = field(default_factory=Queue)
    has_seen: bool = True

    def ask(self, request: Request, deadline: float) -> tuple[Reply, str]:
        """As an upstream group."""
        self.asked.append(AsyncResult())
        reply = self.asked[-1].get(timeout=10)
        assert reply is not None
        return reply, "consul"

    def came_back(self, server: str) -> float:
        """The same: it never failed."""
        return float("-inf")

    def next(self, topic: Topic, index: int) -> int:
        """As who tells of changes."""
        return self.indices.get()

    def wait_for(self, topic: Topic, index: int) -> bool:
        """The same."""
        while not self.has_seen:
            gevent.sleep(0.01)
        return True


@dataclass
class Scene:
    """A zone in front of that Consul."""

    consul: Consul
    zone: ForwardZone
    watches: Watches
    index: int = 1

    def ask(self) -> "gevent.Greenlet[..., Found]":
        """A client asks, and waits if it has to."""
        client = gevent.spawn(self.zone.ask, WEB, monotonic() + 4)
        self.settle()
        return client

    def answered(self, *numbers: int) -> list[int]:
        """What a client is told when Consul says this to the question that it has to ask."""
        before = len(self.consul.asked)
        client = self.ask()
        assert before + 1 == len(self.consul.asked)
        self.consul.asked[-1].set(addresses(*numbers))
        return told(client.get(timeout=5))

    def change(self) -> None:
        """Something changes, and is told of."""
        self.index += 1
        self.consul.indices.put(self.index)
        self.settle()

    @staticmethod
    def settle() -> None:
        """Let everybody run until it waits."""
        for _ in range(8):
            gevent.sleep(0)


@pytest.fixture
def scene() -> Iterator[Scene]:
    """One name, asked for once and watched from then on."""
    consul = Consul()
    watches = Watches(consul)
    policy = ZonePolicy(TtlPolicy(keep_stale=60), is_consuls=True)
    coverage = Coverage((b"consul",), watches)
    zone = ForwardZone("consul.", consul, policy, Memory(2**20, 100), coverage=coverage)  # type: ignore[arg-type]
    made = Scene(consul, zone, watches)
    assert [1] == made.answered(1)
    made.change()
    yield made
    watches.stop()


def test_an_answer_is_told_until_something_changes(scene):
    """And then asked for again, once."""
    assert [1] == scene.answered(1)
    for _ in range(5):
        assert [1] == told(scene.zone.recall(WEB))
    scene.change()
    assert scene.zone.recall(WEB) is None
    assert [1, 2] == scene.answered(1, 2)
    assert [1, 2] == told(scene.zone.recall(WEB))


def test_who_asks_after_a_change_does_not_get_the_answer_to_a_question_from_before(scene):
    """It is asked anew at once; and what is said to the older one takes nothing's place."""
    early = scene.ask()
    scene.change()
    late = scene.ask()
    assert 3 == len(scene.consul.asked)
    scene.consul.asked[-1].set(addresses(2))
    assert [2] == told(late.get(timeout=5))
    scene.consul.asked[-2].set(addresses(1))
    assert [1] == told(early.get(timeout=5))
    assert [2] == told(scene.zone.recall(WEB))


def test_who_asks_the_same_at_one_time_shares_an_answer(scene):
    """As long as nothing changes."""
    clients = [scene.ask() for _ in range(5)]
    assert 2 == len(scene.consul.asked)
    scene.consul.asked[-1].set(addresses(1))
    assert [[1]] * 5 == [told(client.get(timeout=5)) for client in clients]


def test_a_client_that_goes_leaves_its_question_to_the_next(scene):
    """Without a stale answer the first who asks does it for all."""
    scene.zone._memory.answers.drop(("consul.", WEB.key))
    first, second = scene.ask(), scene.ask()
    assert 2 == len(scene.consul.asked)
    first.kill()
    scene.settle()
    assert 3 == len(scene.consul.asked)
    scene.consul.asked[-1].set(addresses(3))
    assert [3] == told(second.get(timeout=5))


def test_nobody_is_asked_before_it_has_seen_the_change(scene):
    """A server that follows would say what was before."""
    assert [1] == scene.answered(1)
    scene.consul.has_seen = False
    scene.change()
    asked = len(scene.consul.asked)
    client = scene.ask()
    assert asked == len(scene.consul.asked)
    scene.consul.has_seen = True
    gevent.sleep(0.05)
    assert asked + 1 == len(scene.consul.asked)
    scene.consul.asked[-1].set(addresses(2))
    assert [2] == told(client.get(timeout=5))


def out(scene: Scene, fails: Callable[[], None]) -> None:
    """Consul is away while somebody asks; nobody tells of changes any more."""
    cover = scene.watches.cover(Topic("service", "web"))  # type: ignore[arg-type]
    assert cover is not None
    cover.lose()
    client = scene.ask()
    fails()
    assert Source.STALE is client.get(timeout=5).source


def test_what_came_before_consul_was_well_again_holds_nobody_up(scene):
    """A question that it swallowed as it started fails a second after it is back."""
    assert [1] == scene.answered(1)
    out(scene, lambda: scene.consul.asked[-1].set_exception(UpstreamFailed("no answer in time")))
    assert Source.STALE is scene.zone.recall(WEB).source
    scene.change()
    assert scene.zone.recall(WEB) is None
    assert [2] == scene.answered(2)


def test_right_after_an_outage_another_answer_waits_for_the_watch(scene):
    """A server that reads its log says what was yesterday; once it is watched it has read it."""
    assert [1] == scene.answered(1)
    out(scene, lambda: scene.consul.asked[-1].set_exception(UpstreamFailed("refused")))
    scene.zone._memory.failures.forget("consul.", WEB.key)
    assert [1] == scene.answered(9)
    assert Source.STALE is scene.zone.recall(WEB).source
    scene.change()
    assert scene.zone.recall(WEB) is None
    assert [2] == scene.answered(2)


def test_an_answer_that_is_under_way_while_something_changes_is_no_doubtful_one(scene):
    """It is the new one already, and a watch was live all the time."""
    assert [1] == scene.answered(1)
    out(scene, lambda: scene.consul.asked[-1].set_exception(UpstreamFailed("refused")))
    scene.change()
    client = scene.ask()
    scene.change()
    scene.consul.asked[-1].set(addresses(2))
    assert [2] == told(client.get(timeout=5))
    assert [2] == scene.answered(2)


def test_services_beyond_the_room_are_watched_together():
    """Each change of any ends what is remembered of them; those with a watch of their own stay."""
    consul = Consul()
    watches = Watches(consul, limit=1 + RESERVED)
    coverage = Coverage((b"consul",), watches)
    others = [Request(question((name, b"service", b"consul"), Type.A)) for name in (b"a", b"b")]
    elsewhere = Request(question((b"a", b"service", b"dc2", b"consul"), Type.A))
    for request in (WEB, *others, elsewhere):
        coverage.want(request)
    Scene.settle()
    assert 1 + RESERVED == len(watches._watched)
    for _ in range(1 + RESERVED):
        consul.indices.put(5)
        Scene.settle()
    own, together = coverage.of(WEB), coverage.of(others[0])
    assert own is not None
    assert together is not None
    assert own.live
    assert together.live
    assert isinstance(together, Covers)
    assert coverage.of(elsewhere) is None
    assert together.changes == coverage.of(others[1]).changes  # type: ignore[union-attr]
    before, alone = together.changes, own.changes
    cover = watches.cover(EVERYTHING[1])
    assert cover is not None
    cover.news(monotonic())
    assert (True, alone) == (together.changes > before, own.changes)
    watches.stop()
