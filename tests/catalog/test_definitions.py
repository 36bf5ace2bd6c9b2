"""Service definitions: Consul's own form, read strictly."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.definitions import Definitions, exported, parse_definitions
from catalog.errors import ShapeError
from catalog.model import Service, Status, TaggedAddress, Weights


def test_services_are_read_with_consuls_names_for_the_keys():
    """Every key of the form arrives in the service."""
    text = json.dumps(
        {
            "services": [
                {
                    "name": "db",
                    "id": "db-1",
                    "address": "10.0.0.7",
                    "port": 5432,
                    "tags": ["master", "a.b"],
                    "meta": {"region": "eu"},
                    "weights": {"passing": 10, "warning": 2},
                    "tagged_addresses": {"wan": {"address": "203.0.113.7", "port": 1}},
                    "enable_tag_override": True,
                    "check": {"name": "up", "status": "warning"},
                }
            ]
        }
    )
    expected = Service(
        id="db-1",
        name="db",
        address="10.0.0.7",
        port=5432,
        tags=("master", "a.b"),
        meta={"region": "eu"},
        weights=Weights(passing=10, warning=2),
        tagged_addresses={"wan": TaggedAddress("203.0.113.7", 1)},
        enable_tag_override=True,
        status=Status.WARNING,
    )
    assert Definitions([expected], []) == parse_definitions(text)


def test_a_single_service_has_its_name_as_id():
    """`service` beside or instead of `services`; the id is the name, as in Consul."""
    found = parse_definitions('{"service": {"name": "web", "port": 80}}')
    assert [service.id for service in found.services] == ["web"]


def test_checks_are_said_to_be_consuls_job():
    """What is not honoured is told, never dropped in silence."""
    text = '{"services": [{"name": "web", "checks": [{"http": "http://localhost/"}]}]}'
    found = parse_definitions(text)
    assert len(found.services) == 1
    assert found.remarks == ["services[0]: checks are Consul's job; the embedded catalog runs none"]


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("{", "", "not JSON"),
        ('{"services": [{"name": "a"}, {"port": 1}]}', "services[1]", "missing required field"),
        ('{"services": [{"name": "a", "prot": 1}]}', "services[0].prot", "unknown key"),
        ('{"services": [{"name": "a", "port": "80"}]}', "services[0].port", "expected `int`"),
        ('{"services": [{"name": "a", "port": 70000}]}', "services[0].port", "is not a port"),
        ('{"services": [{"name": ""}]}', "services[0].name", "empty"),
        ('{"services": [{"name": "a"}, {"name": "a"}]}', "services[1]", "stands twice"),
        ("[]", "", "expected `object`"),
        ('{"servces": []}', "servces", "unknown key"),
        ('{"service": {"name": "a", "address": "0.0.0.0"}}', "service.address", "is every address"),
        (
            '{"service": {"name": "a", "weights": {"passing": 0}}}',
            "service.weights.passing",
            "0 is",
        ),
        (
            '{"service": {"name": "a", "weights": {"passing": 70000}}}',
            "service.weights.passing",
            "70000 is no weight",
        ),
        (
            '{"service": {"name": "a", "tagged_addresses": {"lan_ipv4": {"address": "fd00::1"}}}}',
            "service.tagged_addresses.lan_ipv4.address",
            "`fd00::1` is no IPv4 address",
        ),
        (
            '{"service": {"name": "a", "tagged_addresses": {"lan": {"adress": "fd00::1"}}}}',
            "service.tagged_addresses.lan.adress",
            "unknown key",
        ),
        (
            '{"service": {"name": "a", "check": {"status": "fine"}}}',
            "service.check.status",
            "`fine` is no status",
        ),
    ],
)
def test_a_fault_is_named_with_its_path(text, path, words):
    """The first fault, and where it stands."""
    with pytest.raises(ShapeError) as caught:
        parse_definitions(text)
    assert path == caught.value.path
    assert words in caught.value.problem


def test_an_unknown_key_comes_with_the_nearest_known_one():
    """`prot` was meant to be `port`."""
    with pytest.raises(ShapeError) as caught:
        parse_definitions('{"service": {"name": "a", "prot": 1}}')
    assert caught.value.hint == "did you mean `port`?"


def test_the_services_that_make_run_starts_with_are_good():
    """conf/services.json holds svc1 to svc3."""
    found = parse_definitions(Path("conf/services.json").read_text())
    assert [service.name for service in found.services] == ["svc1", "svc2", "svc3"]
    assert found.remarks == []


SAME = [
    '{"services": [{"NAME": "a", "Port": 1, "Weights": {"Passing": 2}}]}',
    '{"Service": {"name": "a", "port": 1, "weights": {"passing": 2}}}',
    '{"service": [{"name": "a", "port": 1, "weights": [{"passing": 2}]}]}',
    '{"services": {"name": "a", "port": 1, "weights": [{"passing": 2}], "meta": [{}]}}',
]


@pytest.mark.parametrize("text", SAME)
def test_keys_in_any_case_and_blocks_in_lists_are_the_same(text: str):
    """Consul's agent takes them all: JSON, and what HCL makes of it."""
    expected = Service(id="a", name="a", port=1, weights=Weights(passing=2))
    assert Definitions([expected], []) == parse_definitions(text)


