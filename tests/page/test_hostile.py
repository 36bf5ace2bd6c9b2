"""Names that somebody chose to do harm: on the page, on stderr and in a CSV they are text."""

import csv
import io
import json
import unicodedata
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from dnsproxy.core.names import to_text
from tests.dnsproxy.exchanges import HOSTILE
from tests.page.browser import PHONE, Visit
from tests.page.conftest import OpenVisit
from tests.page.stand import Stand
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S, Waits

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
NAMES = {
    **HOSTILE,
    "a handler": (b"<svg onload=alert(1)>", b"consul"),
    "a link": (b"javascript:alert(1)", b"consul"),
    "a minus": (b"-2+3+cmd", b"example"),
    "a plus": (b"+2", b"example"),
}
BIDI = "\u202etxt.exe"
SERVICES = [
    {"id": "one", "name": "<img src=x onerror=alert(1)>", "port": 1, "tags": [BIDI, "<b>bold</b>"]},
    {"id": "two", "name": BIDI, "port": 2, "tags": ["\x1b[2J", "n\u200bo"]},
    {"id": "three", "name": "x" * 63, "port": 3, "tags": ["y" * 200]},
]
# What this page is made of. Nothing that a name would like to be is among it.
ELEMENTS = {
    "A", "BDI", "BODY", "BUTTON", "CANVAS", "CODE", "DD", "DETAILS", "DIALOG", "DIV", "DL", "DT",
    "FIGCAPTION", "FIGURE", "FOOTER", "FORM", "H1", "H2", "H3", "HEAD", "HEADER", "HTML", "INPUT",
    "KBD", "LABEL", "LI", "LINK", "MAIN", "META", "NOSCRIPT", "OPTION", "P", "PATH", "SCRIPT",
    "SECTION", "SELECT", "SMALL", "SPAN", "STRONG", "SUMMARY", "SVG", "TABLE", "TBODY", "TD", "TH",
    "THEAD", "TIME", "TITLE", "TR", "UL",
}  # fmt: skip


@pytest.fixture(scope="module")
def told(upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A process that was asked for all of them, and has services that are called like that."""
    file = tmp_path_factory.mktemp("hostile") / "services.json"
    file.write_text(json.dumps({"services": SERVICES}))
    flags = ["--upstream", upstream.address, "--services", str(file), "--query-log", "stderr"]
    with Stand(*flags) as running:
        for labels in NAMES.values():
            running.ask_raw(labels)
        yield running


def elements(seen: Visit) -> dict[str, int]:
    """Kinds of elements in the page, and how many there are of each."""
    kinds: list[str] = seen.page.evaluate(
        "[...document.querySelectorAll('*')].map(one => one.tagName.toUpperCase())"
    )
    return {kind: kinds.count(kind) for kind in kinds}


def test_names_that_were_asked_for_are_text(told: Stand, visits: OpenVisit) -> None:
    """As in a zone file, each in a row; no dialog comes, and no element that was not there."""
    seen = visits(told.url)
    expect(seen("#log-rows tr")).to_have_count(len(NAMES))
    assert {to_text(labels) for labels in NAMES.values()} == set(
        seen.texts("#log-rows .c-name bdi")
    )
    found = elements(seen)
    assert set(found) <= ELEMENTS
    assert (2, 0) == (found["SCRIPT"], found.get("IMG", 0))


def test_what_others_called_their_services_is_text(told: Stand, visits: OpenVisit) -> None:
    """What nobody sees, or what turns words around, is written out."""
    seen = visits(told.url)
    expect(seen("#services-rows tr")).to_have_count(len(SERVICES))
    names = seen.texts("#services-rows .c-name bdi")
    assert {"<img src=x onerror=alert(1)>", "\\u{202e}txt.exe", "x" * 63} == set(names)
    tags = set(seen.texts("#services-rows .tag"))
    assert {"\\u{202e}txt.exe", "<b>bold</b>", "\\u{1b}[2J", "n\\u{200b}o", "y" * 200} == tags
    assert set(elements(seen)) <= ELEMENTS


def test_nothing_that_is_not_seen_is_in_the_page(told: Stand, visits: OpenVisit) -> None:
    """Neither of queries nor of services."""
    seen = visits(told.url)
    expect(seen("#log-rows tr")).to_have_count(len(NAMES))
    expect(seen("#services-rows tr")).to_have_count(len(SERVICES))
    text = str(seen("body").text_content())
    kinds = {unicodedata.category(letter) for letter in text if letter not in "\n\t"}
    assert not kinds & {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}


def test_the_longest_names_do_not_widen_a_phone(told: Stand, visits: OpenVisit) -> None:
    """Names of 63 letters a label, in 360 pixels."""
    seen = visits(told.url, PHONE)
    expect(seen("#log-rows tr")).to_have_count(len(NAMES))
    expect(seen("#services-rows tr")).to_have_count(len(SERVICES))
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for part in ("#log-scroll", "#services .scroll"):
        assert seen(part).evaluate("part => part.scrollWidth <= part.clientWidth"), part


def test_a_filter_takes_names_that_look_like_something_else(told: Stand, visits: OpenVisit) -> None:
    """What is typed is looked for as it stands."""
    seen = visits(told.url)
    for labels in (NAMES["a handler"], NAMES["a formula"], NAMES["right to left"]):
        seen("#log-form [name=name]").fill(to_text(labels))
        expect(seen("#log-rows tr")).to_have_count(1)
        expect(seen("#log-rows .c-name")).to_have_text(to_text(labels))


def test_no_byte_of_them_gets_to_a_terminal(told: Stand, waits: Waits) -> None:
    """The query log on stderr is ASCII, a line a query."""

    def lines() -> list[str]:
        return [line for line in told.log.splitlines() if line.startswith("{")]

    # Lines are written a little late.
    waits.until("all are told", lambda: len(lines()) == len(NAMES), PATIENCE_S)
    for line in lines():
        assert line.isascii()
        assert line.isprintable()
        assert not set("<>&") & set(line)
    assert {to_text(labels) for labels in NAMES.values()} == {
        json.loads(line)["name"] for line in lines()
    }


def test_no_cell_of_the_csv_is_a_formula(told: Stand) -> None:
    """Each that would be begins with an apostrophe."""
    with urllib.request.urlopen(f"{told.url}api/queries?format=csv", timeout=10) as answer:
        text = answer.read().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(NAMES) == len(rows)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in set("=+-@\t\r")]
    quoted = [row["name"] for row in rows if row["name"].startswith("'")]
    # An @ is written as \@, and is none at the beginning.
    assert {"'=", "'-", "'+"} == {name[:2] for name in quoted}


def test_the_policy_lets_nothing_run_that_got_in_all_the_same(
    told: Stand, visits: OpenVisit
) -> None:
    """Were a name ever taken for markup: the browser would not run it, and would load nothing."""
    seen = visits(told.url)
    seen.page.evaluate(
        """() => document.body.insertAdjacentHTML("beforeend",
            "<img src='http://192.0.2.1/x.png' onerror='document.title = 1'>" +
            "<a id=trap href='javascript:document.title=2'>x</a>")"""
    )
    with seen.page.expect_console_message(lambda said: "javascript:" in said.text.lower()):
        seen("#trap").click()
    assert "node3 · Seamark" == seen.page.title()
    for forbidden in ("inline event handler", "http://192.0.2.1/x.png", "JavaScript URL"):
        assert [fault for fault in seen.faults if forbidden.lower() in fault.lower()], forbidden
    seen.faults.clear()
    # It was asked for, and not let out.
    assert ["http://192.0.2.1/x.png"] == seen.strangers
    seen.asked.clear()
