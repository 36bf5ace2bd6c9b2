"""The Consul agent's edge against a real agent: what it keeps, and what it tells."""

import dataclasses
import string
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings, strategies as st

from catalog.agent import ConsulAgent
from catalog.bodies import ttl_check_id, why_irremovable
from catalog.errors import CatalogRefused
from catalog.model import Service, SharedCatalog, TaggedAddress, Weights
from catalog.uri import AgentAddress
from tests.lab import consul as lab
from tests.waits import PATIENCE_S

pytestmark = pytest.mark.lab

WEB = Service(id="host:web:80", name="web", port=80, address="10.0.0.1")
TTL: dict[str, Any] = {"CheckID": ttl_check_id(WEB.id), "TTL": "10s", "Status": "passing"}
TCP: dict[str, Any] = {"TCP": "127.0.0.1:9", "Interval": "10s", "Status": "passing"}


@pytest.fixture(scope="module")
def agent(consul_binary: Path) -> Iterator[lab.ConsulAgent]:
    """A Consul of this module's own."""
    with lab.ConsulAgent(consul_binary, node="n1") as running:
        yield running


@pytest.fixture
def catalog(agent: lab.ConsulAgent) -> Iterator[ConsulAgent]:
    """Our edge to it; no service is left."""
    host, _, port = agent.http_address.partition(":")
    edge = ConsulAgent(AgentAddress(host, int(port)))
    yield edge
    for service_id in agent.get("agent/services"):
        edge.deregister(service_id)
    assert {} == edge.services()


def test_it_is_a_shared_catalog(catalog):
    """All that the registrar asks of one."""
    assert isinstance(catalog, SharedCatalog)