def test_an_agents_whole_file_may_be_given():
    """What else is in it is said to be left to the agent."""
    text = '{"datacenter": "dc1", "services": [{"name": "a"}]}'
    found = parse_definitions(text)
    assert ["a"] == [service.name for service in found.services]
    remark = "datacenter: it is for an agent; services alone are read from here"
    assert [remark] == found.remarks


REMARKS = [
    ({"name": "a.b"}, "services[0].name: `a.b` cannot be asked for by DNS"),
    ({"name": "a", "tags": ["ok", "no way"]}, "services[0].tags: `no way` cannot be asked for"),
    ({"name": "a", "address": "10.0.0.5:80"}, "services[0].address: `10.0.0.5:80` is neither"),
    ({"name": "a", "address": "a..b"}, "services[0].address: `a..b` is neither"),
    ({"name": "a", "kind": "connect-proxy"}, "services[0].kind: the mesh is Consul's"),
    ({"name": "a", "connect": {"native": True}}, "services[0].connect: the mesh is Consul's"),
    ({"name": "a", "check": {"tcp": "x:1"}}, "services[0]: checks are Consul's job"),
]


@pytest.mark.parametrize(("definition", "words"), REMARKS, ids=[row[1] for row in REMARKS])
def test_what_is_odd_is_said_and_costs_itself_alone(definition: dict[str, Any], words: str):
    """The service is there, and so is its neighbour."""
    text = json.dumps({"services": [definition, {"name": "other"}]})
    found = parse_definitions(text)
    assert 2 == len(found.services)
    (remark,) = found.remarks
    assert remark.startswith(words)


def test_the_worst_of_its_checks_is_how_a_service_is():
    """As its definition says; one that says nothing never ran, and counts as passing here."""
    for words, expected in (
        ([], Status.PASSING),
        (["passing", "warning"], Status.WARNING),
        (["critical", "warning"], Status.CRITICAL),
        ([None], Status.PASSING),
    ):
        checks = [{"name": "up", "status": word} if word else {"name": "up"} for word in words]
        text = json.dumps({"service": {"name": "a", "checks": checks}})
        assert expected == parse_definitions(text).services[0].status


def test_what_is_exported_is_read_as_it_was():
    """Whatever there is of a service, its health included."""
    services = [
        Service(id="plain", name="plain"),
        Service(
            id="all",
            name="all",
            address="10.0.0.1",
            port=1,
            tags=("a", "b"),
            meta={"k": "v"},
            weights=Weights(passing=3, warning=0),
            tagged_addresses={"lan_ipv4": TaggedAddress("10.0.0.2", 2)},
            enable_tag_override=True,
            status=Status.CRITICAL,
        ),
    ]
    text = json.dumps({"services": exported(services)})
    assert services == parse_definitions(text).services
    assert {"id": "plain", "name": "plain"} == exported(services)[0]
