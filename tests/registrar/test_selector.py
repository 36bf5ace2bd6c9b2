"""Which containers an expression means."""

import pytest
from hypothesis import example, given, strategies as st

from registrar.core.model import Container, Network
from registrar.core.selector import SelectorError, parse_selector

WEB = Container(
    id="c" * 64,
    name="web.1",
    image="reg.example.com:5000/team/web:1.2@sha256:abc",
    running=True,
    env=("A=1", "EMPTY=", "BARE", "TWICE=first", "TWICE=last", "URL=a=b"),
    labels={
        "traefik.enable": "true",
        "odd key=x": "a b",
        "empty": "",
        "com.docker.compose.project": "shop",
        "com.docker.swarm.service.name": "shop_web",
    },
    networks=(Network("front"), Network("back")),
)
BARE = Container(id="d" * 64, name="db", image="postgres", running=True)

ROWS = [
    ("label:traefik.enable", True),
    ("label:traefik.enable=true", True),
    ("label:traefik.enable=t*", True),
    ("label:traefik.enable=TRUE", False),
    ("label:traefik.enable=", False),
    ("label:empty=", True),
    ("label:empty=?*", False),
    ("label:missing", False),
    ("label:traefik.*", False),
    ("label:'odd key=x'=\"a b\"", True),
    ("label:odd' 'key'='x='a b'", True),
    ("image:reg.example.com:5000/team/web:1.2@sha256:abc", True),
    ("image:reg.example.com:5000/team/web:1.2", True),
    ("image:reg.example.com:5000/team/web", True),
    ("image:*/web", True),
    ("image:*/we[a-c]", True),
    ("image:*/we[!b]", False),
    ("image:web", False),
    ("name:web.?", True),
    ("name:WEB.?", False),
    ("name:webx1", False),
    ("network:back", True),
    ("network:b*", True),
    ("network:side", False),
    ("project:shop", True),
    ("project:s*", True),
    ("swarm:shop_*", True),
    ("swarm:shop", False),
    ("env:A", True),
    ("env:A=1", True),
    ("env:A=2", False),
    ("env:EMPTY=", True),
    ("env:BARE", True),
    ("env:TWICE=first", False),
    ("env:TWICE=last", True),
    ("env:URL=a=b", True),
    ("env:missing=*", False),
    ("not name:x", True),
    ("not not name:x", False),
    ("not name:x and name:web.1", True),
    ("not (name:x or name:web.1)", False),
    ("name:x and name:x or name:web.1", True),
    ("name:x and (name:x or name:web.1)", False),
    ("name:web.1 or name:x and name:x", True),
    ("NOT name:x AND(name:web.1)", True),
    (" \n(name:web.1)\t", True),
    ("name:x or name:y or name:web*", True),
    ("name:web* and image:*web* and project:other", False),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_an_expression_decides_as_in_the_table(text, expected):
    """Terms, their precedence, quotes and patterns."""
    assert expected == parse_selector(text).matches(WEB)


@pytest.mark.parametrize(
    "text", ["network:*", "project:*", "project:''", "swarm:*", "env:*", "label:x", "name:''"]
)
def test_what_a_container_has_not_fits_no_pattern(text):
    """Not even the one that everything fits."""
    assert not parse_selector(text).matches(BARE)


@pytest.mark.parametrize("text", ["image:postgres", "image:post*", "not label:x", "name:db"])
def test_an_image_without_tag_fits_as_it_is(text):
    """There is nothing to take off."""
    assert parse_selector(text).matches(BARE)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 1, "ends where a term"),
        ("  ", 3, "ends where a term"),
        ("name:a and", 11, "ends where a term"),
        ("not", 4, "ends where a term"),
        ("(name:a", 8, "not closed"),
        ("(name:a or (name:b)", 20, "not closed"),
        ("name:a)", 7, "`)` where `and` or `or`"),
        ("name:a name:b", 8, "`name:b` where `and` or `or`"),
        ("()", 2, "`)` is no term"),
        ("and name:a", 1, "`and` is no term"),
        ("web", 1, "`web` is no term"),
        ("names:web", 1, "`names:web` is no term"),
        ("Name:web", 1, "is no term"),
        ("'name':web", 1, "is no term"),
        ("name:", 1, "no pattern"),
        ("label:", 1, "no key"),
        ("label:=x", 1, "no key"),
        ("env:''=x", 1, "no key"),
        ('name:"a', 6, 'the quote " is not closed'),
        ("name:a and 'b", 12, "the quote ' is not closed"),
        ("(" * 51 + "name:a" + ")" * 51, 51, "nested deeper than 50"),
        ("not " * 5000 + "name:a", 4096, "longer than 4096"),
        ("not " * 60 + "name:a", 201, "nested deeper than 50"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text, position, words):
    """And with all that is known."""
    with pytest.raises(SelectorError) as caught:
        parse_selector(text)
    assert position == caught.value.position
    assert words in str(caught.value)
    assert "known: label:KEY, label:KEY=PATTERN" in str(caught.value)


def test_a_long_chain_is_no_nesting():
    """Only parentheses and `not` are."""
    assert parse_selector(" or ".join(["name:a"] * 300 + ["name:web.1"])).matches(WEB)


def test_many_stars_cost_no_time():
    """Patterns of this kind have brought other matchers down."""
    long = Container(id="e" * 64, name="a" * 4000, image="x", running=True)
    assert not parse_selector("name:" + "a*" * 1000 + "b").matches(long)


def test_the_text_stays_as_it_was_written():
    """For the log and for `plan`."""
    text = "  name:a  AND not label:'b c'"
    assert text == str(parse_selector(text))


WORDS = st.sampled_from(
    ["and", "or", "not", "(", ")", "label:", "env:A", "name:", "image:", "web", "*", "=", "'", '"']
)
ANY_TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(WORDS | st.text(max_size=3), max_size=12).map("".join),
    st.lists(WORDS | st.sampled_from([text for text, _ in ROWS]), max_size=12).map(" ".join),
)


@given(ANY_TEXT)
@example("name:[")
@example("name:[]]")
@example("name:[z-a]")
@example("name:[[:alpha:]]")
@example("name:\\")
def test_any_text_is_read_or_refused(text):
    """Nothing else is raised; what was read decides alike when it is read again."""
    try:
        selector = parse_selector(text)
    except SelectorError:
        return
    again = parse_selector(str(selector))
    for container in (WEB, BARE):
        assert selector.matches(container) == again.matches(container)
        assert not parse_selector(f"({text}) and not ({text})").matches(container)
