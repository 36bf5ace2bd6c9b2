"""For everybody: axe finds no serious fault, all is done by keys, nothing is cut off on a phone."""

import pytest
from playwright.sync_api import expect

from tests.page.browser import PHONE, WIDE, Visit
from tests.page.conftest import OpenVisit
from tests.page.stand import Stand
from tests.waits import Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
FIRST_STEP = "#chart-questions .plot:not([aria-valuemax='0'])"
NAME = "#log-form [name=name]"


@pytest.fixture
def busy(stand: Stand) -> Stand:
    """A process that has something to show everywhere."""
    stand.ask("web.service.consul", "a.example", "broken.example", "nowhere")
    return stand


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(
    busy: Stand, visits: OpenVisit, size: tuple[int, int], *, is_dark: bool
) -> None:
    """As it opens, and with all that can be opened."""
    seen = visits(busy.url, size, is_dark=is_dark)
    expect(seen("#log-rows tr")).not_to_have_count(0)
    expect(seen(FIRST_STEP)).to_be_visible()
    assert [] == seen.axe()
    for summary in seen("summary").all():
        summary.click()
    seen("#chart-changes tbody button").first.click()
    expect(seen("#log-live")).to_be_visible()
    assert [] == seen.axe()
    seen("#keys-button").click()
    assert [] == seen.axe()


def test_axe_finds_nothing_serious_when_things_are_bad(visits: OpenVisit) -> None:
    """Notices, empty parts, and nobody there."""
    with Stand("--docker", "unix:///nowhere/docker.sock") as stand:
        seen = visits(stand.url)
        expect(seen("#notices p")).to_be_visible()
        assert [] == seen.axe()
        seen.excused.append("ERR_CONNECTION_")
    expect(seen("#link")).to_contain_text("no answer")
    assert [] == seen.axe()


@pytest.mark.parametrize("width", [320, PHONE[0], 768, WIDE[0]])
def test_nothing_is_scrolled_sideways(busy: Stand, visits: OpenVisit, width: int) -> None:
    """At any width from that of a small phone."""
    seen = visits(busy.url, (width, 800))
    expect(seen("#log-rows tr")).not_to_have_count(0)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_all_that_can_be_done_is_reached_by_tab(busy: Stand, visits: OpenVisit) -> None:
    """In the order of the page, the link to its content first; and one sees where one is."""
    seen = visits(busy.url)
    expect(seen(FIRST_STEP)).to_be_visible()
    reached: list[str] = []
    while True:
        seen.page.keyboard.press("Tab")
        at, seen_there = seen.page.evaluate(
            """() => {
                const at = document.activeElement, style = getComputedStyle(at);
                return [at === document.body ? "" : at.id || at.name || at.className || at.tagName,
                        style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        if not at or at in reached[:1]:
            break
        assert seen_there, at
        reached.append(at)
    wanted = ["skip", "keys-button", "plot", "services-filter", "containers-all", "name"]
    wanted += ["client", "class", "source", "upstream", "log-pause", "log-csv", "log-lines"]
    wanted += ["log-scroll"]
    assert wanted == [at for at in dict.fromkeys(reached) if at in wanted]


def test_the_first_tab_leads_past_the_head(busy: Stand, visits: OpenVisit) -> None:
    """A link that is only seen then."""
    seen = visits(busy.url)
    seen.page.keyboard.press("Tab")
    expect(seen(".skip")).to_be_focused()
    expect(seen(".skip")).to_be_in_viewport()
    seen.page.keyboard.press("Enter")
    expect(seen("main")).to_be_focused()


def test_single_keys(busy: Stand, visits: OpenVisit) -> None:
    """Those that the page names under `?`."""
    seen = visits(busy.url)
    press = seen.page.keyboard.press
    press("/")
    expect(seen(NAME)).to_be_focused()
    seen.page.keyboard.type("web/s?")
    expect(seen(NAME)).to_have_value("web/s?")
    press("Escape")
    expect(seen(NAME)).to_have_value("")
    seen(NAME).blur()
    press("s")
    expect(seen("#services-filter")).to_be_focused()
    seen("#services-filter").blur()
    press("p")
    expect(seen("#log-pause")).to_have_attribute("aria-pressed", "true")
    press("p")
    expect(seen("#log-pause")).to_have_attribute("aria-pressed", "false")
    press("?")
    expect(seen("#keys")).to_be_visible()
    press("Escape")
    expect(seen("#keys")).to_be_hidden()


def test_single_keys_can_be_switched_off(busy: Stand, visits: OpenVisit) -> None:
    """For who speaks to the computer: then a word is no command (WCAG 2.1.4)."""
    seen = visits(busy.url)
    seen("#keys-button").click()
    seen("#keys-on").uncheck()
    seen("#keys button").click()
    seen("#keys-button").blur()
    seen.page.keyboard.press("p")
    expect(seen("#log-pause")).to_have_attribute("aria-pressed", "false")
    seen.page.keyboard.press("/")
    expect(seen(NAME)).not_to_be_focused()


def moves(seen: Visit) -> list[str]:
    """Names of animations that run."""
    found: list[str] = seen.page.evaluate(
        "document.getAnimations().map(one => one.animationName ?? '')"
    )
    return found


def test_nothing_moves_for_who_wants_no_motion(busy: Stand, visits: OpenVisit) -> None:
    """The one thing that does is a dot."""
    seen = visits(busy.url)
    assert ["beat"] == moves(seen)
    seen.page.emulate_media(reduced_motion="reduce")
    assert [] == moves(seen)


def test_charts_take_the_colours_of_day_and_night(
    busy: Stand, visits: OpenVisit, waits: Waits
) -> None:
    """Also when it changes while one looks."""
    seen = visits(busy.url)
    seen.excused.append("willReadFrequently")
    expect(seen(FIRST_STEP)).to_be_visible()
    # The line of what went well, in the button that stands for it and in the chart.
    blue, light_blue = [0, 0x72, 0xB2], [0x56, 0xB4, 0xE9]
    waits.until("blue", lambda: (blue in colours(seen)) > (light_blue in colours(seen)))
    seen.page.emulate_media(color_scheme="dark")
    waits.until("light blue", lambda: (light_blue in colours(seen)) > (blue in colours(seen)))


def colours(seen: Visit) -> list[list[int]]:
    """What the chart of questions is drawn in."""
    found: list[list[int]] = seen("#chart-questions canvas").evaluate(
        """canvas => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            const found = new Set();
            for (let at = 0; at < data.length; at += 4) {
                if (data[at + 3] === 255) found.add(data.slice(at, at + 3).join());
            }
            return [...found].map(one => one.split(",").map(Number));
        }"""
    )
    return found
