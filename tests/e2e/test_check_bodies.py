"""What comes of SERVICE_CHECK_*, registered with a real agent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registrar.core.checks import CheckTarget, checks_for
from tests.lab.consul import ConsulAgent
from tests.lab.shell import LabError

pytestmark = pytest.mark.lab

_TARGET = CheckTarget(
    service_id="h:c:80", host="::1", port=9, container_id="c" * 64, internal_port=80
)
_COMMON = {
    "interval": "1m30s",
    "timeout": "250ms",
    "initial_status": "warning",
    "deregister_after": "90m",
    "success_before_passing": "2",
    "failures_before_critical": "3",
    "name": "the check",
    "notes": "a note",
}
_HTTP = _COMMON | {
    "method": "PUT",
    "header": '{"X-A": "1", "X-B": ["2", "3"]}',
    "body": "text",
    "tls_skip_verify": "1",
}
_NOT_POLLED = {"initial_status": "warning", "deregister_after": "90m", "name": "n", "notes": "n"}

# Kind, its value, its options, and the type that the agent has for it.
KINDS = [
    ("http", "/health?a=b", _HTTP, "http"),
    ("https", "health", _HTTP, "http"),
    ("cmd", "/check.sh a", _COMMON, "script"),
    ("script", "nc $SERVICE_IP $SERVICE_PORT", _COMMON, "script"),
    ("script", "true | false", _COMMON, "script"),
    ("ttl", "30s", _NOT_POLLED, "ttl"),
    ("tcp", "1", _COMMON | {"tls_skip_verify": "1"}, "tcp"),
    ("grpc", "1", _COMMON | {"tls_skip_verify": "1", "grpc_use_tls": "1"}, "grpc"),
    ("grpc", "my.Service", _COMMON, "grpc"),
    ("alias", "h:other:80", _NOT_POLLED, "alias"),
    ("docker", "test -e /", _COMMON, "docker"),
]
NEWER = [
    ("udp", "1", _COMMON | {"failures_before_warning": "1"}, "udp"),
    ("h2ping", "1", _COMMON | {"tls_server_name": "a.example", "tls_skip_verify": "1"}, "h2ping"),
    ("h2ping", "1", _COMMON | {"h2ping_use_tls": "0"}, "h2ping"),
    ("tcp", "1", _COMMON | {"tcp_use_tls": "1", "tls_server_name": "a.example"}, "tcp"),
    ("https", "/", _HTTP | {"tls_server_name": "a.example"}, "http"),
]


@pytest.fixture(scope="module")
def agent(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul that runs scripts, and has a service for the alias to follow."""
    with ConsulAgent(consul_binary, config={"enable_script_checks": True}) as running:
        running.put("agent/service/register", {"ID": "h:other:80", "Name": "other"})
        yield running


def attributes(kind: str, value: str, options: dict[str, str], index: str = "") -> dict[str, str]:
    """One check's attributes."""
    prefix = f"check_{index}"
    return {f"{prefix}{kind}": value} | {prefix + key: text for key, text in options.items()}


def registered(agent: ConsulAgent, given: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The checks that the agent has once the service is registered with ours, by id."""
    bodies, faults = checks_for(given, _TARGET)
    assert faults == []
    body = {"ID": _TARGET.service_id, "Name": "web", "Port": 80, "Checks": bodies}
    agent.put("agent/service/register?replace-existing-checks=true", body)
    found: dict[str, dict[str, Any]] = agent.get("agent/checks")
    return {key: check for key, check in found.items() if check["ServiceID"] == _TARGET.service_id}


@pytest.mark.parametrize(("kind", "value", "options", "type_"), KINDS)
def test_every_kind_is_taken_with_all_its_options(agent, kind, value, options, type_):
    """A single check has the id that Consul chooses."""
    found = registered(agent, attributes(kind, value, options))
    (check,) = found.values()
    assert {"service:h:c:80"} == set(found)
    assert (type_, options["name"], options["notes"]) == (
        check["Type"],
        check["Name"],
        check["Notes"],
    )


@pytest.mark.parametrize(("kind", "value", "options", "type_"), NEWER)
def test_the_newer_kinds_and_options_are_taken_by_the_current_release(
    agent, kind, value, options, type_
):
    """The oldest refuses the whole service for a field that it does not know."""
    if agent.version.startswith("1.8."):
        bodies, _ = checks_for(attributes(kind, value, options), _TARGET)
        body = {"ID": "x", "Name": "x", "Checks": bodies}
        with pytest.raises(LabError, match=r": 400: "):
            agent.put("agent/service/register", body)
    else:
        (check,) = registered(agent, attributes(kind, value, options)).values()
        assert type_ == check["Type"]


def test_several_checks_have_an_id_each(agent):
    """The unindexed one keeps its own when others come and go."""
    given = {"check_ttl": "30s"} | attributes("tcp", "1", _COMMON, "2_")
    given |= attributes("http", "/", {}, "17_")
    assert {"service:h:c:80", "service:h:c:80:2", "service:h:c:80:17"} == set(
        registered(agent, given)
    )
    assert {"service:h:c:80"} == set(registered(agent, {"check_ttl": "30s"}))
    agent.put("agent/check/pass/service:h:c:80")
    assert agent.get("agent/checks")["service:h:c:80"]["Status"] == "passing"


@pytest.mark.parametrize(
    "bad",
    [
        {"check_interval": "5"},
        {"check_interval": "0s"},
        {"check_timeout": "x"},
        {"check_initial_status": "up"},
        {"check_failures_before_warning": "3"},
        {"check_header": '{"X": 1}'},
        {"check_deregister_after": "1d"},
        {"check_success_before_passing": "many"},
        {"check_2_ttl": "1"},
        {"check_2_script": " "},
    ],
    ids=str,
)
def test_what_is_told_as_a_fault_does_not_cost_the_service(agent, bad):
    """What is good of it is registered."""
    bodies, faults = checks_for({"check_tcp": "1"} | bad, _TARGET)
    assert len(faults) == 1
    agent.put("agent/service/register", {"ID": "x", "Name": "x", "Checks": bodies})
    assert agent.get("agent/checks")["service:x"]["Type"] == "tcp"
