"""What follows from the views of engine and catalog."""

from catalog.model import Service
from registrar.core.desired import desired_services
from registrar.core.diff import Deregister, Register
from registrar.core.events import Notice
from registrar.core.ownership import mark
from registrar.core.state import LEAVING_S, NOTHING, State
from tests.registrar.inspect_output import HOST, POLICY, container

CID = "c" * 64
PUBLISHED = {"80/tcp": [("0.0.0.0", 8080)]}


def new_state():
    """Of a catalog that gives back what it was given."""
    return State(lambda service: service)


def looked_at(state: State) -> Service:
    """One running container is known to the state; its service."""
    found = container(PUBLISHED)
    desired = desired_services(found, POLICY)
    state.remember(found, desired)
    (service,) = desired.services.values()
    return service


def test_a_container_that_is_new_or_changed_is_looked_at():
    """And one that is neither is not."""
    state = new_state()
    assert {CID} == state.compare({CID: "v1"}, HOST)
    service = looked_at(state)
    state.learn({service.id: service})
    assert set() == state.compare({CID: "v1"}, HOST)
    assert {CID} == state.compare({CID: "v2"}, HOST)


def test_a_service_that_somebody_removed_or_changed_is_drift():
    """The timer finds what no event tells."""
    state = new_state()
    state.compare({CID: "v1"}, HOST)
    service = looked_at(state)
    assert {CID} == state.compare({CID: "v1"}, HOST)
    assert [Register(service)] == state.changes(CID, HOST)


def test_a_container_gone_without_a_word_is_looked_at():
    """A crash of the host, or of ourselves: only the mark in the catalog tells of it."""
    state = new_state()
    ghost = mark(Service(id="host1:gone:80", name="web"), HOST, "ghost")
    state.learn({ghost.id: ghost})
    assert {"ghost"} == state.compare({}, HOST)
    assert [Deregister(ghost.id)] == state.changes("ghost", HOST)


def test_after_a_gap_in_the_events_every_container_is_looked_at():
    """Its fingerprint may be as before, its environment need not."""
    state = new_state()
    state.compare({CID: "v1"}, HOST)
    service = looked_at(state)
    state.learn({service.id: service})
    state.distrust()
    assert {CID} == state.compare({CID: "v1"}, HOST)


def test_a_container_that_was_told_to_end_is_leaving_until_it_has_survived():
    """SIGTERM now; still there 15 s later: it stays."""
    state = new_state()
    looked_at(state)
    state.note(Notice(CID, 15), now=100.0)
    assert state.leaving_until(CID, 101.0) == 100.0 + LEAVING_S
    assert None is state.leaving_until(CID, 100.0 + LEAVING_S)
    assert None is state.leaving_until(CID, 101.0)


def test_a_container_that_starts_again_is_not_leaving():
    """`docker restart` within the time."""
    state = new_state()
    state.note(Notice(CID, 15), now=100.0)
    state.note(Notice(CID, new_life=True), now=101.0)
    assert None is state.leaving_until(CID, 101.0)


def test_a_reload_signal_changes_nothing():
    """`docker kill -s HUP`."""
    state = new_state()
    state.note(Notice(CID, 1), now=100.0)
    assert None is state.leaving_until(CID, 100.0)


def test_a_container_that_was_told_to_end_may_have_begun_a_new_life_unseen():
    """Its start was lost with the stream: the mark belongs to one life only."""
    state = new_state()
    looked_at(state)
    state.note(Notice(CID, 9), now=100.0)
    state.distrust()
    assert None is state.leaving_until(CID, 100.1)


def test_what_registrator_left_behind_goes_only_once_every_container_was_looked_at():
    """One of them may be about to adopt it."""
    state = new_state()
    state.learn({"host1:old:80": Service(id="host1:old:80", name="web")})
    assert None is state.left_behind({CID: "v1"}, HOST)
    state.want(CID, NOTHING)
    assert state.left_behind({CID: "v1"}, HOST) == {"host1:old:80": "old"}


def test_a_listed_container_that_wants_nothing_does_not_hold_the_sweep_up():
    """The engine lists a paused one as running."""
    state = new_state()
    state.learn({"host1:old:80": Service(id="host1:old:80", name="web")})
    state.compare({CID: "v1"}, HOST)
    state.forget(CID)
    assert state.left_behind({CID: "v1"}, HOST) == {"host1:old:80": "old"}


def test_what_others_registered_is_never_left_behind():
    """Another host's registrator, somebody by hand, our own."""
    state = new_state()
    state.learn(
        {
            "host2:old:80": Service(id="host2:old:80", name="web"),
            "custom": Service(id="custom", name="web"),
            "host1:c1:81": mark(Service(id="host1:c1:81", name="web"), HOST, CID),
        }
    )
    assert state.left_behind({}, HOST) == {}


def test_of_two_that_want_one_id_the_other_gets_it_when_the_first_is_gone():
    """No write of the first is undone by the second, and none is missing afterwards."""
    state = new_state()
    first = mark(Service(id="x", name="web"), HOST, "a")
    second = mark(Service(id="x", name="web"), HOST, "b")
    state.want("a", type(NOTHING)({"x": first}))
    state.want("b", type(NOTHING)({"x": second}))
    state.learn({"x": first})
    assert [Register(second)] != state.changes("b", HOST)
    state.forget("a")
    assert [Register(second)] == state.changes("b", HOST)


def test_an_id_that_changed_hands_is_the_new_containers():
    """Registered for one container, then for its successor: the first has nothing left to lose."""
    state = new_state()
    for container_id in ("a", "b"):
        state.registered(mark(Service(id="x", name="web"), HOST, container_id))
    assert [] == state.changes("a", HOST)
    assert [Deregister("x")] == state.changes("b", HOST)
    state.deregistered("x")
    assert [] == state.changes("b", HOST)
