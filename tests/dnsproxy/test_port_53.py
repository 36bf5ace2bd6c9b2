"""Port 53 without being root: one capability is enough, and what is missing is named."""

import socket

import dns.message
import pytest

from tests.commands import Running, run
from tests.dnsproxy.packets import query_wire
from tests.lab.namespaces import house

pytestmark = pytest.mark.lab

ADDRESS = "10.77.1.1"
FLAGS = ["--listen", f"{ADDRESS}:53", "--http", "off", "--upstream", "127.0.0.1:9"]
FLAGS += ["--services", "conf/services.json", "--node", "n1", "--advertise", "10.1.0.1"]


def capable(*capabilities: str) -> tuple[str, ...]:
    """What starts a command with these capabilities and no others, whoever starts it."""
    kept = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    return ("setpriv", f"--bounding-set={kept}", f"--inh-caps={kept}", "--")


def test_one_capability_is_enough_for_port_53_of_one_address():
    """consul#9, #3848: what a unit's AmbientCapabilities= gives."""
    with house(1) as made:
        prefix = (*made.host.prefix, *capable("net_bind_service"))
        with (
            Running("dnsproxy", *FLAGS, prefix=prefix),
            made.clients[1].socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            client.connect((ADDRESS, 53))
            client.send(query_wire("svc1.service.consul"))
            reply = dns.message.from_wire(client.recv(4096))
    assert ["10.1.0.1"] == [item.to_text() for rrset in reply.answer for item in rrset]


def test_without_it_the_fault_names_the_capability():
    """And the other ways out."""
    with house(1) as made:
        done = run("dnsproxy", *FLAGS, prefix=(*made.host.prefix, *capable("kill")))
    assert 1 == done.returncode
    assert f"cannot listen on {ADDRESS}:53 (udp): no permission for a port below" in done.stderr
    assert "CAP_NET_BIND_SERVICE, or choose a port above with --listen" in done.stderr
