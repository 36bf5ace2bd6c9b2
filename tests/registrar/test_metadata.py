"""The grammar of tags and booleans."""

import pytest

from registrar.core.metadata import is_true, read_metadata, split_tags
from tests.registrar.inspect_output import container


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("foobar", ["foobar"]),
        ("a,b", ["a", "b"]),
        (r"foo\,bar", ["foo,bar"]),
        (r"foo,bar\,baz", ["foo", "bar,baz"]),
        (r"\,foobar\,", [",foobar,"]),
        (",,,,", []),
        (r",,\,,", [","]),
        (r"/(;\,:-_)/", ["/(;,:-_)/"]),
        (" a , b ", [" a ", " b "]),
        ("a\\", ["a\\"]),
    ],
)
def test_tags_are_split_as_registrator_does(text, expected):
    """Rows 1 to 9 and 17 of the behaviour table."""
    assert expected == split_tags(text)


def test_two_spellings_of_a_label_do_not_depend_on_the_maps_order():
    """Registrator took whichever the map gave last."""
    labels = {"SERVICE_NAME": "upper", "SERVICE_Name": "mixed"}
    for ordered in (labels, dict(reversed(labels.items()))):
        assert read_metadata(container({}, labels=ordered)).generic["name"] == "mixed"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("yes", True), ("anything", True)]
    + [(value, False) for value in ("", " ", "0", "false", "FALSE", "no", "off")],
)
def test_a_boolean_key_is_read_as_one(value, expected):
    """Registrator took `false` for yes."""
    assert expected == is_true(value)
