"""What the pages are made of, as the tests of them see it: links, headings, words."""

import re
from typing import NamedTuple

from tests.commands import ROOT

INDEX = "docs/README.md"
KINDS = ("tutorial", "how-to", "reference", "explanation")
_FENCED = re.compile(r"^```.*?^```\n?", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(.+?)\1")


class Link(NamedTuple):
    """Where a page points to: a file of ours below the root, and a heading in it or ``""``."""

    target: str
    anchor: str


def pages() -> list[str]:
    """All pages, as paths below the root."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/*/*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def read(page: str) -> str:
    """Its text."""
    return (ROOT / page).read_text()


def without_blocks(text: str) -> str:
    """A page without its code blocks."""
    return _FENCED.sub("", text)


def words_alone(text: str) -> str:
    """A page without code, in blocks or in lines."""
    return _CODE.sub("`code`", without_blocks(text))


def links(page: str) -> list[Link]:
    """Its links to files of ours; one that leads out of the repository raises ValueError."""
    found = []
    for path, anchor in re.findall(
        r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", words_alone(read(page))
    ):
        target = (ROOT / page).parent / path if path else ROOT / page
        found.append(Link(str(target.resolve().relative_to(ROOT)), anchor))
    return found


def anchors(page: str) -> set[str]:
    """What `#...` may name there: headings as GitHub turns them into ids."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+?)\s*$", without_blocks(read(page)), re.MULTILINE):
        text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found
