"""What is registered, what should be, and the difference."""

import dataclasses
import json

import pytest

from catalog.model import Service
from registrar.core.desired import desired_services
from registrar.core.offline import containers_from_text
from registrar.core.ownership import mark
from registrar.core.plan import make_plan
from tests.registrar.inspect_output import HOST, POLICY, container, inspect_output

WEB = {"80/tcp": [("0.0.0.0", 8080)]}


def plan(containers, services, policy=POLICY):
    """In a catalog that gives back what it was given."""
    return make_plan(containers, {s.id: s for s in services}, policy, lambda service: service)


def service_of(found):
    """The one service of a container."""
    (service,) = desired_services(found, POLICY).services.values()
    return service


def test_where_both_agree_there_is_nothing_to_do():
    """And it says what is as it should be."""
    web = container(WEB)
    found = plan([web], [service_of(web)])
    assert found.is_empty
    assert [service_of(web)] == found.unchanged


def test_every_kind_of_difference():
    """New, changed, a ghost of ours; others are not touched."""
    new, changed = container(WEB, id="a" * 64, name="new"), container(WEB, id="b" * 64)
    wrong = dataclasses.replace(service_of(changed), port=1)
    ghost = mark(Service(id="g", name="g"), HOST, "gone")
    others = [Service(id="x", name="x"), mark(Service(id="y", name="y"), "host9", "gone")]
    found = plan([new, changed], [wrong, ghost, *others])
    assert [service_of(new)] == found.register
    assert [service_of(changed)] == found.replace
    assert {"host1:c1:80": ["port: 1 -> 8080"]} == found.differences
    assert [ghost] == found.deregister
    assert [] == found.unchanged


def test_a_container_that_ended_takes_its_services_along():
    """Unless it failed and -deregister on-success keeps them."""
    ended = container(WEB, state={"Running": False, "ExitCode": 1})
    there = mark(Service(id="host1:c1:80", name="redis"), HOST, ended.id)
    assert [there] == plan([ended], [there]).deregister
    kept = plan([ended], [there], dataclasses.replace(POLICY, keep_failed=True))
    assert kept.is_empty
    assert "failed with exit code 1" in kept.notes[0].reason


def test_an_id_that_somebody_else_holds_is_told():
    """It is left out."""
    held = Service(id="mine", name="by hand")
    found = plan([container(WEB, env=["SERVICE_ID=mine"])], [held])
    assert found.is_empty
    assert "the id is somebody else's" == found.notes[-1].reason


@pytest.mark.parametrize("text", ["", "x", "1", '["x"]', "[[]]", "null", "[" * 100_000])
def test_what_is_no_inspect_output_is_refused(text):
    """With a word on what it is not."""
    with pytest.raises(ValueError, match=r"not JSON|no list of objects"):
        containers_from_text(text)


def test_a_document_that_cannot_be_read_costs_itself():
    """Its place in the list is told."""
    documents = [{"Id": 7}, inspect_output(WEB), {"Id": "x", "Config": []}]
    found, notes = containers_from_text(json.dumps(documents))
    assert ["c1"] == [one.name for one in found]
    assert ["[0]", "[2]"] == [note.container for note in notes]


def test_one_document_alone_is_a_list_of_one():
    """As `docker inspect -f '{{json .}}'` prints it."""
    found, _ = containers_from_text(json.dumps(inspect_output(WEB)))
    assert ["c1"] == [one.name for one in found]
