"""The registrar on podman's Docker-compatible API.

Nothing is compared by the clock here: what is not told by an event is not seen. Podman tells less
than Docker does, so two things are different for its users:

* a container is deregistered when its process has ended, not when it is told to end: `podman stop`
  announces nothing, and `podman kill` does not say which signal it sent;
* the containers of a pod all list the pod's published ports, and nothing says whose each is: the
  port belongs to the pod's first container (`...-infra`), which carries the pod's labels.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Running
from tests.e2e.registering import HOST, names, services
from tests.lab.consul import ConsulAgent
from tests.lab.fixtures import or_fail
from tests.lab.podman import Podman
from tests.waits import Waits, pause

pytestmark = pytest.mark.lab

WEB = f"{HOST}:web:8080"
# Podman's file of events is looked at every now and then, also by podman itself. After fifteen
# seconds a container that was told to end would be looked at again, event or no event.
SOON_S = 12
HEALTHCHECK = ["--health-cmd", "test ! -e /sick", "--health-retries", "1"]


@pytest.fixture(scope="module")
def service() -> Iterator[Podman]:
    """One podman for this file: it takes seconds to start."""
    with or_fail(), Podman() as started:
        yield started


@pytest.fixture
def podman(service: Podman) -> Iterator[Podman]:
    """A podman without containers."""
    yield service
    service.remove_all()


@pytest.fixture
def agent(consul_binary: Path) -> Iterator[ConsulAgent]:
    """A Consul of the test's own, without the engine that the others' needs."""
    with ConsulAgent(consul_binary, node=HOST) as running:
        yield running


def registrar(podman: Podman, agent: ConsulAgent, *flags: str) -> Running:
    """Our registrar between the two."""
    ours = ["--docker", podman.url, "--node", HOST, "--http", "off", *flags]
    return Running("registrar", *ours, f"consul://{agent.http_address}", SEAMARK_RESYNC_S="3600")


def test_a_container_is_registered_with_registrators_name_and_id(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """And with the address left empty: the node's own stands."""
    with registrar(podman, agent):
        cid = podman.run("web", "-p", "8080", "-e", "SERVICE_TAGS=a,b", "-e", "SERVICE_REGION=eu")
        waits.until("registered", lambda: names(agent), SOON_S)
        port = podman.podman("port", "web", "8080/tcp").stdout.strip().rpartition(":")[2]
    (service,) = services(agent).values()
    assert WEB == service["ID"]
    assert "web" == service["Service"]
    assert (int(port), "") == (service["Port"], service["Address"])
    assert ["a", "b"] == service["Tags"]
    expected = {"region": "eu", "seamark-owner": HOST, "seamark-container": cid}
    assert expected == service["Meta"]


@pytest.mark.parametrize(
    ("leaving", "returning"),
    [
        ("kill", "start"),
        ("stop", "start"),
        ("pause", "unpause"),
        ("rm -f", ""),
    ],
)
def test_a_container_that_leaves_is_gone_and_comes_back(
    podman: Podman, agent: ConsulAgent, waits: Waits, leaving: str, returning: str
) -> None:
    """Whichever way it leaves."""
    with registrar(podman, agent):
        podman.run("web", "-p", "8080")
        waits.until("registered", lambda: names(agent), SOON_S)
        podman.podman(*leaving.split(), "web")
        waits.until(f"gone after {leaving}", lambda: not names(agent), SOON_S)
        if returning:
            podman.podman(returning, "web")
            waits.until(f"back after {returning}", lambda: names(agent), SOON_S)


