"""The fake engine is one to Docker's own client: what the scale tests stand on is proven here."""

import time
from collections.abc import Iterator

import docker
import pytest

from tests.scale.engine import FakeEngine
from tests.scale.recorded import KINDS, FakeContainer, made_of, services_of
from tests.waits import Waits


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    """Without containers."""
    with FakeEngine("host7") as running:
        yield running


@pytest.fixture
def client(fake: FakeEngine) -> Iterator[docker.APIClient]:
    """Docker's SDK, connected to it."""
    connected = docker.APIClient(fake.url, version="auto", timeout=10)
    yield connected
    connected.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_is_inspected_as_it_was_recorded_under_its_own_name(fake, client, kind):
    """By id, by name, and in the listing; two of a kind share neither id nor host port."""
    one, other = made_of(2, [kind])
    fake.start([one, other])
    document = client.inspect_container(one.name)
    assert (one.id, f"/{one.name}") == (document["Id"], document["Name"])
    assert document == client.inspect_container(one.id)
    assert document["State"]["Running"] is True
    published = document["NetworkSettings"]["Ports"]
    ports = {
        int(spec.partition("/")[0]): int(found[0]["HostPort"]) for spec, found in published.items()
    }
    assert ({} if kind == "host" else one.ports) == ports
    assert [other.id, one.id] == [entry["Id"] for entry in client.containers()]
    assert "recorded" not in str(document).replace("recorded-net", "")
    assert one.id not in str(client.inspect_container(other.id))


def test_the_truth_is_one_service_a_published_port():
    """By registrator's names and ids."""
    assert {
        "h:c00000:8080": ("dummy-http", 20000),
        "h:c00001:8080": ("dummy-http-8080", 20002),
        "h:c00001:9090": ("admin", 20003),
        "h:c00002:8080": ("dummy-http", 8080),
        "h:c00003:8080": ("c00003", 20006),
        "h:c00004:8080": ("dummy-http", 20008),
    } == services_of(made_of(5, KINDS), "h")


def test_a_container_that_ended_is_listed_only_with_all(fake, client):
    """And one that was removed is not even known."""
    kept, removed, running = made_of(3)
    fake.start([kept, removed, running])
    fake.end([kept])
    fake.end([removed], remove=True)
    assert [running.id] == [entry["Id"] for entry in client.containers()]
    listed = {entry["Id"]: entry["State"] for entry in client.containers(all=True)}
    assert {running.id: "running", kept.id: "exited"} == listed
    assert client.inspect_container(kept.id)["State"]["Running"] is False
    with pytest.raises(docker.errors.NotFound):
        client.inspect_container(removed.id)


def test_events_come_in_the_order_of_an_engine_and_are_filtered(fake, client):
    """Docker's client reads them from a chunked stream."""
    (container,) = made_of(1)
    everything = client.events(decode=True)
    ends = client.events(decode=True, filters={"type": ["container"], "event": ["die"]})
    fake.start([container])
    fake.end([container], remove=True)
    fake.cut_events()
    told = ["connect", "start", "kill", "die", "disconnect", "destroy"]
    assert told == [event["Action"] for event in everything]
    assert [container.id] == [event["Actor"]["ID"] for event in ends]


def test_the_past_is_told_to_who_asks_for_it(fake, client):
    """As a client does after a lost connection."""
    before = time.time() - 1
    fake.start(made_of(1))
    past = client.events(decode=True, since=before)
    assert "connect" == next(past)["Action"]
    assert "start" == next(past)["Action"]


def test_events_are_kept_back_or_lost_on_demand(fake, client):
    """Two faults that a client can tell apart only later."""
    one, two, three = made_of(3)
    stream = client.events(decode=True, filters={"type": ["container"]})
    fake.fail(events="lose")
    fake.start([one])
    fake.fail(events="stall")
    fake.start([two])
    fake.fail()
    fake.start([three])
    assert [two.id, three.id] == [next(stream)["id"], next(stream)["id"]]


def test_an_inspection_fails_on_demand(fake, client):
    """With the engine's own kind of error."""
    (container,) = made_of(1)
    fake.start([container])
    fake.fail(inspect_status=500)
    with pytest.raises(docker.errors.APIError):
        client.inspect_container(container.id)
    fake.fail()
    assert container.id == client.inspect_container(container.id)["Id"]


def test_every_request_is_counted_and_timed(fake, client, waits: Waits):
    """A stream of events counts when it begins and when it ends."""
    fake.start(made_of(1))
    fake.journal(forget=True)
    begin = time.monotonic()
    client.inspect_container(FakeContainer(0).id)
    stream = client.events()
    (inspect, events) = fake.journal()
    assert ("inspect", "events") == (inspect.kind, events.kind)
    assert begin <= inspect.begin <= inspect.end <= events.begin <= time.monotonic()
    stream.close()
    waits.until("the client's leaving is seen", lambda: fake.counts()["events-end"])
