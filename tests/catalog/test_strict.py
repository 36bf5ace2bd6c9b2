"""Documents that do not fit: everything that is wrong, and what is left."""

import pytest
from msgspec import Struct, field

from catalog.errors import ShapeError
from catalog.strict import convert, convert_in_part


class Inner(Struct):
    """A table."""

    words: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    count: int = 1


class Outer(Struct):
    """A document."""

    inner: Inner = field(default_factory=Inner)
    many: list[Inner] = field(default_factory=list)
    number: int = 7


WRONG = {
    "nummer": 1,
    "number": "5",
    "inner": {"words": ["a", 3], "texts": {"b": 1}, "cound": 2},
    "many": [{"count": 2}, {"count": "x"}],
}


def test_everything_that_does_not_fit_is_told():
    """Keys that are unknown first, then values with what was found, and what to write."""
    _, faults = convert_in_part(WRONG, Outer)
    assert [
        ("nummer: unknown key", "did you mean `number`?"),
        ("inner.cound: unknown key", "did you mean `count`?"),
        ("number: expected `int`, got `str` `5`", "write the number without quotes, `5`"),
        ("inner.words[1]: expected `str`, got `int` `3`", ""),
        ("inner.texts[...]: expected `str`, got `int`", ""),
        ("many[1].count: expected `int`, got `str` `x`", ""),
    ] == [(str(fault), fault.hint) for fault in faults]


def test_what_fits_is_kept():
    """Of a list that has something wrong in it nothing: its items have their numbers."""
    found, _ = convert_in_part(WRONG, Outer)
    assert (7, Inner()) == (found.number, found.inner)
    assert [Inner(count=2), Inner()] == found.many
    assert WRONG["inner"]["words"] == ["a", 3], "the document itself is left alone"  # type: ignore[index]


def test_a_document_that_fits_has_no_faults():
    """And is what it is to the other function."""
    right = {"number": 3, "many": [{"words": ["x"]}]}
    assert (convert(right, Outer), []) == convert_in_part(right, Outer)


def test_what_is_no_document_is_refused():
    """There is nothing to leave out."""
    with pytest.raises(ShapeError):
        convert_in_part([], Outer)
