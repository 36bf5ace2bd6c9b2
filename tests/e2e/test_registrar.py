"""The registrar on a real engine and a real Consul: what makes it stay true."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import Running
from tests.e2e.registering import HOST, MENDED_S, names, registrar, run_web, services
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.waits import PATIENCE_S, Waits, pause

pytestmark = pytest.mark.lab


def test_a_container_is_registered_with_registrators_name_and_id(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """And with the address left empty: the node's own stands."""
    with registrar(engine, agent):
        cid = run_web(containers, dummy_image, SERVICE_TAGS="a,b", SERVICE_REGION="eu")
        waits.until("registered", lambda: names(agent))
        (service,) = services(agent).values()
        port = engine.docker("port", cid, "8080/tcp").stdout.splitlines()[0].rpartition(":")[2]
    assert f"{HOST}:web:8080" == service["ID"]
    assert service["Service"] == "dummy-http"
    assert (int(port), "") == (service["Port"], service["Address"])
    assert service["Tags"] == ["a", "b"]
    expected = {"region": "eu", "seamark-owner": HOST, "seamark-container": cid}
    assert expected == service["Meta"]


@pytest.mark.parametrize(
    ("leaving", "returning"),
    [
        (["kill", "web"], ["start", "web"]),
        (["stop", "web"], ["start", "web"]),
        (["pause", "web"], ["unpause", "web"]),
        (["rm", "-f", "web"], None),
    ],
    ids=["kill", "stop", "pause", "rm"],
)
def test_a_container_that_leaves_is_gone_and_comes_back(
    engine: Engine,
    agent: ConsulAgent,
    containers: Containers,
    dummy_image: str,
    waits: Waits,
    leaving: list[str],
    returning: list[str] | None,
) -> None:
    """Whichever way it leaves."""
    with registrar(engine, agent):
        run_web(containers, dummy_image)
        waits.until("registered", lambda: names(agent))
        engine.docker(*leaving)
        waits.until(f"gone after {leaving[0]}", lambda: not names(agent))
        if returning:
            engine.docker(*returning)
            waits.until(f"back after {returning[0]}", lambda: names(agent))


def test_a_container_is_gone_before_its_process_is(
    engine: Engine, agent: ConsulAgent, containers: Containers, base_image: str, waits: Waits
) -> None:
    """The signal of `docker stop` is the first sign; this one takes its time to end."""
    slow = "trap 'sleep 5; exit' TERM; while :; do sleep 0.1; done"
    with registrar(engine, agent):
        containers.run(base_image, "sh", "-c", slow, name="slow", ports=["8080"])
        waits.until("registered", lambda: names(agent))
        stopping = subprocess.Popen(
            ["docker", "-H", engine.url, "stop", "slow"], stdout=subprocess.DEVNULL, env=engine.env
        )
        waits.until("deregistered", lambda: not names(agent))
        state = engine.docker("inspect", "-f", "{{.State.Running}}", "slow").stdout.strip()
        stopping.wait(30)
    assert state == "true"


def test_a_reload_signal_changes_nothing(
    engine: Engine, agent: ConsulAgent, containers: Containers, base_image: str, waits: Waits
) -> None:
    """`docker kill -s HUP`: the index of the service does not even move."""
    patient = "trap : HUP; while :; do sleep 0.1; done"
    with registrar(engine, agent) as running:
        containers.run(base_image, "sh", "-c", patient, name="patient", ports=["8080"])
        waits.until("registered", lambda: names(agent))
        engine.docker("kill", "-s", "HUP", "patient")
        # A second container shows that the signal's event has been read by now.
        containers.run(base_image, "sleep", "60", name="other", ports=["8080"])
        waits.until("the next one registered", lambda: len(names(agent)) == 2)
        assert f"{HOST}:patient:8080" in names(agent)
    assert "deregistered" not in running.log_at_end


