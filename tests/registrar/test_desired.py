"""Containers -> services, beyond registrator's table: what only Seamark has, and bad input."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, strategies as st

from catalog.model import TaggedAddress, Weights
from registrar.core.desired import desired_services
from registrar.core.ownership import CONTAINER, OWNER
from registrar.core.policy import Policy
from registrar.core.selector import parse_selector
from registrar.core.template import parse_template
from tests.registrar.inspect_output import HOST, POLICY, container

ANY = "0.0.0.0"
ONE = {"6379/tcp": [(ANY, 10000)]}
WEB = {"443/tcp": [(ANY, 4443)], "80/tcp": [(ANY, 8000)]}


def only(found):
    """The one service of a container."""
    (service,) = found.services.values()
    return service


def policy(**changes: Any) -> Policy:
    """The default policy with some flags."""
    return dataclasses.replace(POLICY, **changes)


NAMES = [
    ("auto, one port", {}, ONE, {}, {"redis"}),
    ("always", {"suffix": "always"}, ONE, {}, {"redis-6379"}),
    ("never", {"suffix": "never"}, WEB, {}, {"redis"}),
    (
        "a template",
        {"name": '{{index .Config.Labels "com.docker.compose.service"}}'},
        ONE,
        {"labels": {"com.docker.compose.service": "db"}},
        {"db"},
    ),
    (
        "a template that gives nothing",
        {"name": '{{index .Config.Labels "com.docker.compose.service"}}'},
        ONE,
        {},
        {"redis"},
    ),
    ("a name of its own beats it", {"name": "x"}, ONE, {"env": ["SERVICE_NAME=y"]}, {"y"}),
    ("registry, port and tag are no part of it", {}, ONE, {"image": "r:5000/t/api:1"}, {"api"}),
    ("an image by its id", {}, ONE, {"image": "sha256:3f5a"}, {"sha256"}),
]


@pytest.mark.parametrize(
    ("flags", "ports", "facts", "expected"), [row[1:] for row in NAMES], ids=[r[0] for r in NAMES]
)
def test_names_follow_template_and_suffix_policy(flags, ports, facts, expected):
    """Registrator's by default."""
    template = flags.get("name")
    chosen = policy(**flags | ({"name": parse_template(template)} if template else {}))
    found = desired_services(container(ports, **facts), chosen)
    assert expected == {service.name for service in found.services.values()}


@pytest.mark.parametrize("name", ["a.b", "with blank", "x" * 64, "-"])
def test_a_name_that_dns_cannot_ask_for_is_kept_and_told(name):
    """Somebody may look it up over HTTP."""
    found = desired_services(container(ONE, env=[f"SERVICE_NAME={name}"]), POLICY)
    assert name == only(found).name
    assert [False] == [note.left_out for note in found.notes]
    assert "cannot be asked for by DNS" in found.notes[0].reason


def test_what_goes_beyond_registrator():
    """Weights, tag override, tagged addresses, a token: none of them in meta."""
    env = [
        "SERVICE_WEIGHT_PASSING=10",
        "SERVICE_WEIGHT_WARNING=0",
        "SERVICE_TAG_OVERRIDE=true",
        "SERVICE_TAGGED_ADDRESS_WAN=203.0.113.5:8080",
        "SERVICE_TAGGED_ADDRESS_LAN=[fd00::1]:81",
        "SERVICE_TOKEN=secret",
    ]
    service = only(desired_services(container(ONE, env=env), POLICY))
    assert Weights(passing=10, warning=0) == service.weights
    assert service.enable_tag_override
    expected = {"wan": TaggedAddress("203.0.113.5", 8080), "lan": TaggedAddress("fd00::1", 81)}
    assert expected == service.tagged_addresses
    assert "secret" == service.token
    assert "secret" not in repr(service)
    assert {OWNER, CONTAINER} == set(service.meta)


