"""Service definitions: Consul's own form, read strictly."""

import json
from pathlib import Path

import pytest

from catalog.definitions import parse_definitions
from catalog.errors import ShapeError
from catalog.model import Service, Weights


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
    )
    assert ([expected], []) == parse_definitions(text)


def test_a_single_service_has_its_name_as_id():
    """`service` beside or instead of `services`; the id is the name, as in Consul."""
    services, _ = parse_definitions('{"service": {"name": "web", "port": 80}}')
    assert [service.id for service in services] == ["web"]


def test_checks_are_said_to_be_consuls_job():
    """What is not honoured is told, never dropped in silence."""
    text = '{"services": [{"name": "web", "checks": [{"http": "http://localhost/"}]}]}'
    services, remarks = parse_definitions(text)
    assert len(services) == 1
    assert remarks == ["services[0]: checks are Consul's job; the embedded catalog runs none"]


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
    services, remarks = parse_definitions(Path("conf/services.json").read_text())
    assert [service.name for service in services] == ["svc1", "svc2", "svc3"]
    assert remarks == []
