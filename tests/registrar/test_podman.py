"""What podman's Docker-compatible API says, recorded from podman 4.3.1 (Debian 12)."""

import json
from pathlib import Path
from typing import Any

import pytest

from registrar.core.events import Notice, is_terminating, read_event
from registrar.core.inspection import container_from_inspect, peer_of
from registrar.core.model import Binding, Container, Network, Port

RECORDED = Path(__file__).parent / "recorded"
SHOP, SIDE = "a" * 64, "b" * 64


def recorded(name: str) -> Any:
    """One recorded document."""
    return json.loads((RECORDED / f"podman-{name}.json").read_text())


def inspected(name: str) -> Container:
    """The container of a recorded inspect document."""
    return container_from_inspect(recorded(f"inspect-{name}"))


def notices(action: str) -> list[Notice | None]:
    """What each recorded event of that kind tells."""
    return [read_event(event) for event in recorded("events") if event["Action"] == action]


def test_a_container_on_a_network_of_its_own():
    """The mode is `bridge` whatever the network is called; published on all is an empty HostIp."""
    shop = inspected("running")
    assert ("shop", "localhost/seamark-lab/web:1", "bridge") == (
        shop.name,
        shop.image,
        shop.network_mode,
    )
    (published,) = recorded("inspect-running")["NetworkSettings"]["Ports"]["8080/tcp"]
    web = Port(8080, "tcp", (Binding("", int(published["HostPort"])),))
    assert (web, Port(9000, "tcp")) == shop.ports
    assert ["back", "front"] == [network.name for network in shop.networks]
    assert all(network.ipv4.startswith("10.89.") for network in shop.networks)
    assert "SERVICE_NAME=shop" in shop.env
    assert (True, "healthy") == (shop.running, shop.health)


def test_a_container_on_podmans_own_network():
    """It is called `podman`; a published UDP port, and no HEALTHCHECK: an empty status."""
    plain = inspected("plain")
    address = recorded("inspect-plain")["NetworkSettings"]["IPAddress"]
    assert (Network("podman", address),) == plain.networks
    assert (Port(8081, "udp", (Binding("127.0.0.1", 8081),)),) == plain.ports
    assert "" == plain.health


def test_a_container_in_anothers_network_does_not_have_the_others_ports():
    """Podman lists them for each of a pod's containers; they are one service, not three."""
    document = recorded("inspect-sharing")
    assert document["NetworkSettings"]["Ports"]
    assert SHOP == peer_of(document)
    assert () == container_from_inspect(document, recorded("inspect-running")).ports


def test_the_stop_signal_may_be_a_number():
    """And a container that was killed does not run."""
    ended = inspected("ended")
    assert not ended.running
    assert 137 == ended.exit_code
    assert is_terminating(15, ended.stop_signal)


def test_a_kill_does_not_tell_the_signal():
    """So nothing is leaving yet: a HUP and a KILL look the same, and `die` follows the second."""
    assert [Notice(SHOP), Notice(SHOP)] == notices("kill")


@pytest.mark.parametrize("action", ["die", "died"])
def test_the_end_of_a_life_has_two_names(action):
    """The older API sends podman's own word."""
    (event, *_) = [event for event in recorded("events") if event["Action"] == "die"]
    assert Notice(SIDE, new_life=True) == read_event({**event, "Action": action})


def test_a_network_event_names_the_container_where_docker_names_the_network():
    """There is no `container` among its attributes."""
    assert [Notice(SHOP)] == notices("connect") == notices("disconnect")


def test_the_health_is_known_when_the_check_ended():
    """`health_status` comes when it begins: the look that it causes still sees the old word."""
    assert [Notice(SHOP)] == notices("health_status")
    assert [Notice(SHOP, after_s=1.0)] == notices("exec_died")
    actions = [event["Action"] for event in recorded("events")]
    assert actions.index("health_status") < actions.index("exec_died")


def test_a_removal_is_called_remove():
    """Not `destroy`."""
    assert [Notice(SIDE), Notice(SHOP)] == notices("remove")
