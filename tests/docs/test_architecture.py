"""The pictures of the architecture: true to the contracts on imports, and readable by everybody."""

import itertools
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.commands import ROOT

FOLDER = ROOT / "docs/explanation"
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = ("house", "planes")
LEAST_PX = 12
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


def picture(name: str) -> ET.Element:
    """One of them."""
    return ET.parse(FOLDER / f"{name}.svg").getroot()


def layers(contract: dict[str, list[str]]) -> list[list[str]]:
    """The modules of each layer, from the top."""
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


HOUSE = picture("house")
(ROOMS,) = [layers(one) for one in CONTRACTS if one["type"] == "layers" and "containers" not in one]
INSIDE = {name: layers(one) for one in CONTRACTS for name in one.get("containers", ())}


def test_the_house_has_the_rooms_of_the_contract():
    """And in each half its layers, from the top, as far as the contract has some."""
    rooms = {one.attrib["data-room"]: one for one in HOUSE.iter() if "data-room" in one.attrib}
    assert {name for layer in ROOMS for name in layer} == set(rooms)
    for name, room in rooms.items():
        rows = [one for one in room.iter() if "data-layer" in one.attrib]
        assert INSIDE.get(name, []) == [one.attrib["data-layer"].split() for one in rows]
        assert sorted(map(top, rows)) == [top(row) for row in rows]
    heights = [{top(rooms[name]) for name in layer} for layer in ROOMS]
    assert all(max(upper) < min(lower) for upper, lower in itertools.pairwise(heights))


def top(group: ET.Element) -> float:
    """Where its first rectangle begins."""
    return float(next(group.iter(f"{SVG}rect")).attrib["y"])


def test_what_a_layer_is_called_is_what_is_read():
    """The words in it are its modules."""
    for group in HOUSE.iter():
        if named := group.attrib.get("data-layer"):
            words = re.findall(r"\w+", " ".join(group.itertext()))
            assert named.split() == words[: len(named.split())]


def test_an_arrow_is_an_import_and_each_import_an_arrow():
    """Of the code as it is: what may be and is not would be no arrow."""
    drawn = {
        (one.attrib["data-from"], one.attrib["data-to"])
        for one in HOUSE.iter()
        if "data-from" in one.attrib
    }
    names = [name for layer in ROOMS for name in layer]
    found = {(name, other) for name in names for other in imported(ROOT / name) & set(names)}
    assert {(one, other) for one, other in found if one != other} == drawn


def imported(folder: Path) -> set[str]:
    """The packages that the modules of a folder import."""
    text = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    return set(re.findall(r"^ *(?:from|import) (\w+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_read_by_everybody(name):
    """In the dark, on a telephone, and by who hears it."""
    text, root = (FOLDER / f"{name}.svg").read_text(), picture(name)
    assert "img" == root.attrib["role"]
    assert "title desc" == root.attrib["aria-labelledby"]
    title, said = (root.find(f"{SVG}{tag}") for tag in ("title", "desc"))
    assert title is not None
    assert said is not None
    assert len(said.text or "") > 200
    assert "@media (prefers-color-scheme: dark)" in text
    # As wide as a telephone, nothing is made much smaller.
    assert int(root.attrib["width"]) <= 400
    sizes = [int(size) for size in re.findall(r"(?:font: |font-size: )(\d+)px", text)]
    assert len(sizes) > 2
    assert min(sizes) >= LEAST_PX
    assert not re.findall(r"(?:href|src|url\((?!#))", text)


@pytest.mark.parametrize("name", PICTURES)
def test_the_words_of_a_picture_lie_inside_it(name):
    """None is cut off, by a generous guess at how wide a letter is."""
    root = picture(name)
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    for text in root.iter(f"{SVG}text"):
        half = len(text.text or "") * 7
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        left = {"middle": half / 2, "start": 0, "end": half}[text.attrib["text-anchor"]]
        assert x - left >= 0, text.text
        assert x - left + half <= width, text.text
        assert 0 < y < height
