"""What the page says of the process: numbers that move, parts, services, and that it is gone."""

import re

import pytest
from playwright.sync_api import expect

from tests.lab.consul import free_ports
from tests.page.browser import Visit
from tests.page.conftest import OpenVisit, StartStand
from tests.page.stand import Stand
from tests.upstream import ScriptedUpstream

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
OVERVIEW = "/api/overview"
A_MINUTE_MS = 60_000


def asked(seen: Visit, path: str) -> int:
    """How often the page has asked for something."""
    return sum(path in url for url in seen.asked)


def test_numbers_move_as_questions_are_asked(
    started: StartStand, upstream: ScriptedUpstream, visits: OpenVisit
) -> None:
    """Without a reload."""
    stand = started("--upstream", upstream.address)
    seen = visits(stand.url)
    expect(seen("#n-total")).to_have_text("0 since the start")
    expect(seen("#n-rate")).to_have_text("0")
    stand.ask(*["a.example"] * 40, *["broken.example"] * 10)
    expect(seen("#n-total")).to_have_text("50 since the start")
    expect(seen("#n-rate")).not_to_have_text("0")
    for number in ("#n-memory", "#n-failing"):
        expect(seen(number)).to_have_text(re.compile(r"^\d+(\.\d)? %$"))
    expect(seen("#n-failing")).to_have_text("20.0 %")
    expect(seen("#n-p50")).to_have_text(re.compile(r"^\d+(\.\d)? (µs|ms)$"))


def test_the_head_says_who_it_is(stand: Stand, visits: OpenVisit) -> None:
    """Node, mode, version, where it listens, and its parts."""
    seen = visits(stand.url)
    assert "node3 · Seamark" == seen.page.title()
    about = str(seen("#about").text_content())
    assert "embedded catalog · version 0.1.0 · up " in about
    assert f"DNS on 127.0.0.1:{stand.port}" in about
    assert ["dns ready", "registrar ready"] == seen.texts("#parts li")
    expect(seen("#notices")).to_be_hidden()


def test_services_with_their_instances(stand: Stand, visits: OpenVisit) -> None:
    """Health in words; a filter leaves those with a text in their names."""
    seen = visits(stand.url)
    rows = seen("#services-rows tr")
    expect(rows).to_have_count(3)
    assert ["passing"] * 3 == seen.texts("#services-rows .state")
    assert "2" == seen("#n-services").text_content()
    assert ["from a file"] * 3 == seen.texts("#services-rows .c-container")
    seen("#services-filter").fill("WE")
    expect(rows).to_have_count(2)
    assert {"web", "web 2"} == set(seen.texts("#services-rows .c-name"))
    assert ["blue"] == seen.texts("#services-rows .tag")
    seen("#services-filter").fill("nothing-like-it")
    expect(seen("#services-empty")).to_have_text("No service has “nothing-like-it” in its name.")


def test_zones_and_upstreams(stand: Stand, upstream: ScriptedUpstream, visits: OpenVisit) -> None:
    """Where names are asked, and how who is asked is."""
    stand.ask("a.example")
    seen = visits(stand.url)
    expect(seen("#zones-rows tr").first).to_contain_text("the embedded catalog")
    expect(seen("#zones-rows tr").last).to_contain_text(upstream.address)
    expect(seen("#upstreams-rows .c-name")).to_have_text(upstream.address)
    expect(seen("#upstreams-rows .state")).to_have_text("well")


def test_what_is_not_ready_says_why(
    started: StartStand, upstream: ScriptedUpstream, visits: OpenVisit
) -> None:
    """At the head of the page, with the fix; and what is empty says what to do."""
    flags = ["--upstream", upstream.address, "--docker", "unix:///nowhere/docker.sock"]
    stand = started(*flags)
    seen = visits(stand.url)
    assert ["dns ready", "registrar not ready"] == seen.texts("#parts li")
    expect(seen("#notices")).to_contain_text("no container engine at unix:///nowhere")
    expect(seen("#services-empty code")).to_contain_text("docker run -d -p ")
    expect(seen("#log-empty code")).to_have_text(
        f"dig @127.0.0.1 -p {stand.port} consul.service.consul SRV"
    )
    assert "registrar not ready" == seen("#said").text_content()
    expect(seen("#chart-questions .over")).to_contain_text("ten seconds after the start")


def test_a_process_that_is_gone_and_comes_back(
    upstream: ScriptedUpstream, visits: OpenVisit
) -> None:
    """The page says that nobody answers, asks ever more seldom, and goes on when it is back."""
    (port,) = free_ports(1)
    flags = ["--upstream", upstream.address]
    with Stand(*flags, http_port=port) as stand:
        seen = visits(stand.url)
        seen.excused.append("ERR_CONNECTION_")
        seen.page.clock.install()
        seen.page.reload()
        expect(seen("#link")).to_have_text("live")
    for seconds in (2, 4, 8, 16, 30, 30):
        expect(seen("#link")).to_have_text(f"no answer, asked again in {seconds} s")
        seen.page.clock.run_for(seconds * 1000)
    assert "The process does not answer; what is shown is old" == seen("#said").text_content()
    with Stand(*flags, http_port=port):
        seen.page.clock.run_for(A_MINUTE_MS)
        expect(seen("#link")).to_have_text("live")


def test_nobody_is_asked_while_nobody_looks(stand: Stand, visits: OpenVisit) -> None:
    """Of a page in the background no request comes; it is up to date as soon as it is seen."""
    seen = visits(stand.url)
    seen.page.clock.install()
    seen.page.reload()
    expect(seen("#link")).to_have_text("live")
    before = asked(seen, OVERVIEW)
    seen.page.clock.run_for(10_000)
    assert asked(seen, OVERVIEW) > before
    turn(seen, is_hidden=True)
    before = asked(seen, "/api/")
    seen.page.clock.run_for(A_MINUTE_MS)
    assert before == asked(seen, "/api/")
    turn(seen, is_hidden=False)
    expect(seen("#link")).to_have_text("live")
    assert asked(seen, "/api/") > before


def turn(seen: Visit, *, is_hidden: bool) -> None:
    """Put the page into the background, or take it out: no browser without windows does it."""
    seen.page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


def test_what_a_process_does_not_have_is_not_shown(
    started: StartStand, upstream: ScriptedUpstream, visits: OpenVisit
) -> None:
    """The DNS proxy alone has neither services nor containers, and is not asked for them."""
    flags = ["--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"]
    seen = visits(started(*flags, kind=Proxy).url)
    expect(seen("#zones-rows tr")).not_to_have_count(0)
    for part in ("#services", "#containers", "#chart-changes"):
        expect(seen(part)).to_be_hidden()
    assert 0 == asked(seen, "/api/services") + asked(seen, "/api/containers")


class Proxy(Stand):
    """`dnsproxy`."""

    command = ("dnsproxy",)
