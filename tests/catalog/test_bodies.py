"""What is written to an agent, and what of it comes back."""

import dataclasses

import pytest

from catalog.bodies import (
    kept,
    parse_service,
    registration,
    ttl_check_id,
    why_irremovable,
    without_lost_checks,
)
from catalog.model import Service, TaggedAddress

TTL = {"CheckID": "service:a:ttl", "TTL": "10s"}
TCP = {"TCP": "10.0.0.1:80", "Interval": "10s"}
WEB = Service(id="a", name="web", port=80, address="10.0.0.1")


def test_checks_and_tagged_addresses_are_left_out_where_there_are_none():
    """`Checks: null` and an empty check are one more thing for an agent to stumble over."""
    assert {"Check", "Checks", "TaggedAddresses"}.isdisjoint(registration(WEB))


def test_one_check_is_a_check_and_several_are_checks():
    """The agent names a single one `service:<id>`, several by number."""
    one = registration(dataclasses.replace(WEB, checks=(TTL,)))
    two = registration(dataclasses.replace(WEB, checks=(TTL, TCP)))
    assert (TTL, False) == (one["Check"], "Checks" in one)
    assert ([TTL, TCP], False) == (two["Checks"], "Check" in two)


def test_the_token_is_no_part_of_the_body():
    """It is a header of the request; an agent refuses unknown keys."""
    assert "secret" not in str(registration(dataclasses.replace(WEB, token="secret")))


def test_checks_leave_a_mark_that_changes_with_them():
    """It is the same for the same checks, in whatever order their keys come."""
    both = dataclasses.replace(WEB, checks=(TTL, TCP))
    turned = dataclasses.replace(WEB, checks=(dict(reversed(TTL.items())), TCP))
    other = dataclasses.replace(WEB, checks=(TTL, TCP | {"Interval": "20s"}))
    mark = registration(both)["Meta"]["seamark-checks"]
    assert mark.startswith("2-")
    assert len(mark) == len("2-") + 12
    assert mark == registration(turned)["Meta"]["seamark-checks"]
    assert mark != registration(other)["Meta"]["seamark-checks"]
    assert {"seamark-checks": mark} == kept(both).meta
    assert kept(WEB) == WEB


def test_what_the_agent_fills_in_by_itself_is_no_difference():
    """Its own address under the name of its family; another one there was given by somebody."""
    filled = {
        "lan_ipv4": {"Address": "10.0.0.1", "Port": 80},
        "wan_ipv4": {"Address": "10.0.0.9", "Port": 80},
        "wan": {"Address": "10.0.0.1", "Port": 80},
    }
    body = {"ID": "a", "Service": "web", "Port": 80, "Address": "10.0.0.1"}
    expected = {"wan_ipv4": TaggedAddress("10.0.0.9", 80), "wan": TaggedAddress("10.0.0.1", 80)}
    found = parse_service(body | {"TaggedAddresses": filled})
    assert expected == found.tagged_addresses
    given = {"lan_ipv4": TaggedAddress("10.0.0.1", 80), **expected}
    assert found == kept(dataclasses.replace(WEB, tagged_addresses=given))


def test_tags_that_others_may_override_are_no_difference():
    """EnableTagOverride hands them over; writing them back would be a fight."""
    ours = dataclasses.replace(WEB, tags=("blue",), enable_tag_override=True)
    theirs = registration(ours) | {"Service": "web", "Tags": ["green"]}
    assert ["blue"] == registration(ours)["Tags"]
    assert kept(ours) == parse_service(theirs)


@pytest.mark.parametrize(
    ("there", "complete"),
    [
        (["service:a:1", "service:a:2"], True),
        (["service:a:1"], False),
        ([], False),
        # Maintenance is no check of ours.
        (["service:a:1", "_service_maintenance:a"], False),
    ],
)
def test_a_lost_check_takes_the_mark_away(there, complete):
    """So that the service differs from what is wanted, and is registered again."""
    service = kept(dataclasses.replace(WEB, meta={"k": "v"}, checks=(TTL, TCP)))
    checks = {check: {"ServiceID": "a"} for check in there} | {"other": {"ServiceID": "b"}}
    expected = service.meta if complete else {"k": "v"}
    assert expected == without_lost_checks({"a": service}, checks)["a"].meta


@pytest.mark.parametrize("mark", ["", "x", "-", "²-x", "9" * 10])
def test_a_mark_that_somebody_else_wrote_breaks_nothing(mark):
    """It is but a text in a Meta."""
    service = dataclasses.replace(WEB, meta={"seamark-checks": mark})
    assert "a" in without_lost_checks({"a": service}, {})


def test_the_check_that_the_registrar_keeps_alive_has_an_id_of_its_own():
    """Apart from those that the agent numbers."""
    assert ttl_check_id("host:c1:80:udp") == "service:host:c1:80:udp:ttl"


@pytest.mark.parametrize("service_id", ["a", "a/b", "a/", "a b?c%2F#:", "ü", "...", ".a", "a."])
def test_ids_that_a_path_can_carry(service_id):
    """Custom ids are free in form."""
    assert not why_irremovable(service_id)


@pytest.mark.parametrize(
    "service_id",
    [
        "",
        "/a",
        "a//b",
        "//",
        ".",
        "..",
        "a/../b",
        "./a",
        "a/..",
        "\n",
        "a\x00",
        "\x7f",
        "\xa0",
        "\xad",
        "\U00018af3",
        "\ue000",
    ],
)
def test_ids_that_no_path_can_carry(service_id):
    """Consul 1.8 would remove another service, or answer that it did."""
    assert why_irremovable(service_id)
