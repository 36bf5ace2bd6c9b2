"""The writes: what happens between a question and its answer is not lost."""

import gevent
import pytest

from catalog.embedded import EmbeddedCatalog
from catalog.errors import CatalogRefused, CatalogUnavailable
from catalog.model import Node, Service
from registrar.core.counts import Counts, Result, Write
from registrar.core.desired import Desired
from registrar.core.ownership import mark
from registrar.core.state import State
from registrar.writer import Writer

HOST = "host1"


class SlowCatalog(EmbeddedCatalog):
    """A catalog whose answers take their time, and that fails as it is told to."""

    def __init__(self) -> None:
        super().__init__(Node(name=HOST, address="10.0.0.1"))
        self.writes: list[str] = []
        self.refused: set[str] = set()
        self.lost = 0

    def services(self) -> dict[str, Service]:
        found = super().services()
        gevent.sleep(0.02)
        return found

    def register(self, service: Service) -> None:
        gevent.sleep(0.005)
        if service.id in self.refused:
            raise CatalogRefused(f"refused {service.id}", 400)
        super().register(service)
        self.writes.append(service.id)
        if self.lost:
            self.lost -= 1
            raise CatalogUnavailable("no answer")


def service(service_id: str, container_id: str) -> Service:
    """A service of a container of this host."""
    return mark(Service(id=service_id, name="web", port=80), HOST, container_id)


@pytest.fixture
def parts():
    """A catalog, the state, a writer between them, what it says, and what it counts."""
    catalog = SlowCatalog()
    state = State(catalog.kept)
    said: list[str] = []
    counts = Counts()
    writer = Writer(catalog, state, lambda _, lines: said.extend(lines), counts)
    return catalog, state, writer, said, counts


def want(state: State, container_id: str, *ids: str) -> None:
    """The container wants services under these ids."""
    state.want(container_id, Desired({key: service(key, container_id) for key in ids}))


def test_what_is_written_while_everything_is_read_is_known_afterwards(parts):
    """The answer is older than the write; forgetting it would write it again."""
    catalog, state, writer, *_ = parts
    want(state, "a", "x")
    reading = gevent.spawn(writer.learn)
    gevent.sleep(0.005)
    assert None is writer.bring_about("a", HOST)
    reading.join()
    assert [] == state.changes("a", HOST)
    assert ["x"] == catalog.writes


def test_two_containers_that_want_one_id_do_not_overwrite_each_other(parts):
    """Also if both look at the same moment."""
    catalog, state, writer, said, _ = parts
    want(state, "a", "x")
    want(state, "b", "x")
    gevent.joinall([gevent.spawn(writer.bring_about, who, HOST) for who in ("a", "b")])
    assert ["x"] == catalog.writes
    writer.bring_about("b", HOST)
    assert ["left out: x: the id is somebody else's"] == said


def test_a_port_that_is_refused_costs_itself(parts):
    """The other ones are written, and it is tried again later."""
    catalog, state, writer, said, _ = parts
    catalog.refused = {"x"}
    want(state, "a", "x", "y")
    again = writer.bring_about("a", HOST)
    assert again is not None
    assert 0 < again <= 4
    assert (["y"], ["refused x"]) == (catalog.writes, said)
    assert writer.is_waiting("a")
    catalog.refused = set()
    assert None is writer.bring_about("a", HOST)
    assert not writer.is_waiting("a")


def test_a_write_without_an_answer_is_read_back_before_anything_else(parts):
    """It was carried out, and its container ended meanwhile: nothing but reading can tell."""
    catalog, state, writer, *_ = parts
    catalog.lost = 1
    want(state, "a", "x")
    assert writer.bring_about("a", HOST) is not None
    state.forget("a")
    assert None is writer.bring_about("a", HOST)
    assert {} == catalog.services()


def test_looks_between_two_tries_do_not_make_the_pause_longer(parts):
    """One `docker rm -f` sends four events."""
    catalog, state, writer, *_ = parts
    catalog.refused = {"x"}
    want(state, "a", "x")
    pauses = [writer.bring_about("a", HOST) for _ in range(5)]
    assert all(pause is not None and pause <= 0.25 for pause in pauses)


def test_everything_of_ours_is_withdrawn_and_nothing_else(parts):
    """At the end, if it was asked for."""
    catalog, _, writer, *_ = parts
    for one in (service("x", "a"), Service(id="by-hand", name="b")):
        EmbeddedCatalog.register(catalog, one)
    writer.learn()
    writer.withdraw(HOST)
    assert {"by-hand"} == set(catalog.services())


def test_each_try_of_a_write_is_counted_by_what_came_of_it(parts):
    """Also those that are tried again, and what is withdrawn at the end."""
    catalog, state, writer, _, counts = parts
    before = set(counts.writes)
    catalog.refused = {"x"}
    want(state, "a", "x", "y")
    for _ in range(3):
        writer.bring_about("a", HOST)
    catalog.refused, catalog.lost = set(), 1
    writer.bring_about("a", HOST)
    writer.bring_about("a", HOST)
    writer.withdraw(HOST)
    assert {
        (Write.REGISTER, Result.REFUSED): 3,
        (Write.REGISTER, Result.UNAVAILABLE): 1,
        (Write.REGISTER, Result.OK): 1,
        (Write.DEREGISTER, Result.OK): 2,
    } == +counts.writes
    assert {"registered": 1, "deregistered": 2} == counts.changes
    assert before == set(counts.writes)
