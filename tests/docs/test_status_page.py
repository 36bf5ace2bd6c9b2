"""The page about the status page: its commands run, and it speaks of what is on it."""

import csv
import io
import re
import shlex
import subprocess

import pytest

from tests.commands import ROOT
from tests.page.stand import Stand
from tests.pages import lines

PAGE = (ROOT / "docs/how-to/read-the-status-page.md").read_text()
SHOWN = "".join(
    file.read_text()
    for pattern in ("*.html", "*.js")
    for file in sorted((ROOT / "seamark/status/page").glob(pattern))
)
TUNNEL, QUERIES = lines(PAGE, "sh")


def test_the_queries_from_a_shell():
    """As CSV, with a head line."""
    with Stand("--upstream", "127.0.0.1:9") as stand:
        stand.ask("nobody-knows.example")
        command = QUERIES.replace("http://127.0.0.1:8053/", stand.url)
        done = subprocess.run(
            shlex.split(command), capture_output=True, check=True, text=True, timeout=60
        )
    (found,) = csv.DictReader(io.StringIO(done.stdout))
    assert ("nobody-knows.example.", "servfail") == (found["name"], found["class"])


def test_the_tunnel_leads_to_where_the_page_is_by_itself():
    """Nobody but the host's own users gets there otherwise."""
    settings = (ROOT / "docs/reference/settings.md").read_text()
    (default,) = re.findall(r"`http\.listen` .*?\| `(127\.0\.0\.1:\d+)`", settings)
    assert f"-L {default.rpartition(':')[2]}:{default}" in TUNNEL


@pytest.mark.parametrize("word", sorted(set(re.findall(r"\*\*(.+?)\*\*", PAGE))))
def test_what_it_names_is_on_the_page(word: str):
    """Numbers, charts and sections are called there as they are here."""
    assert re.search(rf"[>\"]{re.escape(word)}\b", SHOWN)


@pytest.mark.parametrize(
    "words",
    [
        "no answer, asked again in ",
        "Show all running containers",
        "As a table",
        "Charts were not built into this installation",
        "JSON lines",
    ],
)
def test_what_it_quotes_is_said_there(words: str):
    """Word by word."""
    assert words in PAGE
    assert words in SHOWN


def test_the_keys_are_those_that_the_page_names():
    """All that are on it."""
    (section,) = re.findall(r"## Keys\n(.*?)\n## ", PAGE, re.DOTALL)
    keys = set(re.findall(r"<dt><kbd>(.)</kbd>", SHOWN)) - {"←"}
    assert keys == set(re.findall(r"`(.)`", section))
