"""Inspect output, as engines print it and as they should not."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from registrar.core.inspection import container_from_inspect
from tests.registrar.inspect_output import container, inspect_output

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, True),
        ({"Running": False}, False),
        ({"Paused": True}, False),
        ({"Restarting": True}, False),
        ({"Dead": True}, False),
    ],
)
def test_only_what_can_answer_counts_as_running(state, expected):
    """A restarting container is `Running` to the engine."""
    assert expected == container({}, state=state).running


def test_fields_that_are_null_are_as_good_as_absent():
    """Podman writes null where Docker writes an empty map."""
    document = inspect_output()
    document["Config"] |= {"Env": None, "Labels": None, "ExposedPorts": None}
    document["NetworkSettings"] = {"Ports": None}
    found = container_from_inspect(document)
    assert (found.env, found.labels, found.ports) == ((), {}, ())


@pytest.mark.parametrize("document", [{}, {"Id": 7}, {"Id": "x", "Config": []}])
def test_what_is_no_inspect_output_is_refused_by_name(document):
    """ValueError says which field."""
    with pytest.raises(ValueError, match=r"Id|Config"):
        container_from_inspect(document)


PLACES = [
    ("State",),
    ("Config",),
    ("HostConfig",),
    ("NetworkSettings",),
    ("Config", "Env"),
    ("Config", "Labels"),
    ("Config", "ExposedPorts"),
    ("NetworkSettings", "Ports"),
    ("NetworkSettings", "Ports", "80/tcp"),
]


@given(st.sampled_from(PLACES), JSON)
def test_a_field_of_any_type_costs_that_container_only(place, value):
    """The error that the loop counts on, and none other."""
    document = inspect_output({"80/tcp": [("0.0.0.0", 1)]})
    target = document
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    with contextlib.suppress(ValueError):
        container_from_inspect(document)
