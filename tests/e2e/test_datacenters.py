"""Two real Consul datacenters behind one proxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.lab.consul import ConsulAgent
from tests.lab.shell import wait_until

pytestmark = pytest.mark.lab

JOIN_LIMIT_S = 60.0


@pytest.fixture(scope="module")
def proxy(consul_binary: Path) -> Iterator[Running]:
    """A proxy that asks the agent of dc1, and searches dc2 for what that one denies."""

    def service(name: str, address: str) -> dict[str, object]:
        return {"name": name, "address": address, "port": 80}

    here = {"services": [service("web", "10.1.0.1")]}
    there = {
        "datacenter": "dc2",
        "services": [service("web", "10.2.0.1"), service("db", "10.2.0.2")],
    }
    with (
        ConsulAgent(consul_binary, node="one", config=here) as first,
        ConsulAgent(consul_binary, node="two", config=there) as second,
    ):
        first.put(f"agent/join/127.0.0.1:{second.ports['serf_wan']}?wan=1")
        host, _, port = first.dns_address.partition(":")
        assert wait_until(
            lambda: bool(records(ask(int(port), "db.service.dc2.consul", host=host, timeout=10))),
            JOIN_LIMIT_S,
        )
        flags = ["--listen", "127.0.0.1:0", "--http", "off", "--datacenter", "dc2"]
        flags += ["--consul-dns", first.dns_address, "--consul-http", first.http_address]
        with Running("dnsproxy", *flags, "--upstream", "127.0.0.1:9") as running:
            yield running


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("web.service.consul", "10.1.0.1"),
        ("web.service.dc1.consul", "10.1.0.1"),
        ("web.service.dc2.consul", "10.2.0.1"),
        ("db.service.consul", "10.2.0.2"),
        ("DB.service.DC2.consul", "10.2.0.2"),
    ],
)
def test_a_service_is_found_in_the_datacenter_that_has_it(proxy: Running, name: str, address: str):
    """The own one first; a name that says where is asked there alone."""
    reply = ask(proxy.port, name)
    assert {f"A {address}"} == records(reply)
    assert f"{name}." == reply.answer[0].name.to_text()


def test_targets_say_where_a_service_of_another_datacenter_is(proxy: Running):
    """Consul names its datacenter in them."""
    reply = ask(proxy.port, "db.service.consul", "SRV")
    assert {"SRV 1 1 80 0a020002.addr.dc2.consul."} == records(reply)
    assert {"A 10.2.0.2"} == records(ask(proxy.port, "0a020002.addr.dc2.consul"))


@pytest.mark.parametrize("name", ["db.service.dc1", "nope.service", "web.service.dc3", "a.node.x"])
def test_what_is_nowhere_is_denied(proxy: Running, name: str):
    """Also in a datacenter that there is not, of which Consul is not asked."""
    assert "NXDOMAIN" == rcode(ask(proxy.port, f"{name}.consul"))
