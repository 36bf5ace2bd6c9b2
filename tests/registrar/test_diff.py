"""Desired against actual: only what is needed is written, and only to what is ours."""

import dataclasses
from typing import Any

from hypothesis import given, strategies as st

from catalog.model import Service
from registrar.core.diff import Claim, Deregister, Foreign, Register, diff
from registrar.core.ownership import mark

HOST = "host1"
CID = "c1"


def changes(desired, actual, contested=()):
    """The difference for container c1, in a catalog that gives back what it was given."""
    return diff(Claim(CID, HOST, contested), desired, actual, lambda service: service)


def ours(service_id: str, cid: str = CID, host: str = HOST, **facts: Any) -> Service:
    """A service that carries the mark of a host's registrar."""
    return mark(dataclasses.replace(Service(id=service_id, name="web"), **facts), host, cid)


def by_id(*services: Service) -> dict[str, Service]:
    """As a catalog gives them."""
    return {service.id: service for service in services}


def test_no_difference_no_write():
    """An identical service is left alone: a write would wake every watch on it."""
    assert changes(by_id(ours("a")), by_id(ours("a"))) == []


def test_what_differs_in_any_field_is_registered_again():
    """Whatever the field."""
    for change in ({"port": 1}, {"tags": ("x",)}, {"address": "10.0.0.1"}, {"name": "other"}):
        wanted = ours("a", **change)
        assert [Register(wanted)] == changes(by_id(wanted), by_id(ours("a")))


def test_removals_come_before_registrations():
    """A renamed service is never there twice."""
    found = changes(by_id(ours("new")), by_id(ours("old")))
    assert [Deregister("old"), Register(ours("new"))] == found


def test_what_is_not_ours_is_never_touched():
    """Not by id, not by likeness: another host's, another container's, nobody's."""
    foreign = by_id(
        ours("a", cid="other"), ours("b", host="host2"), Service(id="c", name="by hand")
    )
    assert changes({}, foreign) == []


def test_an_id_that_somebody_else_holds_is_told_not_taken():
    """The wanted service is left out."""
    there = Service(id="a", name="by hand")
    assert [Foreign(ours("a"))] == changes(by_id(ours("a")), by_id(there))


def test_what_registrator_left_behind_for_this_host_is_adopted():
    """Same id, no mark yet: it gets one."""
    wanted = ours("host1:c1:80")
    there = Service(id="host1:c1:80", name="web")
    assert [Register(wanted)] == changes(by_id(wanted), by_id(there))


def test_an_id_of_registrators_for_another_host_is_foreign():
    """Two hosts may share one agent."""
    there = Service(id="host2:c1:80", name="web")
    wanted = ours("host2:c1:80")
    assert [Foreign(wanted)] == changes(by_id(wanted), by_id(there))


def test_of_two_containers_that_want_one_id_the_first_keeps_it():
    """They would overwrite each other for ever."""
    there = ours("x", cid="other")
    assert [Foreign(ours("x"))] == changes(by_id(ours("x")), by_id(there), contested={"x"})


def test_the_successor_of_a_container_takes_over_its_ids():
    """Recreated under the same name before the old one's services were removed."""
    there = ours("x", cid="predecessor")
    assert [Register(ours("x"))] == changes(by_id(ours("x")), by_id(there))


IDS = st.sampled_from(["a", "b", "c", "host1:c1:80", "host2:c1:80"])
ANY_SERVICE = st.builds(
    lambda service_id, cid, host, port, marked: (
        ours(service_id, cid=cid, host=host, port=port)
        if marked
        else Service(id=service_id, name="by hand", port=port)
    ),
    IDS,
    st.sampled_from([CID, "c2"]),
    st.sampled_from([HOST, "host2"]),
    st.integers(0, 2),
    st.booleans(),
)


@given(st.lists(IDS, unique=True), st.lists(ANY_SERVICE, unique_by=lambda service: service.id))
def test_applying_the_difference_leaves_none_and_harms_nobody(wanted_ids, there):
    """`diff(desired, apply(diff))` is empty but for foreign ids; foreign services are as before."""
    desired = by_id(*(ours(service_id) for service_id in wanted_ids))
    actual = by_id(*there)
    after = dict(actual)
    for change in changes(desired, actual):
        match change:
            case Register(service):
                after[service.id] = service
            case Deregister(service_id):
                del after[service_id]
    assert all(isinstance(change, Foreign) for change in changes(desired, after))
    for service_id, service in actual.items():
        is_foreign = "seamark-owner" not in service.meta and service_id != "host1:c1:80"
        if is_foreign or service.meta.get("seamark-owner") == "host2":
            assert service == after[service_id]
