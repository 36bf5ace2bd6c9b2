"""TOML that we write, and in which line of one each key begins."""

import tomllib

import pytest
from hypothesis import given, strategies as st

from seamark import toml_text
from seamark.masking import masked
from seamark.toml_lines import first_lines

# TOML holds no half of a character.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=10
)


@given(TEXT, VALUES)
def test_what_is_written_is_read_back(key, value):
    """Any text, any depth; in line and broken."""
    lines = toml_text.lines(key, value)
    assert {key: value} == tomllib.loads("\n".join(lines))
    assert all(line.isprintable() for line in lines)


def test_half_a_character_is_no_reason_to_fail():
    """A variable may hold any bytes."""
    assert {"a": "x\ufffd"} == tomllib.loads("".join(toml_text.lines("a", "x\udc80")))


@given(st.lists(st.tuples(TEXT, VALUES), unique_by=lambda pair: pair[0]))
def test_each_key_begins_where_it_was_written(pairs):
    """Whatever the values before it hold."""
    text, expected = "", {}
    for key, value in pairs:
        text += "# [x]\n\n"
        expected[key] = text.count("\n") + 1
        text += "\n".join(toml_text.lines(key, value)) + "\n"
    found = first_lines(text)
    assert expected == {key: found[key] for key in expected if key} | (
        {"": expected[""]} if "" in expected else {}
    )


def test_tables_of_every_form_have_lines():
    """Headers, dotted keys, tables in lists, texts of several lines."""
    text = 'a.b = 1\n[c]\nd = """\nd = 2\n[e]\n"""\ne = { f = 1 }\n[[g]]\nh = 1\n[[g]]\nh = 2\n'
    found = first_lines(text)
    assert {"a.b": 1, "c": 2, "c.d": 3, "c.e": 7, "c.e.f": 7} == {
        key: line for key, line in found.items() if key[0] in "ac" and key != "a"
    }
    assert (8, 8, 9, 10, 11) == tuple(
        found[key] for key in ("g", "g[0]", "g[0].h", "g[1]", "g[1].h")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("consul://10.0.0.1:8500", "consul://10.0.0.1:8500"),
        ("consul:", "consul:"),
        ("consul://[fd00::1]:8500", "consul://[fd00::1]:8500"),
        ("unix:///run/a@b?c=d.sock", "unix:///run/a@b?c=***"),
        ("consul-unix:///run/a@b.sock", "consul-unix:///run/a@b.sock"),
        ("consulkv://h:8500/a@b", "consulkv://h:8500/a@b"),
        ("tls://9.9.9.9#dns.quad9.net", "tls://9.9.9.9#dns.quad9.net"),
        ("10.0.0.1:53", "10.0.0.1:53"),
        ("ssh://root@h", "ssh://root@h"),
        ("ssh://root:p@h", "ssh://***@h"),
        ("consul://u:p@h", "consul://***@h"),
        ("consul:u:p@h", "consul:***@h"),
        ("u:p@h:8500", "***@h:8500"),
        ("consul://token@h:8500", "consul://***@h:8500"),
        ("https://u:p@x@h/path", "https://***@h/path"),
        ("https://u:p/q@h/path", "https://***@h/path"),
        ("https://u:p?q#r@h/path", "https://***@h/path"),
        ("consul://h?token=s&dc=a;x", "consul://h?token=***&dc=***;***"),
        ("consul://h/?s#t", "consul://h/?***#***"),
    ],
)
def test_what_is_masked(text, expected):
    """Who is told before a host, and what is given behind `?` and `#`."""
    assert expected == masked(text)