def test_a_container_that_ends_by_itself_is_gone(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """No command of podman's is in it."""
    with registrar(podman, agent):
        podman.run("web", "-p", "8080")
        waits.until("registered", lambda: names(agent), SOON_S)
        # The command may be ended with the container that it is in.
        podman.podman("exec", "web", "sh", "-c", "kill -TERM 1", check=False)
        waits.until("gone", lambda: not names(agent), SOON_S)


def test_a_reload_signal_changes_nothing(podman: Podman, agent: ConsulAgent, waits: Waits) -> None:
    """`podman kill -s HUP`: whoever is the first in the container need not listen to it."""
    with registrar(podman, agent) as running:
        podman.run("web", "-p", "8080")
        waits.until("registered", lambda: names(agent), SOON_S)
        podman.podman("kill", "-s", "HUP", "web")
        # A second container shows that the signal's event has been read by now.
        podman.run("other", "-p", "8080")
        waits.until("the next one registered", lambda: len(names(agent)) == 2, SOON_S)
    assert "deregistered" not in running.log_at_end


def test_containers_that_ran_before_are_found(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """The first listing, in which podman leaves out those that are paused."""
    podman.run("web", "-p", "8080")
    podman.run("other", "-p", "8080")
    podman.podman("pause", "other")
    with registrar(podman, agent):
        waits.until("registered", lambda: names(agent) == {WEB}, SOON_S)
        podman.podman("unpause", "other")
        waits.until("both", lambda: len(names(agent)) == 2, SOON_S)


def test_a_renamed_container_gets_the_id_of_its_new_name(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """And loses that of the old one."""
    with registrar(podman, agent):
        podman.run("web", "-p", "8080")
        waits.until("registered", lambda: names(agent), SOON_S)
        podman.podman("rename", "web", "shop")
        waits.until("renamed", lambda: names(agent) == {f"{HOST}:shop:8080"}, SOON_S)


def test_a_healthcheck_decides_and_needs_somebody_who_runs_it(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """Podman leaves that to systemd's timers: where there is no systemd it stays `starting`.

    To register it all the same would register on every other host what is not ready yet, so it is
    left out, and told. What such a host needs is `podman healthcheck run` by the clock, as here, or
    `--no-healthcheck`.
    """
    with registrar(podman, agent) as running:
        podman.run("web", "-p", "8080", *HEALTHCHECK)
        told = "left out: web: its HEALTHCHECK says starting"
        waits.until("told", lambda: told in running.log, SOON_S)
        assert not names(agent)
        podman.podman("healthcheck", "run", "web")
        waits.until("registered when healthy", lambda: names(agent), SOON_S)
        podman.podman("exec", "web", "touch", "/sick")
        podman.podman("healthcheck", "run", "web", check=False)
        waits.until("gone when unhealthy", lambda: not names(agent), SOON_S)
        podman.podman("rm", "-f", "web")
        podman.run("web", "-p", "8080", "--no-healthcheck")
        waits.until("registered without one", lambda: names(agent), SOON_S)


def test_a_slow_healthcheck_counts_when_it_has_ended(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """Podman 4 sends `health_status` when it begins, and then nothing before the next one."""
    with registrar(podman, agent):
        podman.run("web", "-p", "8080", "--health-cmd", "sleep 1.5")
        podman.podman("healthcheck", "run", "web")
        waits.until("registered when healthy", lambda: names(agent), SOON_S)


def test_an_exposed_port_is_registered_by_the_containers_own_address(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """With -internal; without it nobody could reach it."""
    podman.run("web", "--expose", "8080")
    address = _address(podman, "podman")
    with registrar(podman, agent) as running:
        told = "exposed but not published"
        waits.until("told", lambda: told in running.log, SOON_S)
    assert not names(agent)
    with registrar(podman, agent, "-internal"):
        waits.until("registered", lambda: names(agent), SOON_S)
    assert (address, 8080) == _place(agent)


def test_a_network_of_the_users_own(podman: Podman, agent: ConsulAgent, waits: Waits) -> None:
    """A port published on it is the host's; one that is asked for by network comes and goes."""
    podman.podman("network", "create", "front")
    podman.podman("network", "create", "back")
    with registrar(podman, agent) as running:
        podman.run("web", "--network", "front", "-p", "8080")
        waits.until("registered", lambda: names(agent), SOON_S)
        assert "" == _place(agent)[0]
        podman.podman("rm", "-f", "web")
        waits.until("gone", lambda: not names(agent), SOON_S)
        label = ["--label", "SERVICE_NETWORK=back"]
        podman.run("web", "--network", "front", "--expose", "8080", *label)
        waits.until("told", lambda: "its networks: front" in running.log, SOON_S)
        podman.podman("network", "connect", "back", "web")
        waits.until("registered", lambda: names(agent), SOON_S)
        assert (_address(podman, "back"), 8080) == _place(agent)
        podman.podman("network", "disconnect", "back", "web")
        waits.until("gone with the network", lambda: not names(agent), SOON_S)


def test_a_container_in_anothers_network_is_not_registered_for_its_ports(
    podman: Podman, agent: ConsulAgent, waits: Waits
) -> None:
    """As in a pod: the port is published once."""
    with registrar(podman, agent):
        podman.run("web", "-p", "8080")
        podman.run("side", "--network", "container:web")
        podman.run("last", "-p", "8080")
        waits.until("the last one registered", lambda: len(names(agent)) == 2, SOON_S)
        assert {WEB, f"{HOST}:last:8080"} == names(agent)


def test_a_quiet_podman_makes_no_write(podman: Podman, agent: ConsulAgent, waits: Waits) -> None:
    """Compared each second, its listing is the same each time."""
    podman.run("web", "-p", "8080", *HEALTHCHECK)
    podman.podman("healthcheck", "run", "web")
    ours = ["--docker", podman.url, "--node", HOST, "--http", "off"]
    uri = f"consul://{agent.http_address}"
    with Running("registrar", *ours, uri, SEAMARK_RESYNC_S="1") as running:
        waits.until("registered", lambda: names(agent), SOON_S)
        pause(3)
    assert 1 == running.log_at_end.count("registered ")
    assert "no event told of it" not in running.log_at_end


def _address(podman: Podman, network: str) -> str:
    template = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
    return podman.podman("inspect", "-f", template, "web").stdout.strip()


def _place(agent: ConsulAgent) -> tuple[str, int]:
    (service,) = services(agent).values()
    return service["Address"], service["Port"]