def test_containers_that_ran_before_are_found(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """The first listing."""
    for number in range(3):
        run_web(containers, dummy_image, f"web{number}")
    with registrar(engine, agent):
        waits.until("all three registered", lambda: len(names(agent)) == 3)


def test_what_somebody_broke_in_the_catalog_is_mended(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """A service deregistered behind our back, and one changed."""
    service_id = f"{HOST}:web:8080"
    with registrar(engine, agent):
        run_web(containers, dummy_image)
        waits.until("registered", lambda: names(agent))
        good = services(agent)[service_id]
        agent.put(f"agent/service/deregister/{service_id}")
        waits.until("registered again", lambda: services(agent).get(service_id) == good, MENDED_S)
        agent.put("agent/service/register", {"ID": service_id, "Name": "x", "Meta": good["Meta"]})
        waits.until("as it was", lambda: services(agent)[service_id] == good, MENDED_S)


def test_no_difference_makes_no_write(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """A write would wake every watch in the cluster."""
    with registrar(engine, agent) as running:
        run_web(containers, dummy_image)
        run_web(containers, dummy_image, "second")
        waits.until("both registered", lambda: len(names(agent)) == 2)
        # Three comparisons of everything.
        pause(3)
        assert running.log.count("registered ") == 2


def test_what_is_not_ours_is_never_touched(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """By hand, of another host, of another host's registrator; also under an id we would want."""
    foreign = [
        {"ID": "by-hand", "Name": "by-hand", "Port": 1},
        {"ID": "host9:c1:80", "Name": "theirs", "Port": 2},
        {"ID": "marked", "Name": "m", "Port": 3, "Meta": {"seamark-owner": "host9"}},
        {"ID": "wanted", "Name": "wanted-by-two", "Port": 4},
    ]
    for body in foreign:
        agent.put("agent/service/register", body)
    before = services(agent)
    with registrar(engine, agent) as running:
        run_web(containers, dummy_image, SERVICE_ID="wanted")
        run_web(containers, dummy_image, "second")
        waits.until("ours registered", lambda: f"{HOST}:second:8080" in names(agent))
        told = "left out: wanted: the id is somebody else's"
        waits.until("told", lambda: told in running.log, PATIENCE_S)
        engine.docker("rm", "-f", "web", "second")
        waits.until("ours gone", lambda: f"{HOST}:second:8080" not in names(agent))
    assert before == services(agent)


def test_what_registrator_left_behind_is_adopted_not_doubled(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """The service of a live container is taken over, the ghost of a dead one goes on demand."""
    cid = run_web(containers, dummy_image)
    alive = {"ID": f"{HOST}:web:8080", "Name": "dummy-http", "Port": 1}
    ghost = {"ID": f"{HOST}:gone:80", "Name": "ghost", "Port": 2}
    for body in (alive, ghost):
        agent.put("agent/service/register", body)
    with registrar(engine, agent):
        waits.until("adopted", lambda: services(agent)[f"{HOST}:web:8080"]["Meta"])
        assert cid == services(agent)[f"{HOST}:web:8080"]["Meta"]["seamark-container"]
        assert f"{HOST}:gone:80" in names(agent)
    with registrar(engine, agent, "-cleanup"):
        waits.until("the ghost gone", lambda: names(agent) == {f"{HOST}:web:8080"}, MENDED_S)


def test_ghosts_of_a_time_when_we_were_not_there_are_removed(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """And the end of the registrar takes no service away."""
    with registrar(engine, agent):
        run_web(containers, dummy_image)
        run_web(containers, dummy_image, "second")
        waits.until("registered", lambda: len(names(agent)) == 2)
    assert len(names(agent)) == 2
    engine.docker("rm", "-f", "web")
    with registrar(engine, agent):
        waits.until("only the living", lambda: names(agent) == {f"{HOST}:second:8080"})


def test_a_container_made_anew_under_its_name_keeps_its_id(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """`docker compose up` after a change: remove and run, at once."""
    with registrar(engine, agent):
        for _ in range(5):
            engine.docker("rm", "-f", "web", check=False)
            cid = run_web(containers, dummy_image)
        service_id = f"{HOST}:web:8080"
        waits.until(
            "the last one registered",
            lambda: (
                services(agent).get(service_id, {}).get("Meta", {}).get("seamark-container") == cid
            ),
        )


def test_consul_may_be_away_at_the_start_and_lose_everything_later(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """Said once, tried until it works; an agent without memory is filled again."""
    agent.stop()
    with registrar(engine, agent) as running:
        run_web(containers, dummy_image)
        told = "does not answer: Connection refused"
        waits.until("told", lambda: told in running.log, PATIENCE_S)
        pause(2)
        assert running.log.count("does not answer") == 1
        agent.start()
        waits.until("registered once Consul is there", lambda: names(agent), MENDED_S)
        agent.kill()
        agent.start()
        waits.until("registered after a restart without memory", lambda: names(agent), MENDED_S)


def test_the_engine_may_come_later(
    engine: Engine,
    agent: ConsulAgent,
    containers: Containers,
    dummy_image: str,
    waits: Waits,
    tmp_path: Path,
) -> None:
    """Said once, and picked up when it appears."""
    path = tmp_path / "docker.sock"
    flags = ["--docker", f"unix://{path}", "--node", HOST, "--http", "off"]
    run_web(containers, dummy_image)
    with Running("registrar", *flags, f"consul://{agent.http_address}") as running:
        waits.until("told", lambda: "no container engine at" in running.log, PATIENCE_S)
        pause(2)
        assert running.log.count("no container engine at") == 1
        path.symlink_to(engine.url.removeprefix("unix://"))
        waits.until("registered once the engine is there", lambda: names(agent), MENDED_S)
        assert "is back" in running.log


def test_a_container_with_bad_labels_costs_only_itself(
    engine: Engine, agent: ConsulAgent, containers: Containers, dummy_image: str, waits: Waits
) -> None:
    """A meta pair that Consul would refuse is left out and told; hostile text stays text."""
    hostile = "\x1b[31m<script>\n"
    with registrar(engine, agent) as running:
        run_web(containers, dummy_image, "bad", SERVICE_NAME=hostile, SERVICE_TAGS=hostile)
        run_web(containers, dummy_image, "good", **{"SERVICE_foo.bar": "1"})
        waits.until("both registered", lambda: len(names(agent)) == 2)
        assert hostile == services(agent)[f"{HOST}:bad:8080"]["Service"]
        told = "SERVICE_FOO.BAR: Consul takes only"
        waits.until("told", lambda: told in running.log, PATIENCE_S)
    assert "\x1b" not in running.log_at_end
