"""Where a port is registered: what others reach, by flag and by label."""

import dataclasses
from typing import Any

import pytest

from catalog.model import TaggedAddress
from registrar.core.desired import desired_services
from registrar.core.policy import Policy
from tests.registrar.inspect_output import POLICY, container

ANY = "0.0.0.0"
ONE = {"6379/tcp": [(ANY, 10000)]}
DUAL = {"mode": "b", "networks": {"a": "172.19.0.3", "b": ("172.18.0.3", "fd00::3")}}


def only(found):
    """The one service of a container."""
    (service,) = found.services.values()
    return service


def policy(**changes: Any) -> Policy:
    """The default policy with some flags."""
    return dataclasses.replace(POLICY, **changes)


# (case, flags, ports, other facts, what is registered of address and port; None: nothing)
PLACES = [
    ("one host address", {}, {"80/tcp": [("10.0.0.5", 9090)]}, {}, ("10.0.0.5", 9090)),
    (":: alone is the host's own IPv6", {}, {"80/tcp": [("::", 8080)]}, {}, ("", 8080)),
    (
        ":: alone on a host with IPv6",
        {"node_ipv6": "2001:db8::5"},
        {"80/tcp": [("::", 8080)]},
        {},
        ("2001:db8::5", 8080),
    ),
    (
        "the family chooses the publication",
        {"family": "ipv6", "node_ipv6": "2001:db8::5"},
        {"80/tcp": [(ANY, 8080), ("::", 8081)]},
        {},
        ("2001:db8::5", 8081),
    ),
    ("no publication of the family", {"family": "ipv6"}, {"80/tcp": [(ANY, 8080)]}, {}, None),
    (
        "a label names the address",
        {},
        ONE,
        {"env": ["SERVICE_IP=203.0.113.9"]},
        ("203.0.113.9", 10000),
    ),
    ("a label names loopback", {}, ONE, {"env": ["SERVICE_IP=127.0.0.1"]}, None),
    (
        "a label names the network",
        {},
        ONE,
        DUAL | {"labels": {"SERVICE_NETWORK": "a"}},
        ("172.19.0.3", 6379),
    ),
    ("a network it is not in", {}, ONE, DUAL | {"labels": {"SERVICE_NETWORK": "z"}}, None),
    (
        "a label makes one port internal",
        {},
        ONE,
        DUAL | {"labels": {"SERVICE_6379_INTERNAL": "true"}},
        ("172.18.0.3", 6379),
    ),
    (
        "a label takes it back",
        {"internal": True},
        ONE,
        DUAL | {"labels": {"SERVICE_INTERNAL": "false"}},
        ("", 10000),
    ),
    (
        "networks in order",
        {"internal": True, "networks": ("z", "a")},
        ONE,
        DUAL,
        ("172.19.0.3", 6379),
    ),
    (
        "a network by its block",
        {"internal": True, "networks": ("172.19.0.0/16",)},
        ONE,
        DUAL,
        ("172.19.0.3", 6379),
    ),
    (
        "the family of the container's own",
        {"internal": True},
        ONE,
        DUAL | {"labels": {"SERVICE_FAMILY": "ipv6"}},
        ("fd00::3", 6379),
    ),
    ("a family that there is not", {}, ONE, {"labels": {"SERVICE_FAMILY": "ipv5"}}, None),
    ("no network at all", {}, {}, {"mode": "none", "exposed": ["80/tcp"]}, None),
    (
        "another container's network that is gone",
        {},
        {},
        {"mode": "container:" + "a" * 64, "exposed": ["80/tcp"]},
        None,
    ),
    (
        "host network: exposed ports are the host's own",
        {},
        {},
        {"mode": "host", "exposed": ["80/tcp"]},
        ("", 80),
    ),
    (
        "a Swarm task that is published on the ingress",
        {},
        {"80/tcp": None},
        {"labels": {"com.docker.swarm.task.id": "x"}},
        None,
    ),
]


@pytest.mark.parametrize(
    ("flags", "ports", "facts", "expected"), [row[1:] for row in PLACES], ids=[r[0] for r in PLACES]
)
def test_the_address_is_one_that_others_reach(flags, ports, facts, expected):
    """By flag and by label; what cannot be reached is left out with its reason."""
    found = desired_services(container(ports, **facts), policy(**flags))
    if expected is None:
        assert {} == found.services
        assert any(note.left_out and note.reason for note in found.notes)
    else:
        assert expected == (only(found).address, only(found).port)


def test_a_dual_stack_container_is_known_by_both_addresses():
    """The second as a tagged address, as Consul names it."""
    found = desired_services(container(ONE, **DUAL), policy(internal=True))
    expected = {
        "lan_ipv4": TaggedAddress("172.18.0.3", 6379),
        "lan_ipv6": TaggedAddress("fd00::3", 6379),
    }
    assert expected == only(found).tagged_addresses
