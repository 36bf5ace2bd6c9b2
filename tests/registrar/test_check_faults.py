"""A bad SERVICE_CHECK_* value costs itself, and is told."""

import json
import re

import pytest
from hypothesis import given, strategies as st

from registrar.core.checks import CheckTarget, checks_for

TARGET = CheckTarget(
    service_id="host1:c1:80", host="10.0.0.1", port=8080, container_id="c" * 64, internal_port=80
)
HERE = "10.0.0.1:8080"


DURATIONS = [
    "5",
    "",
    " ",
    "1.s.",
    "10 s",
    "-1s",
    "0s",
    "0",
    "0.4ns",
    "1d",
    "9" * 20 + "h",
    "s",
    "٣s",
]


@pytest.mark.parametrize("text", DURATIONS)
def test_a_bad_duration_costs_itself_only(text):
    """The default stays for the interval, and a ttl without its time is no check."""
    attributes = {"check_tcp": "1", "check_interval": text, "check_timeout": text}
    bodies, faults = checks_for(attributes, TARGET)
    assert [{"TCP": HERE, "Interval": "10s"}] == list(bodies)
    assert ["check_interval", "check_timeout"] == [key for key, _ in faults]
    bodies, faults = checks_for({"check_ttl": text}, TARGET)
    assert bodies == ()
    assert [("check_ttl", True)] == [(key, "duration" in reason) for key, reason in faults]


@pytest.mark.parametrize(
    "text", ["10s", "1m30s", "250ms", "1.5h", ".5s", "1.s", "+1s", "1h2m3s4ms5us6ns", "7µs", "7μs"]
)
def test_every_duration_of_go_is_taken(text):
    """As time.ParseDuration reads them."""
    assert (({"TTL": text},), []) == checks_for({"check_ttl": f" {text} "}, TARGET)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("http_method", "GET /", "no method"),
        ("header", "no colon in it", "no name"),
        ("header", "{", "not JSON"),
        ("header", "[" * 5000, "no name"),
        ("header", '{"a": ' * 5000, "not JSON"),
        ("header", '{"X": 1}', "neither a string"),
        ("header", '{"X": ["a", null]}', "neither a string"),
        ("header", '{"X": "a\\nb"}', "line break"),
        ("initial_status", "up", "passing, warning, critical"),
        ("failures_before_critical", "-1", "whole number"),
        ("failures_before_critical", "9" * 10, "whole number"),
        ("success_before_passing", "x", "whole number"),
        ("tls_server_name", " ", "no name"),
        ("failures_before_warning", "3", "more than failures_before_critical, which is 0"),
        ("grpc_use_tls", "1", "no meaning for a check of kind http"),
        ("intervall", "1s", "did you mean `check_interval`?"),
        ("htpp", "1", "did you mean `check_http`?"),
        ("2_htpp", "1", "did you mean `check_2_http`?"),
        ("100_http", "1", "1 to 99"),
        ("0_http", "1", "1 to 99"),
        ("qqq", "1", "a check is one of http, https"),
        ("", "1", "a check is one of http, https"),
    ],
)
def test_a_bad_option_is_told_and_left_out(key, value, words):
    """The check stays as it is without it."""
    bodies, faults = checks_for({"check_http": "/", f"check_{key}": value}, TARGET)
    assert [{"HTTP": f"http://{HERE}/", "Interval": "10s"}] == list(bodies)
    assert [f"check_{key}"] == [fault for fault, _ in faults]
    assert words in faults[0][1]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("check_script", " ", "no command"),
        ("check_docker", "\n", "no command"),
        ("check_alias", " ", "another service"),
        ("check_alias", "host1:c1:80", "another service"),
        ("check_ttl", "soon", "duration"),
    ],
)
def test_a_kind_without_a_use_is_told_and_left_out(key, value, words):
    """Other checks stay."""
    bodies, faults = checks_for({key: value, "check_2_tcp": "1"}, TARGET)
    assert [{"TCP": HERE, "Interval": "10s"}] == list(bodies)
    assert [key] == [fault for fault, _ in faults]
    assert words in faults[0][1]


REST = st.sampled_from(
    [
        *("http", "https", "cmd", "script", "ttl", "tcp", "grpc", "udp", "h2ping", "alias"),
        *("docker", "interval", "timeout", "method", "header", "body", "tls_skip_verify"),
        *("initial_status", "failures_before_warning", "failures_before_critical"),
    ]
)
KEYS = st.one_of(
    st.builds(lambda rest: f"check_{rest}", REST | st.text(max_size=6)),
    st.builds(lambda n, rest: f"check_{n}_{rest}", st.integers(0, 120), REST),
    st.text(max_size=6),
)
VALUES = st.text(min_size=1, max_size=20) | st.sampled_from(["1", "10s", "{}", "passing", "a: b"])


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_the_worst_attributes_cost_at_most_themselves(attributes):
    """Nothing raises; every body can be sent, has one kind, and an id if there are several."""
    bodies, faults = checks_for(attributes, TARGET)
    json.dumps(bodies)
    kinds = {"HTTP", "ScriptArgs", "TTL", "TCP", "GRPC", "UDP", "H2PING", "AliasService"}
    assert all(len(kinds & body.keys()) == 1 for body in bodies)
    ids = [body.get("CheckID") for body in bodies]
    assert len(set(ids)) == len(ids)
    assert (None in ids) == (len(ids) == 1)
    assert {key for key, _ in faults} <= {key for key in attributes if key.startswith("check_")}
    assert all(re.search(r"\S", reason) for _, reason in faults)
