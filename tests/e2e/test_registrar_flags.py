"""Flags and labels of the registrar on a real engine and a real Consul."""

import os
import signal
from pathlib import Path

import pytest

from tests.commands import run
from tests.e2e.registering import (
    HOST,
    MENDED_S,
    names,
    registrar,
    registrar_to,
    run_web,
    services,
)
from tests.lab.consul import ConsulAgent
from tests.lab.engine import LABEL, Engine
from tests.lab.fixtures import Containers
from tests.waits import PATIENCE_S, Waits, pause

pytestmark = pytest.mark.lab

WEB = f"{HOST}:web:8080"


def test_a_container_is_resolvable_while_its_healthcheck_says_so(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Starting and unhealthy are both absent."""
    check = "--health-cmd=test -f /tmp/ok"
    options = [check, "--health-interval=200ms", "--health-retries=1", "--health-start-period=0s"]
    with registrar(engine, agent) as running:
        containers.run(dummy_image, "web", name="web", ports=["8080"], options=options)
        waits.until("told", lambda: "its HEALTHCHECK says" in running.log, PATIENCE_S)
        assert not names(agent)
        engine.docker("exec", "web", "touch", "/tmp/ok")
        waits.until("healthy", lambda: names(agent), PATIENCE_S)
        engine.docker("exec", "web", "rm", "/tmp/ok")
        waits.until("unhealthy", lambda: not names(agent), PATIENCE_S)


def test_checks_run_and_come_back_when_somebody_removes_them(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """On the agent itself, against the container's published port."""
    env = {
        "SERVICE_CHECK_HTTP": "/",
        "SERVICE_CHECK_INTERVAL": "500ms",
        "SERVICE_CHECK_2_TCP": "yes",
        "SERVICE_CHECK_2_INTERVAL": "500ms",
    }

    def passing() -> set[str]:
        checks = agent.get("agent/checks").values()
        return {
            check["CheckID"]
            for check in checks
            if check["ServiceID"] == WEB and check["Status"] == "passing"
        }

    expected = {f"service:{WEB}", f"service:{WEB}:2"}
    with registrar(engine, agent):
        run_web(containers, dummy_image, **env)
        waits.until("both checks pass", lambda: passing() == expected, PATIENCE_S)
        agent.put(f"agent/check/deregister/service:{WEB}:2")
        assert passing() != expected
        waits.until("the lost check is back", lambda: passing() == expected, MENDED_S)
        assert {"CHECK_HTTP", "check_http"}.isdisjoint(services(agent)[WEB]["Meta"])


def test_internal_registers_the_containers_own_address(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Published or not; of two networks, the one that is wanted."""
    engine.docker("network", "create", "--label", LABEL, "back")
    try:
        with registrar(engine, agent, "-internal", "--network", "back"):
            containers.run(dummy_image, "web", name="web", options=["--network", "bridge"])
            engine.docker("network", "connect", "back", "web")
            template = '{{(index .NetworkSettings.Networks "back").IPAddress}}'
            address = engine.docker("inspect", "-f", template, "web").stdout.strip()
            waits.until(
                "registered", lambda: services(agent).get(WEB, {}).get("Address") == address
            )
            assert 8080 == services(agent)[WEB]["Port"]
            engine.docker("network", "disconnect", "back", "web")
            waits.until("gone with the network", lambda: not names(agent))
    finally:
        engine.docker("rm", "-f", "web", check=False)
        engine.docker("network", "rm", "back")


def test_a_published_port_on_a_user_network_is_the_hosts(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Registrator put the container's address beside the host's port."""
    engine.docker("network", "create", "--label", LABEL, "front")
    try:
        with registrar(engine, agent):
            options = ["--network", "front"]
            containers.run(dummy_image, "web", name="web", ports=["8080"], options=options)
            waits.until("registered", lambda: names(agent))
            assert "" == services(agent)[WEB]["Address"]
        with registrar(engine, agent, "-ip=10.9.8.7"):
            waits.until(
                "registered anew",
                lambda: services(agent)[WEB]["Address"] == "10.9.8.7",
                PATIENCE_S,
            )
    finally:
        engine.docker("rm", "-f", "web", check=False)
        engine.docker("network", "rm", "front")


def test_a_container_in_anothers_network_has_its_address(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """`--network container:NAME`."""
    with registrar(engine, agent):
        containers.run(dummy_image, "peer", name="peer")
        containers.run(
            dummy_image, "web", name="web", options=["--network", "container:peer"], env={}
        )
        template = "{{.NetworkSettings.Networks.bridge.IPAddress}}"
        address = engine.docker("inspect", "-f", template, "peer").stdout.strip()
        waits.until("registered", lambda: WEB in names(agent))
        assert (address, 8080) == tuple(services(agent)[WEB][key] for key in ("Address", "Port"))


def test_on_success_keeps_what_failed_until_it_is_removed(
    engine: Engine, agent: ConsulAgent, containers: Containers, base_image: str, waits: Waits
) -> None:
    """Also for a registrar that was not there when it failed."""
    flags = ["-deregister", "on-success", "-cleanup"]
    with registrar(engine, agent, *flags):
        for name, code in (("failed", 3), ("done", 0)):
            script = f"sleep 1; exit {code}"
            containers.run(base_image, "sh", "-c", script, name=name, ports=["8080"])
        waits.until("both registered", lambda: len(names(agent)) == 2)
        waits.until("the one that is done gone", lambda: len(names(agent)) == 1, PATIENCE_S)
        pause(1.5)
        assert {f"{HOST}:failed:8080"} == names(agent)
    with registrar(engine, agent, *flags):
        pause(1.5)
        assert {f"{HOST}:failed:8080"} == names(agent)
        engine.docker("rm", "failed")
        waits.until("gone with the container", lambda: not names(agent))


def test_a_service_does_not_outlive_its_registrar_longer_than_its_ttl(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """On Consul registrator's -ttl did nothing."""

    def alive() -> bool:
        return bool(agent.get("health/service/dummy-http?passing"))

    with registrar(engine, agent, "-ttl", "2", "-ttl-refresh", "1") as running:
        run_web(containers, dummy_image)
        waits.until("resolvable at once", alive)
        pause(4)
        assert alive()
        os.kill(running.pid, signal.SIGSTOP)
        waits.until("expired", lambda: not alive(), 5)
        os.kill(running.pid, signal.SIGCONT)
        waits.until("alive again", alive, PATIENCE_S)


def test_purge_takes_everything_of_ours_away_at_the_end(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """And nothing of others."""
    agent.put("agent/service/register", {"ID": "by-hand", "Name": "by-hand", "Port": 1})
    with registrar(engine, agent, "--purge"):
        run_web(containers, dummy_image)
        run_web(containers, dummy_image, "second")
        waits.until("registered", lambda: len(names(agent)) == 3)
    assert {"by-hand"} == names(agent)


def test_only_selected_containers_are_registered(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """The others are told, with the selector."""
    with registrar(engine, agent, "--select", "name:we* and not env:SECRET") as running:
        run_web(containers, dummy_image, "web")
        run_web(containers, dummy_image, "webby", SECRET="1")
        told = "left out: webby: not selected by"
        waits.until("told", lambda: told in running.log, PATIENCE_S)
        waits.until("registered", lambda: {WEB} == names(agent))


def test_keys_in_consuls_store(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """consulkv:// as registrator writes it, ghosts of ours removed."""
    uri = f"consulkv://{agent.http_address}/services"

    def keys() -> list[str]:
        return list(agent.get("kv/services/?keys")) if agent.get("kv/?keys") else []

    agent.put("kv/services/other/host9:c:80", "10.0.0.9:80")
    with registrar_to(engine, uri):
        run_web(containers, dummy_image)
        waits.until("written", lambda: f"services/dummy-http/{WEB}" in keys())
    engine.docker("rm", "-f", "web")
    with registrar_to(engine, uri):
        waits.until("gone", lambda: ["services/other/host9:c:80"] == keys())


def test_the_start_waits_for_consul_as_often_as_it_was_told(tmp_path: Path) -> None:
    """Then it fails, as registrator does."""
    socket = f"unix://{tmp_path}/docker.sock"
    flags = ["-retry-attempts=2", "-retry-interval=50", "--docker", socket, "--http", "off"]
    done = run("registrar", *flags, "consul://127.0.0.1:1")
    assert 1 == done.returncode
    assert "try 2 of 3" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: Consul at http://127.0.0.1:1 does not")
