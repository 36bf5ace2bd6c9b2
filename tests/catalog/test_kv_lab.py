"""Services as keys, in a real Consul's key/value store."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import CatalogRefused
from catalog.kv import ConsulKv
from catalog.model import Service, SharedCatalog, Weights
from catalog.uri import AgentAddress
from tests.lab import consul as lab
from tests.lab.shell import LabError

pytestmark = pytest.mark.lab

OWNED = {"seamark-owner": "host1", "seamark-container": "c" * 64}
WEB = Service(id="host1:c1:80", name="web", port=8080, address="10.0.0.1", meta=OWNED)


@pytest.fixture(scope="module")
def agent(consul_binary: Path) -> Iterator[lab.ConsulAgent]:
    """A Consul of this module's own."""
    with lab.ConsulAgent(consul_binary, node="n1") as running:
        yield running


@pytest.fixture
def catalog(agent: lab.ConsulAgent) -> Iterator[ConsulKv]:
    """Our edge to an empty store."""
    yield edge_to(agent)
    for key in ("services/", ".seamark/"):
        agent.put("txn", [{"KV": {"Verb": "delete-tree", "Key": key}}])


def edge_to(agent: lab.ConsulAgent) -> ConsulKv:
    host, _, port = agent.http_address.partition(":")
    return ConsulKv(AgentAddress(host, int(port)), "services/dc")


def keys(agent: lab.ConsulAgent) -> dict[str, str]:
    """Everything in the store."""
    try:
        entries = agent.get("kv/?recurse")
    except LabError:
        return {}
    return {entry["Key"]: base64.b64decode(entry["Value"] or "").decode() for entry in entries}


def write(agent: lab.ConsulAgent, **values: str) -> None:
    """As another client does."""
    operations = [
        {"KV": {"Verb": "set", "Key": key, "Value": base64.b64encode(text.encode()).decode()}}
        for key, text in values.items()
    ]
    agent.put("txn", operations)


def test_it_is_a_shared_catalog(catalog):
    """All that the registrar asks of one; an empty store has no services."""
    assert isinstance(catalog, SharedCatalog)
    assert {} == catalog.services()


@pytest.mark.parametrize(
    ("address", "value"), [("10.0.0.1", "10.0.0.1:8080"), ("fd00::1", "[fd00::1]:8080")]
)
def test_a_key_is_as_registrator_writes_it(agent, catalog, address, value):
    """Whoever reads the keys needs no change; whose it is stands elsewhere."""
    service = Service(id=WEB.id, name="web", port=8080, address=address, meta=OWNED)
    catalog.register(service)
    found = keys(agent)
    mark = json.loads(found.pop(".seamark/services/dc/web/host1:c1:80"))
    assert {"services/dc/web/host1:c1:80": value} == found
    expected = {"owner": "host1", "container": "c" * 64, "name": "web", "id": WEB.id}
    assert expected == mark
    assert {WEB.id: service} == catalog.services()


def test_what_a_key_cannot_hold_is_not_kept(catalog):
    """Tags, checks and the rest are no drift; an empty address is the node's."""
    full = Service(
        id="a",
        name="web",
        port=1,
        tags=("x",),
        meta=OWNED | {"k": "v"},
        weights=Weights(passing=3),
        enable_tag_override=True,
        checks=({"TTL": "10s"},),
        token="t",
    )
    catalog.services()
    catalog.register(full)
    expected = Service(id="a", name="web", port=1, address="127.0.0.1", meta=OWNED)
    assert expected == catalog.kept(full)
    assert {"a": expected} == catalog.services()
    catalog.heartbeat("a")


@pytest.mark.parametrize(("name", "service_id"), [("a/b", "c/d"), ("ü %?", "x y"), ("a", "/b//")])
def test_a_name_and_an_id_of_any_form_survive(agent, catalog, name, service_id):
    """The mark knows where the name ends."""
    service = Service(id=service_id, name=name, port=1, address="10.0.0.1", meta=OWNED)
    catalog.register(service)
    assert {service_id: service} == edge_to(agent).services()
    edge_to(agent).deregister(service_id)
    assert {} == keys(agent)
    catalog.deregister(service_id)


def test_keys_of_others_are_services_without_a_mark(agent, catalog):
    """Registrator's, say; what holds no address is none, and no fault."""
    write(
        agent,
        **{
            "services/dc/web/host2:c:80": "[fd00::2]:80",
            "services/dc/web/with/slash": "host.example:81",
            "services/dc/web/odd": "no address",
            "services/dc/web/x": ":80",
            "services/dc/flag": "10.0.0.1:1",
            "services/dcx/web/y": "10.0.0.1:1",
            ".seamark/services/dc/web/host2:c:80": "no json",
            ".seamark/services/dc/web/with/slash": '{"name": "other", "owner": 1}',
        },
    )
    expected = {
        "host2:c:80": Service(id="host2:c:80", name="web", port=80, address="fd00::2"),
        "with/slash": Service(id="with/slash", name="web", port=81, address="host.example"),
    }
    assert expected == catalog.services()


def test_a_service_that_changed_its_name_leaves_no_key_behind(agent, catalog):
    """Its id is what it is known by."""
    catalog.register(WEB)
    second = edge_to(agent)
    second.services()
    renamed = Service(id=WEB.id, name="api", port=1, address="10.0.0.1", meta=OWNED)
    second.register(renamed)
    assert {WEB.id: renamed} == catalog.services()
    assert len(keys(agent)) == 2


def test_a_service_without_a_mark_takes_the_mark_away(agent, catalog):
    """Nobody's service must not look like ours."""
    catalog.register(WEB)
    catalog.register(Service(id=WEB.id, name="web", port=1, address="10.0.0.1"))
    assert {"services/dc/web/host1:c1:80": "10.0.0.1:1"} == keys(agent)


def test_a_service_needs_a_name_and_an_id(catalog):
    """A key that ends in a slash is a folder."""
    with pytest.raises(CatalogRefused, match="needs a name and an id"):
        catalog.register(Service(id="", name="web"))


def test_the_watch_sees_a_key_go_and_a_value_change(agent, catalog, waits):
    """Also below a prefix that has no key yet."""
    index = catalog.wait_for_change(0)
    assert index > 0
    steps: list[tuple[str, Any]] = [
        ("a key came", lambda: catalog.register(WEB)),
        ("a value changed", lambda: write(agent, **{"services/dc/web/host1:c1:80": "10.0.0.1:9"})),
        ("a key went", lambda: edge_to(agent).deregister(WEB.id)),
    ]
    for what, step in steps:
        found: list[int] = []
        thread = threading.Thread(
            target=lambda index, found: found.append(catalog.wait_for_change(index)),
            args=(index, found),
            daemon=True,
        )
        thread.start()
        began = time.monotonic()
        step()
        index = waits.until(what, lambda found=found: found, since=began)[0]
        assert index > 0
