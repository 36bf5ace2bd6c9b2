"""All pages together: each is in the index, each can be reached, and each link leads somewhere."""

import re

import pytest

from seamark.variables import ENVIRONMENT
from tests.commands import ROOT
from tests.docs.markdown import INDEX, KINDS, anchors, links, pages, read, words_alone

PAGES = pages()
DOCS = [page for page in PAGES if page.startswith("docs/") and page != INDEX]
ENTRIES = re.findall(r"^\* \[(.+?)\]\((.+?)\): (.+)$", read(INDEX), re.MULTILINE)
SETTINGS = {*ENVIRONMENT, "dns.zone"}
METRICS = read("docs/reference/metrics.md")
# What a guide or a reference does not tell its reader: how easy it is.
IDLE = re.compile(
    r"\b(?:simply|just|easy|easily|obviously|of course|basically|please|trivial|trivially)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """To a file that is there, and to a heading of it."""
    for target, anchor in links(page):
        assert (ROOT / target).exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


def test_the_index_has_each_page_once_and_nothing_else():
    """One line a page."""
    assert sorted(DOCS) == sorted(f"docs/{path}" for _, path, _ in ENTRIES)
    listed = [line for line in read(INDEX).splitlines() if line.startswith("* ")]
    assert len(listed) == len(ENTRIES)


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_has_each_page_below_its_kind(kind):
    """A section for each of the four, in which are the pages of one folder."""
    sections = re.split(r"^## ", read(INDEX), flags=re.MULTILINE)
    found = [re.findall(r"^\* \[.+?\]\(([\w-]+)/", section, re.MULTILINE) for section in sections]
    assert 1 == sum(kind in kinds for kinds in found)
    assert [{kind}] == [set(kinds) for kinds in found if kind in kinds]


def test_every_page_can_be_reached():
    """From the README and the index, by links alone."""
    reached: set[str] = set()
    ahead = {"README.md", INDEX}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead |= {target for target, _ in links(page) if target.endswith(".md")} - reached
    assert set(DOCS) <= reached


@pytest.mark.parametrize("page", PAGES)
def test_settings_and_metrics_that_a_page_names_are_there(page):
    """Whoever copies a name from it gets what it says."""
    spans = re.findall(r"`([^`\n]+)`", read(page))
    settings = [re.match(r"(?:dns|catalog|registrar|http)\.[a-z_]+$", span) for span in spans]
    assert [] == [found[0] for found in settings if found and found[0] not in SETTINGS]
    metrics = [re.match(r"seamark_[a-z_]+$", span) for span in spans]
    assert [] == [found[0] for found in metrics if found and found[0] not in METRICS]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_no_page_says_how_easy_it_is(page):
    """Who reads it has found out already whether it is."""
    assert [] == IDLE.findall(words_alone(read(page)))


@pytest.mark.parametrize("page", DOCS)
def test_a_page_has_one_title_and_one_sentence_a_line(page):
    """A change of a sentence is a change of a line; in tables and lists several may stand."""
    text = words_alone(read(page))
    assert 1 == len(re.findall(r"^# ", text, re.MULTILINE))
    plain = [line for line in text.splitlines() if re.match(r"[A-Z`\[]", line)]
    assert [] == [line for line in plain if re.search(r"[a-z`)][.!?] [A-Z`\[]", line)]
