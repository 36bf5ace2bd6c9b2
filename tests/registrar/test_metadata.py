"""The grammar of tags and booleans."""

import pytest

from registrar.core.metadata import is_true, split_tags


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("yes", True), ("anything", True)]
    + [(value, False) for value in ("", " ", "0", "false", "FALSE", "no", "off")],
)
def test_a_boolean_key_is_read_as_one(value, expected):
    """Registrator took `false` for yes."""
    assert expected == is_true(value)
