"""The grammar of tags and booleans."""

import pytest

from registrar.core.metadata import is_true, read_metadata, split_tags
from registrar.core.model import Port
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


@pytest.mark.parametrize(
    ("keys", "port", "expected", "key"),
    [
        ({"80_NAME": "a", "NAME": "b"}, "80/tcp", "a", "80_NAME"),
        ({"80_TCP_NAME": "a", "80_NAME": "b"}, "80/tcp", "a", "80_TCP_NAME"),
        ({"80_TCP_NAME": "a", "80_NAME": "b"}, "80/udp", "b", "80_NAME"),
        ({"70-90_NAME": "a", "NAME": "b"}, "80/tcp", "a", "70-90_NAME"),
        ({"70-90_NAME": "a", "80_NAME": "b"}, "80/tcp", "b", "80_NAME"),
        ({"70-90_NAME": "a", "75-85_NAME": "b"}, "80/tcp", "b", "75-85_NAME"),
        ({"70-90_UDP_NAME": "a", "NAME": "b"}, "80/tcp", "b", "NAME"),
        ({"70-90_NAME": "a", "NAME": "b"}, "91/tcp", "b", "NAME"),
        ({"080_NAME": "a", "NAME": "b"}, "80/tcp", "b", "NAME"),
        ({"0_NAME": "a", "NAME": "b"}, "80/tcp", "b", "NAME"),
        ({"80_NAME": "", "NAME": "b"}, "80/tcp", None, "80_NAME"),
        ({"80_TAGS": "a", "NAME": "b"}, "80/tcp", "b", "NAME"),
        ({"99999999999_NAME": "a", "NAME": "b"}, "80/tcp", "b", "NAME"),
    ],
)
def test_the_more_specific_key_wins(keys, port, expected, key):
    """One protocol of one port, one port, a range by its breadth, all; who wins can be told."""
    labels = {f"SERVICE_{key}": value for key, value in keys.items()}
    number, _, protocol = port.partition("/")
    metadata, wanted = read_metadata(container({}, labels=labels)), Port(int(number), protocol)
    assert expected == metadata.for_port(wanted).get("name")
    assert f"SERVICE_{key}" == metadata.key_for(wanted, "name")


def test_a_key_without_an_underscore_behind_the_number_is_an_attribute():
    """As registrator has it: `SERVICE_80=x`."""
    assert {"80": "x"} == read_metadata(container({}, labels={"SERVICE_80": "x"})).generic