@pytest.mark.parametrize(
    ("entry", "subject"),
    [
        ("SERVICE_WEIGHT_PASSING=0", "6379/tcp SERVICE_WEIGHT_PASSING"),
        ("SERVICE_WEIGHT_WARNING=65536", "6379/tcp SERVICE_WEIGHT_WARNING"),
        ("SERVICE_TAGGED_ADDRESS_WAN=1.2.3.4:x", "6379/tcp SERVICE_TAGGED_ADDRESS_WAN"),
        ("SERVICE_SEAMARK-OWNER=me", "6379/tcp SERVICE_SEAMARK-OWNER"),
        ("SERVICE_CHECK_TTL=soon", "6379/tcp SERVICE_CHECK_TTL"),
        ("SERVICE_TOKEN=a b", "6379/tcp SERVICE_TOKEN"),
        ("SERVICE_ID=a/../b", "6379/tcp SERVICE_ID"),
        ("SERVICE_x=" + "y" * 513, "6379/tcp SERVICE_X"),
        ("SERVICE_consul-x=y", "6379/tcp SERVICE_CONSUL-X"),
    ],
)
def test_a_bad_value_costs_itself_and_is_told(entry, subject):
    """Consul would refuse the whole service for it."""
    found = desired_services(container(ONE, env=[entry]), POLICY)
    assert {OWNER, CONTAINER} == set(only(found).meta)
    assert (Weights(), "") == (only(found).weights, only(found).token)
    assert "host1:c1:6379" == only(found).id
    assert subject in [note.subject for note in found.notes if note.left_out]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("SERVICE_NAEM", "did you mean `SERVICE_NAME`?"),
        ("SERVICE_80_TAG", "did you mean `SERVICE_80_TAGS`?"),
        ("SERVICE_CHECK_HTPP", "check_http"),
        ("SERVCE_NAME", "did you mean `SERVICE_NAME`?"),
        ("service_NAME", "starts with upper-case SERVICE_"),
    ],
)
def test_a_misspelt_key_is_told_with_the_one_it_was_meant_to_be(key, words):
    """By flag or label, in the environment or not."""
    for facts in ({"env": [f"{key}=x"]}, {"labels": {key: "x"}}):
        notes = desired_services(container({"80/tcp": [(ANY, 1)]}, **facts), POLICY).notes
        assert any(words in note.reason for note in notes), notes


@pytest.mark.parametrize("health", ["starting", "unhealthy"])
def test_a_container_is_registered_while_it_is_healthy(health):
    """Its HEALTHCHECK decides, where there is one; podman's word for none is `none`."""
    sick = container(ONE, state={"Health": {"Status": health}})
    assert f"its HEALTHCHECK says {health}" == desired_services(sick, POLICY).notes[0].reason
    for well in ({"Health": {"Status": "healthy"}}, {"Health": {"Status": "none"}}, {}):
        assert desired_services(container(ONE, state=well), POLICY).services


def test_containers_are_chosen_by_selectors():
    """All of them must match."""
    selectors = (parse_selector("image:redis"), parse_selector("not label:dev"))
    chosen = policy(select=selectors)
    assert desired_services(container(ONE), chosen).services
    left_out = desired_services(container(ONE, labels={"dev": ""}), chosen)
    assert {} == left_out.services
    assert "not selected by `not label:dev`" == left_out.notes[0].reason


def test_time_to_live_is_a_check_of_its_own():
    """Beside the container's own check, which keeps the id that Consul would give it."""
    env = ["SERVICE_CHECK_TTL=30s"]
    checks = only(desired_services(container(ONE, env=env), policy(ttl_s=20))).checks
    ids = ["service:host1:c1:6379", "service:host1:c1:6379:ttl"]
    assert ids == [check["CheckID"] for check in checks]
    assert ("20s", "passing", "60s") == tuple(
        checks[1][key] for key in ("TTL", "Status", "DeregisterCriticalServiceAfter")
    )


