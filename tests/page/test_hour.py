"""The charts of the last hour: what they show, by mouse and by keys, and the same as tables."""

import re
import time

import pytest
from playwright.sync_api import Locator, expect

from tests.page.browser import Visit
from tests.page.conftest import OpenVisit
from tests.page.stand import Stand
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
CHARTS = ("#chart-questions", "#chart-latency", "#chart-changes")
NAMES = "#log-rows .c-name bdi"
PLOT = "#chart-questions .plot"


@pytest.fixture
def seen(stand: Stand, visits: OpenVisit) -> Visit:
    """A page to look at."""
    return visits(stand.url)


@pytest.fixture
def step(stand: Stand, seen: Visit, waits: Waits) -> str:
    """When the step ended in which `in-this-step.example` was asked, once the page shows it."""
    asked = time.time()
    stand.ask("in-this-step.example", "in-this-step.example", "broken.example")

    def ended() -> list[float]:
        return [end for end in stand.api("history")["times"] if end >= asked]

    end = waits.until("a step has ended", ended, PATIENCE_S)[0]
    words = str(seen.page.evaluate("at => new Date(at * 1000).toTimeString().slice(0, 8)", end))
    opened(seen, CHARTS[0])
    expect(button_of(seen, CHARTS[0], words)).to_have_count(1)
    return words


def opened(seen: Visit, chart: str) -> None:
    """Have the table of a chart open."""
    if not seen(f"{chart} details[open]").count():
        seen(f"{chart} summary").click()


def button_of(seen: Visit, chart: str, words: str) -> Locator:
    """The button of a step in the table of a chart."""
    return seen(f"{chart} tbody button").filter(has_text=words)


def said(seen: Visit) -> str:
    """What the chart of questions says of the moment that is looked at."""
    return seen(PLOT).get_attribute("aria-valuetext") or ""


def shows_step(seen: Visit, words: str) -> None:
    """The log is of the step that ended then, and says so."""
    expect(seen("#log-live")).to_contain_text(f"to {words}")


@pytest.mark.usefixtures("step")
def test_each_chart_is_drawn(seen: Visit) -> None:
    """By the library, from what the process tells."""
    for chart in CHARTS:
        expect(seen(f"{chart} canvas")).to_be_visible()
        expect(seen(f"{chart} .legend button").first).to_be_visible()
    assert ["ok", "servfail"] == seen.texts(f"{CHARTS[0]} .legend bdi")
    times = seen.texts(f"{CHARTS[1]} .legend bdi")
    assert ["all answers", "95 %"] == times[:2]
    assert times[2].startswith("127.0.0.1:")
    assert ["registered", "deregistered"] == seen.texts(f"{CHARTS[2]} .legend bdi")


def test_a_click_on_a_moment_shows_its_queries(stand: Stand, seen: Visit, step: str) -> None:
    """And no others, until one goes back to live ones."""
    # The hour stands still while the mouse looks for the place.
    hour = stand.api("history")
    seen.page.route("**/api/history", lambda route: route.fulfill(json=hour))
    stand.ask("after-it.example")
    expect(seen(NAMES).first).to_have_text("after-it.example.")
    seen(f"{CHARTS[0]} .u-over").click(position={"x": place_of(seen, step), "y": 40})
    shows_step(seen, step)
    expect(seen(NAMES).filter(has_text="in-this-step")).not_to_have_count(0)
    expect(seen(NAMES).filter(has_text="after-it")).to_have_count(0)
    assert "since=" in str(seen("#log-csv").get_attribute("href"))
    seen("#log-live").click()
    expect(seen("#log-live")).to_be_hidden()
    expect(seen(NAMES).filter(has_text="after-it")).not_to_have_count(0)
    assert "since=" not in str(seen("#log-csv").get_attribute("href"))


def place_of(seen: Visit, step: str) -> float:
    """Where in the chart the mouse is at a step, by what the chart says of each place."""
    over = seen(f"{CHARTS[0]} .u-over")
    box = over.bounding_box()
    assert box is not None
    for x in range(int(box["width"]) - 1, 0, -1):
        over.hover(position={"x": x, "y": 40})
        if said(seen).startswith(step):
            return float(x)
    raise AssertionError(f"no place says {step}")


@pytest.mark.usefixtures("step")
def test_keys_do_on_a_chart_what_the_mouse_does(seen: Visit) -> None:
    """Arrows go from step to step, Enter shows the queries, l goes back."""
    plot = seen(PLOT)
    # There is a step before the last.
    expect(plot).not_to_have_attribute("aria-valuemax", "0")
    plot.press("End")
    last = said(seen)[:8]
    plot.press("ArrowLeft")
    expect(plot).not_to_have_attribute("aria-valuetext", re.compile(f"^{last}"))
    before = said(seen)[:8]
    assert before < last
    plot.press("Enter")
    shows_step(seen, before)
    plot.press("l")
    expect(seen("#log-live")).to_be_hidden()


def test_the_tables_hold_what_the_charts_show(seen: Visit, step: str) -> None:
    """For those who do not see them; a step's button shows its queries."""
    for chart in CHARTS:
        opened(seen, chart)
        expect(button_of(seen, chart, step)).to_have_count(1)
    assert ["Time", "ok", "servfail"] == seen.texts(f"{CHARTS[0]} thead th")
    button_of(seen, CHARTS[2], step).click()
    shows_step(seen, step)


@pytest.mark.usefixtures("step")
def test_a_line_can_be_hidden(seen: Visit) -> None:
    """Its button says whether it is there."""
    button = seen(f"{CHARTS[0]} .legend button").first
    expect(button).to_have_attribute("aria-pressed", "true")
    assert " ok " in said(seen)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert " ok " not in said(seen)


@pytest.mark.usefixtures("step")
def test_without_the_library_there_are_tables(seen: Visit) -> None:
    """As in an installation that was built without it: the page says so."""
    seen.excused.append("404")
    seen.page.route("**/vendor/*", lambda route: route.fulfill(status=404))
    seen.page.reload()
    expect(seen("#no-charts")).to_be_visible()
    expect(seen(f"{CHARTS[0]} tbody button").first).to_be_visible()
    expect(seen("canvas")).to_have_count(0)
