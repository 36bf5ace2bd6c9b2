"""What the settings make of Consul's side."""

import pytest

from catalog.model import Node
from catalog.uri import Registry, parse_registry_uri
from dnsproxy.consul import ConsulZone
from dnsproxy.core.endpoint import Endpoint
from dnsproxy.core.memory import Memory
from seamark.consul_http import facts_reader
from seamark.consul_zones import Asking, consul_side
from seamark.dns_settings import DnsSettings
from seamark.settings import CatalogSettings, Settings
from seamark.wiring import embedded_catalog

ASKING = Asking(lambda server, outcome, took: None, b"", {})
# What systemd-resolved gives a server before it thinks less of it (systemd#13432).
RESOLVED_S = 2.0


def test_consul_is_waited_for_less_than_two_seconds():
    """And less than an agent without a leader holds a question (7 s)."""
    side = consul_side(Settings(), None, [Endpoint("127.0.0.1", 5300)], Memory(1, 1), ASKING)
    zone = side.zones[0][2]
    assert isinstance(zone, ConsulZone)
    group = zone._zone.group
    assert 0 < group._options.deadline_s < RESOLVED_S


REGISTRY = parse_registry_uri("consul://10.0.0.1:8501", {})
VARIABLE = {"CONSUL_HTTP_ADDR": "10.0.0.2:8502"}


@pytest.mark.parametrize(
    ("setting", "registry", "environment", "dns_port", "expected"),
    [
        ("10.0.0.3:8503", REGISTRY, VARIABLE, 8600, "http://10.0.0.3:8503"),
        ("https://10.0.0.3", None, {}, 8600, "https://10.0.0.3:8501"),
        ("unix:///run/consul.sock", None, {}, 53, "unix:///run/consul.sock"),
        ("", REGISTRY, VARIABLE, 8600, "http://10.0.0.1:8501"),
        ("", None, VARIABLE, 8600, "http://10.0.0.2:8502"),
        ("", None, {}, 8600, "http://10.0.0.9:8500"),
        ("", None, {}, 53, ""),
        ("off", REGISTRY, VARIABLE, 8600, ""),
    ],
)
def test_who_tells_about_consul(
    setting: str,
    registry: Registry | None,
    environment: dict[str, str],
    dns_port: int,
    expected: str,
):
    """Only who is surely the agent that is asked: a stranger would deny its datacenters."""
    settings = Settings(dns=DnsSettings(consul_http=setting))
    found = facts_reader(settings, registry, [Endpoint("10.0.0.9", dns_port)], environment)
    assert expected == (found.location.removeprefix("Consul at ") if found else "")


def test_an_embedded_catalog_has_nobody_to_ask_and_may_be_told_so():
    """`off` names no Consul."""
    settings = Settings(
        node="n1",
        dns=DnsSettings(consul_http="off"),
        catalog=CatalogSettings(advertise="10.1.0.1"),
    )
    found = embedded_catalog(settings)
    meta = {"consul-network-segment": ""}
    assert Node(name="n1", address="10.1.0.1", meta=meta) == found.catalog.node
    assert [] == found.statics.remarks
