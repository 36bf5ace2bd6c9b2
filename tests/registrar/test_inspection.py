"""Inspect output, as engines print it and as they should not."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from registrar.core.inspection import container_from_inspect
from registrar.core.model import Network
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


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"IPAddress": "172.17.0.2"}, [Network("bridge", "172.17.0.2")]),
        (
            {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
            [Network("bridge", "172.17.0.2")],
        ),
        (
            {
                "IPAddress": "172.17.0.2",
                "Networks": {"bridge": {"IPAddress": "172.17.0.2", "GlobalIPv6Address": "fd00::2"}},
            },
            [Network("bridge", "172.17.0.2", "fd00::2")],
        ),
        (
            {"Networks": {"a": {"IPAddress": "10.0.0.1"}, "bridge": {"IPAddress": "172.17.0.2"}}},
            [Network("bridge", "172.17.0.2"), Network("a", "10.0.0.1")],
        ),
        (
            {"Networks": {"ingress": {"IPAddress": "10.0.0.9"}, "shop": {"IPAddress": "10.0.1.9"}}},
            [Network("shop", "10.0.1.9"), Network("ingress", "10.0.0.9")],
        ),
        ({"Networks": {"a": None, "b": "x"}}, [Network("a"), Network("b")]),
        ({}, []),
    ],
    ids=["Engine 1.8", "Engine 29", "between", "its own first", "Swarm", "odd", "none"],
)
def test_addresses_are_found_on_old_and_new_engines(settings, expected):
    """Those from 29 on have no address at the top any more."""
    document = inspect_output() | {"NetworkSettings": settings}
    assert expected == list(container_from_inspect(document).networks)


def test_a_port_is_direct_where_the_engine_publishes_nothing():
    """Macvlan and overlay have no null for an exposed port; a bridge has."""
    exposed = {"exposed": ["80/tcp"]}
    (bridge,) = container({"80/tcp": None}, mode="net", **exposed).ports
    (macvlan,) = container({}, mode="vlan", **exposed).ports
    (default,) = container({}, mode="default", **exposed).ports
    assert [False, True, False] == [port.direct for port in (bridge, macvlan, default)]


def test_a_container_in_the_network_of_one_in_the_hosts_is_in_the_hosts():
    """Its ports are the host's too."""
    peer = inspect_output(id="a" * 64, mode="host")
    shared = inspect_output(mode="container:" + "a" * 64, exposed=["80/tcp"])
    found = container_from_inspect(shared, peer)
    assert ("host", 80) == (found.network_mode, found.ports[0].bindings[0].host_port)


def test_half_a_surrogate_pair_ends_here():
    """JSON may carry it, nothing behind us can."""
    found = container(labels={"SERVICE_NAME": "a\ud800"}, env=["\udfff=1"])
    assert ({"SERVICE_NAME": "a?"}, ("?=1",)) == (found.labels, found.env)