def test_a_template_that_fails_costs_its_tags_only():
    """Registrator ended for it."""
    chosen = policy(tags=parse_template('a,{{httpGet "http://127.0.0.1:1/"}}'))
    found = desired_services(container(ONE, env=["SERVICE_TAGS=b"]), chosen)
    assert ("b",) == only(found).tags
    assert found.notes[0].reason.startswith("-tags: ")


@pytest.mark.parametrize(
    "labels",
    [{"SERVICE_key\n": "v"}, {"SERVICE_key": "ü" * 257}],
    ids=["line break behind the key", "514 bytes in 257 characters"],
)
def test_a_meta_pair_that_only_looks_right_is_left_out(labels):
    """Consul would refuse the whole service for it."""
    found = desired_services(container(ONE, labels=labels), POLICY)
    (service,) = found.services.values()
    assert {OWNER, CONTAINER} == set(service.meta)
    assert 1 == len([note for note in found.notes if note.left_out])


def test_more_meta_than_consul_takes_costs_the_surplus_only():
    """64 pairs at most, of which our marks may take three."""
    labels = {f"SERVICE_k{n:03}": "v" for n in range(100)}
    found = desired_services(container(ONE, labels=labels), POLICY)
    assert [len(service.meta) for service in found.services.values()] == [63]
    assert len(found.notes) == 39


def test_a_service_carries_our_mark():
    """Who registered it, and for which container."""
    (service,) = desired_services(container(ONE), POLICY).services.values()
    assert (service.meta[OWNER], service.meta[CONTAINER]) == (HOST, "c" * 64)


@given(
    st.dictionaries(
        st.one_of(st.text(max_size=20), st.from_regex(r"SERVICE_[A-Za-z0-9_]{0,12}")),
        st.text(max_size=30),
        max_size=8,
    ),
    st.lists(st.text(max_size=30), max_size=5),
)
def test_the_worst_labels_cost_at_most_themselves(labels, env):
    """Nothing raises, and what is registered is what Consul takes."""
    found = desired_services(container(WEB, labels=labels, env=env), POLICY)
    for service_id, service in found.services.items():
        assert service_id == service.id
        assert service.name
        assert len(service.meta) <= 64


def test_a_catalog_without_checks_says_so():
    """Nothing is lost silently."""
    env = ["SERVICE_CHECK_TCP=yes"]
    found = desired_services(container(ONE, env=env), policy(no_checks="none here"))
    assert () == only(found).checks
    assert ["none here"] == [note.reason for note in found.notes]


def test_a_container_in_maintenance_is_left_out_and_says_why():
    """By a label of its own, for the port that it names; `false` is no maintenance."""
    found = desired_services(container(WEB, env=["SERVICE_80_MAINTENANCE=true"]), POLICY)
    assert ["redis-443"] == [service.name for service in found.services.values()]
    (note,) = found.notes
    assert ("80/tcp", "SERVICE_80_MAINTENANCE is set", True) == (
        note.subject,
        note.reason,
        note.left_out,
    )
    found = desired_services(container(ONE, env=["SERVICE_MAINTENANCE=false"]), POLICY)
    assert {} == {key: only(found).meta[key] for key in only(found).meta if "main" in key}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("LAN_IPV4", "fd00::1"),
        ("WAN_IPV6", "10.0.0.1"),
        ("LAN_IPV4", "a.example"),
        ("LAN_IPV6", "::ffff:10.0.0.1"),
    ],
)
def test_a_tagged_address_of_the_wrong_family_costs_itself_alone(key: str, text: str):
    """An agent would refuse the whole service."""
    found = desired_services(container(ONE, env=[f"SERVICE_TAGGED_ADDRESS_{key}={text}"]), POLICY)
    assert not only(found).tagged_addresses
    (note,) = found.notes
    assert f"`{text}` is no IPv{key[-1]} address" == note.reason
