"""The page beside a real engine: containers come and go on it by themselves."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.e2e.registering import start_service
from tests.lab.consul import ConsulAgent
from tests.lab.engine import Engine
from tests.lab.fixtures import Containers
from tests.page.browser import Visit
from tests.page.conftest import OpenVisit, StartStand
from tests.page.stand import Stand
from tests.upstream import ScriptedUpstream

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
ROWS = "#services-rows tr"


@pytest.fixture
def beside(engine: Engine, upstream: ScriptedUpstream) -> Iterator[Stand]:
    """A process that watches the engine."""
    with Stand("--docker", engine.url, "--upstream", upstream.address) as running:
        yield running


@pytest.fixture
def seen(beside: Stand, visits: OpenVisit) -> Visit:
    """Its page."""
    return visits(beside.url)


def test_a_container_comes_and_goes(
    seen: Visit, beside: Stand, containers: Containers, dummy_image: str
) -> None:
    """Its service appears without a reload, with the container behind it; its kill removes it."""
    expect(seen("#services-empty code")).to_contain_text("docker run")
    start_service(containers, dummy_image, 4)
    expect(seen(ROWS)).to_have_count(1)
    expect(seen(f"{ROWS} .c-name")).to_have_text("svc4")
    expect(seen(f"{ROWS} .state")).to_have_text("passing")
    expect(seen(f"{ROWS} .c-container")).to_have_text("svc4")
    expect(seen(f"{ROWS} .c-address")).to_contain_text(":8084")
    expect(seen("#n-services")).to_have_text("1")
    expect(seen("#n-containers")).to_have_text("1")
    beside.ask("svc4.service.consul")
    expect(seen("#log-rows tr").first).to_contain_text("svc4.service.consul.")
    containers.engine.docker("kill", "svc4")
    expect(seen(ROWS)).to_have_count(0)
    expect(seen("#n-services")).to_have_text("0")
    expect(seen("#services-empty")).to_be_visible()
    assert 1 == len([url for url in seen.asked if url == beside.url])


def test_changes_are_in_the_chart(seen: Visit, containers: Containers, dummy_image: str) -> None:
    """One registered; one gone."""
    start_service(containers, dummy_image, 4)
    containers.engine.docker("kill", "svc4")
    seen("#chart-changes summary").click()
    cells = seen("#chart-changes tbody td:not(:text-is('0'))")
    expect(cells).to_have_text(["1", "1"])


def test_what_is_left_out_says_why(seen: Visit, containers: Containers, dummy_image: str) -> None:
    """A container without a published port, and one of whose ports one is ignored."""
    containers.run(dummy_image, "quiet", name="quiet")
    ignored = {"SERVICE_9090_IGNORE": "1", "SERVICE_NAME": "half"}
    containers.run(dummy_image, "half", name="half", ports=["8080", "9090"], env=ignored)
    containers.run(dummy_image, "whole", name="whole", ports=["8080"])
    rows = seen("#containers-rows tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="quiet").locator(".reasons li")).not_to_have_count(0)
    expect(rows.filter(has_text="half").locator(".reasons li")).to_contain_text("9090/tcp")
    expect(rows.filter(has_text="half").locator(".c-services")).to_contain_text(":half:8080")
    expect(seen("#containers-count")).to_have_text("2 of 3 containers")
    seen("#containers-all").check()
    expect(rows).to_have_count(3)


def test_an_unhealthy_container_says_why_it_is_not_there(
    seen: Visit, containers: Containers, dummy_image: str
) -> None:
    """Until it is well."""
    check = ["--health-cmd=test -e /tmp/well", "--health-interval=1s", "--health-retries=1"]
    containers.run(dummy_image, "ill", name="ill", ports=["8080"], options=check)
    expect(seen("#containers-rows tr")).to_contain_text("unhealthy")
    containers.engine.docker("exec", "ill", "touch", "/tmp/well")
    expect(seen(f"{ROWS} .state")).to_have_text("passing")
    expect(seen("#containers-rows tr")).to_have_count(0)
    expect(seen("#containers-empty")).to_contain_text("Nothing is left out of the 1 running")


def test_health_as_consul_tells_it(
    engine: Engine,
    consul_binary: Path,
    containers: Containers,
    dummy_image: str,
    started: StartStand,
    visits: OpenVisit,
) -> None:
    """In words: colour alone tells nothing to many."""
    with ConsulAgent(consul_binary, node="node3") as agent:
        seen = visits(started("--docker", engine.url, f"consul://{agent.http_address}").url)
        expect(seen("#about")).to_contain_text("with Consul")
        env = {"SERVICE_CHECK_TTL": "60s", "SERVICE_NAME": "beaten"}
        containers.run(dummy_image, "beaten", name="beaten", ports=["8080"], env=env)
        expect(seen(f"{ROWS} .state")).to_have_text("critical")
        expect(seen("#services-count")).to_have_text("1 · 1 critical")
        (check,) = agent.get("agent/checks")
        for word, health in (("warn", "warning"), ("pass", "passing")):
            agent.put(f"agent/check/{word}/{quote(check)}")
            expect(seen(f"{ROWS} .state")).to_have_text(health)
        expect(seen("#services-count")).to_have_text("1")