addresses = st.sampled_from(
    ["", "10.0.0.1", "fd00::1", "FD00::01", "::ffff:10.0.0.1", "host.example", " x"]
)
ports = st.sampled_from([0, 80, 65535])
tagged = st.builds(TaggedAddress, addresses.filter(bool), ports)
metas = st.dictionaries(
    st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=128),
    st.text(max_size=500).filter(lambda text: len(text.encode()) <= 512),
    max_size=5,
)
checks = st.lists(st.sampled_from([{"TTL": "10s"}, TCP, TTL, {"TTL": "1m", "Name": "ü"}]))
services = st.builds(
    Service,
    # Above them Go may know fewer characters than Python.
    id=st.text(st.characters(max_codepoint=0x2FF), min_size=1, max_size=60).filter(
        lambda text: not why_irremovable(text)
    ),
    name=st.text(min_size=1, max_size=60),
    port=ports,
    address=addresses,
    tags=st.lists(st.text(max_size=20), max_size=4).map(tuple),
    meta=metas,
    weights=st.builds(
        Weights, passing=st.sampled_from([1, 65535]), warning=st.sampled_from([0, 1, 65535])
    ),
    tagged_addresses=st.dictionaries(
        st.sampled_from(["lan_ipv4", "wan_ipv4", "lan_ipv6", "wan", "x"]), tagged, max_size=3
    ),
    enable_tag_override=st.booleans(),
    checks=checks.map(tuple),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(dataclasses.replace(WEB, meta={f"k{n}": "" for n in range(64)}))
@example(dataclasses.replace(WEB, tags=("", "b", "b", "<&>ü\x00", "")))
@example(dataclasses.replace(WEB, tagged_addresses={"lan_ipv4": TaggedAddress("10.0.0.1", 80)}))
@given(services)
def test_what_is_registered_comes_back_as_kept_and_goes_again(catalog, service):
    """Otherwise the registrar would see drift for ever, or leave a ghost behind."""
    try:
        catalog.register(service)
    except CatalogRefused:
        assume(False)  # noqa: FBT003  (what the agent does not accept is none of this)
    assert catalog.kept(service) == catalog.services()[service.id]
    catalog.deregister(service.id)
    assert service.id not in catalog.services()


@pytest.mark.parametrize(
    "service_id",
    ["a/b", "a?b", "a%b", "a%2Fb", "a:b", "a b", "a/", "ü", "a#b", "a+b", "a;b", "..."],
)
def test_an_id_of_any_form_is_removed_and_nothing_else(catalog, service_id):
    """It stands in a path, and a 404 counts as done: a wrong path would look like success."""
    other = dataclasses.replace(WEB, id="b")
    catalog.register(other)
    catalog.register(dataclasses.replace(WEB, id=service_id))
    assert {"b", service_id} == set(catalog.services())
    catalog.deregister(service_id)
    assert {"b": other} == catalog.services()
    catalog.deregister(service_id)


def test_an_id_that_could_not_be_removed_is_not_registered(catalog):
    """`a/../b` would take `b` with it on Consul 1.8."""
    with pytest.raises(CatalogRefused, match=r"register `a/\.\./b`: .*choose another") as caught:
        catalog.register(dataclasses.replace(WEB, id="a/../b"))
    assert caught.value.status == 0
    with pytest.raises(CatalogRefused, match="deregister"):
        catalog.deregister("a/../b")


def test_checks_are_replaced_with_their_service(agent, catalog):
    """An agent keeps the old ones unless it is told; a lost one shows."""
    both = dataclasses.replace(WEB, checks=(TTL, TCP))
    catalog.register(both)
    assert {TTL["CheckID"], f"service:{WEB.id}:2"} == set(agent.get("agent/checks"))
    agent.put(f"agent/check/deregister/service:{WEB.id}:2")
    assert catalog.kept(both) != catalog.services()[WEB.id]
    catalog.register(both)
    assert catalog.kept(both) == catalog.services()[WEB.id]
    catalog.register(WEB)
    assert {} == agent.get("agent/checks")
    assert {WEB.id: WEB} == catalog.services()


def test_the_agents_own_words_come_with_a_refusal(catalog):
    """In one line, and it is not a thing that passes."""
    with pytest.raises(CatalogRefused, match=r"400 .*Key contains invalid") as caught:
        catalog.register(dataclasses.replace(WEB, meta={"a b": "x"}))
    assert (caught.value.status, caught.value.passing) == (400, False)
    with pytest.raises(CatalogRefused) as caught:
        catalog.register(dataclasses.replace(WEB, meta={"a b": "x\n" * 500}))
    assert len(str(caught.value)) < 420
    assert "\n" not in str(caught.value)


def test_a_heartbeat_keeps_a_service_alive(agent, catalog, waits):
    """Without one the check is critical when its time is up; the next one mends it."""

    def status() -> str:
        return str(agent.get("agent/checks")[check["CheckID"]]["Status"])

    odd = dataclasses.replace(WEB, id="a/b %")
    check = TTL | {"CheckID": ttl_check_id(odd.id), "TTL": "2s", "Status": "critical"}
    catalog.register(dataclasses.replace(odd, checks=(check,)))
    catalog.heartbeat(odd.id)
    assert status() == "passing"
    waits.until("critical without heartbeats", lambda: status() == "critical", limit_s=PATIENCE_S)
    catalog.heartbeat(odd.id)
    assert status() == "passing"


def test_a_heartbeat_for_nothing_is_refused(catalog):
    """The service, or its check, is gone: the registrar has to look."""
    with pytest.raises(CatalogRefused, match="heartbeat of `nothing`"):
        catalog.heartbeat("nothing")


def test_the_node_has_an_address(catalog):
    """What an empty one of a service stands for."""
    assert catalog.node_address() == "127.0.0.1"


class Waiting:
    """One wait_for_change in a thread of its own."""

    def __init__(self, catalog: Any, index: int) -> None:
        self.index = 0
        self._thread = threading.Thread(target=self._run, args=(catalog, index), daemon=True)
        self._thread.start()

    def _run(self, catalog: Any, index: int) -> None:
        self.index = catalog.wait_for_change(index)


def settled(catalog: Any) -> int:
    """An index that nothing of the past moves any more: the agent syncs in its own time."""
    index, deadline = catalog.wait_for_change(0), time.monotonic() + 1.5
    while time.monotonic() < deadline:
        time_left = Waiting(catalog, index)
        time_left._thread.join(0.5)
        if not time_left.index:
            return int(index)
        index = time_left.index
    return int(index)


def test_what_another_client_does_wakes_us(agent, catalog, waits):
    """A deregistration behind our back is seen at once, not at the next slow comparison."""
    catalog.register(WEB)
    there = "catalog/node/n1"
    waits.until("there", lambda: WEB.id in agent.get(there)["Services"], PATIENCE_S)
    index = settled(catalog)
    assert index > 0
    waiting = Waiting(catalog, index)
    began = time.monotonic()
    agent.put(f"agent/service/deregister/{WEB.id}")
    woken = waits.until("woken by the deregistration", lambda: waiting.index, since=began)
    assert woken > index


def test_an_index_of_the_future_starts_anew(catalog):
    """A Consul that was restored from a backup counts from below."""
    assert catalog.wait_for_change(0) > 0
