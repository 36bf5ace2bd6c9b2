"""The queries on the page: live, filtered, paused, of a moment of the hour, and taken along."""

import csv
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.page.browser import Visit
from tests.page.conftest import OpenVisit
from tests.page.stand import Stand

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
NAMES = "#log-rows .c-name bdi"
ROWS = "#log-rows tr"
OTHER_CLIENT = "127.0.0.2"
# Field of the form -> what is put in, the cell that then holds it in every row.
FILTERS = {
    "name": ("web.serv", ".c-name"),
    "client": (OTHER_CLIENT, ".c-client"),
    "class": ("nxdomain", ".c-class"),
    "source": ("embedded", ".c-source"),
    "upstream": ("127.0.0.1:", ".c-source"),
}


def fill(seen: Visit, field: str, value: str) -> None:
    """Put a value into a field of the form, as a user does."""
    found = seen(f"#log-form [name={field}]")
    if field in {"class", "source"}:
        found.select_option(value)
    else:
        found.fill(value)


@pytest.fixture
def seen(stand: Stand, visits: OpenVisit) -> Visit:
    """A page, after four questions."""
    stand.ask("web.service.consul", "a.example", "broken.example", "nowhere")
    stand.ask("other.example", client=OTHER_CLIENT)
    found = visits(stand.url)
    expect(found(NAMES).first).to_have_text("other.example.")
    return found


def test_queries_are_live(stand: Stand, seen: Visit) -> None:
    """The newest comes on top without anybody doing anything."""
    for name, outcome in (("newest.example", "ok"), ("broken.newest.example", "servfail")):
        stand.ask(name)
        expect(seen(NAMES).first).to_have_text(f"{name}.")
        expect(seen("#log-rows .outcome").first).to_have_text(outcome)


@pytest.mark.parametrize("field", FILTERS)
def test_each_filter_leaves_what_it_names(seen: Visit, field: str) -> None:
    """By name, client, outcome, source and upstream; and all again without it."""
    value, cell = FILTERS[field]
    fill(seen, field, value)
    expect(seen(f"{ROWS} {cell}").filter(has_not_text=value)).to_have_count(0)
    expect(seen(f"{ROWS} {cell}").filter(has_text=value)).not_to_have_count(0)
    fill(seen, field, "")
    expect(seen(f"{ROWS} {cell}").filter(has_not_text=value)).not_to_have_count(0)


def test_a_filter_without_a_match_says_so(seen: Visit) -> None:
    """Not an empty table that may mean anything."""
    fill(seen, "name", "no-such-name")
    expect(seen("#log-empty")).to_have_text("No query matches these filters.")
    expect(seen(ROWS)).to_have_count(0)


def test_what_is_shown_is_taken_along(seen: Visit, tmp_path: Path) -> None:
    """The links give what the filters give, as CSV and as JSON lines."""
    fill(seen, "class", "nxdomain")
    expect(seen(NAMES).filter(has_not_text="nowhere")).to_have_count(0)
    found = {}
    for link in ("#log-csv", "#log-lines"):
        with seen.page.expect_download() as download:
            seen(link).click()
        found[link] = tmp_path / download.value.suggested_filename
        download.value.save_as(found[link])
    assert {"queries.csv", "queries.jsonl"} == {file.name for file in found.values()}
    with found["#log-csv"].open(newline="") as file:
        assert {"nowhere."} == {row["name"] for row in csv.DictReader(file)}
    lines = found["#log-lines"].read_text().splitlines()
    assert {"nowhere."} == {json.loads(line)["name"] for line in lines}


def test_who_pauses_right_after_writing_a_filter_stays_so(seen: Visit) -> None:
    """What was written is asked for a moment later, and writing while it is paused goes on."""
    field, pause = seen("#log-form [name=name]"), seen("#log-pause")
    written = "field.value = 'a'; field.dispatchEvent(new Event('input', { bubbles: true }));"
    paused = "document.getElementById('log-pause').click();"
    field.evaluate(f"(field) => {{ {written} {paused} }}")
    seen.page.wait_for_timeout(1000)
    expect(pause).to_have_attribute("aria-pressed", "true")
    field.fill("b")
    expect(pause).to_have_attribute("aria-pressed", "false")


def test_a_pause_holds_what_is_shown(stand: Stand, seen: Visit) -> None:
    """Until it is over."""
    seen("#log-pause").click()
    expect(seen("#log-mode")).to_have_text("paused")
    asked = len([url for url in seen.asked if "/api/queries" in url])
    stand.ask("during-the-pause.example")
    # The numbers go on, three times: so there was time to ask for the queries too.
    for _ in range(3):
        total = str(seen("#n-total").text_content())
        stand.ask("during-the-pause.example")
        expect(seen("#n-total")).not_to_have_text(total)
    assert asked == len([url for url in seen.asked if "/api/queries" in url])
    expect(seen(NAMES).filter(has_text="during-the-pause")).to_have_count(0)
    seen("#log-pause").click()
    expect(seen(NAMES).filter(has_text="during-the-pause")).to_have_count(4)


def test_no_more_rows_than_can_be_read(stand: Stand, seen: Visit) -> None:
    """However many were asked."""
    stand.ask(*(f"n{number}.example" for number in range(300)))
    expect(seen(NAMES).first).to_have_text("n299.example.")
    expect(seen(ROWS)).to_have_count(200)
    expect(seen(NAMES).last).to_have_text("n100.example.")
