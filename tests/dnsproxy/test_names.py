"""Names as tuples of wire labels."""

import dns.name
import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.names import from_text, lower, to_text, wire_length

LABELS = st.lists(st.binary(min_size=1, max_size=20), max_size=8).map(tuple)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (".", ()),
        ("consul", (b"consul",)),
        ("web.service.consul.", (b"web", b"service", b"consul")),
        (r"a\.b.c", (b"a.b", b"c")),
        (r"\255\000.x", (b"\xff\x00", b"x")),
    ],
)
def test_text_is_read_as_zone_files_write_it(text, expected):
    """RFC 1035 5.1."""
    assert expected == from_text(text)


@pytest.mark.parametrize("text", ["a..b", ".a", "x" * 64, "a\\", ".".join(["x" * 63] * 4)])
def test_what_cannot_be_a_name_is_refused(text):
    """Empty or overlong labels, names over 255 bytes."""
    with pytest.raises(ValueError):
        from_text(text)


@given(LABELS)
def test_text_and_back_is_the_same_name(name):
    """Whatever bytes the labels hold; and the text is printable."""
    assert name == from_text(to_text(name))
    assert to_text(name).isprintable()
    assert to_text(name).isascii()


@given(LABELS)
def test_the_length_on_the_wire_is_dnspythons(name):
    """A second implementation writes as many bytes."""
    written = dns.name.Name([*name, b""]).to_wire()
    assert written is not None
    assert len(written) == wire_length(name)


def test_only_ascii_letters_are_folded():
    """RFC 4343: other bytes are what they are."""
    assert (b"web", "Ä".encode()) == lower((b"WEB", "Ä".encode()))
