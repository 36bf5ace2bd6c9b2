"""Templates that cannot be read, or that ask for what a container has not."""

import pytest
from hypothesis import given, strategies as st

from registrar.core.template import TemplateError, parse_template
from tests.registrar.inspect_output import inspect_output

DOCUMENT = inspect_output(
    {"80/tcp": [("0.0.0.0", 8080)]},
    name="web",
    env=["A=1", "B=2", "C=3", "D=4"],
    labels={"com.docker.compose.project": "shop", "com": "x"},
) | {"RestartCount": 3}
DOCUMENT["NetworkSettings"]["Networks"] = {"front": {"IPAddress": "172.18.0.2"}}
DOCUMENT["Config"]["Entrypoint"] = None


@pytest.mark.parametrize(
    "form",
    [
        *("if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"),
        *(
            "len",
            "printf",
            "print",
            "eq",
            "and",
            "or",
            "not",
            "call",
            "html",
            "slice",
            "true",
            "nil",
        ),
        *("$x", "$", "1.5", "0x1F", "1_0", "'a'", "*", "toUppr", "1e3", "=", "{"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(form):
    """When the template is read, with all that is known."""
    words = r"`.+` is not supported; known: .*toUpper.*index"
    with pytest.raises(TemplateError, match=words) as caught:
        parse_template(f"a {{{{ {form} .Name }}}}")
    assert str(caught.value).startswith(f"`{form}`")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{", "not closed"),
        ("{{ .Name", "`{{ .Name` is not closed"),
        ("{{ .Name }", "`}` is not supported"),
        ('{{ "a }}', "not closed"),
        ('{{ "a\n" }}', "not closed"),
        ("{{ `a }}", "not closed"),
        ("{{/* a }}", "`/*` is not supported"),
        ("{{}}", "a value is missing"),
        ("{{ . | }}", "a value is missing"),
        ("{{ | toUpper }}", "a value is missing"),
        ("{{ () }}", "a value is missing"),
        ("{{ (.Name }}", "`(` is not closed"),
        ("{{ .Name) }}", "`)` without `(`"),
        ("{{ .Name .ID }}", "`.Name` is no function"),
        ('{{ "a" "b" }}', "is no function"),
        ("{{ .ID | .Name }}", "`.Name` is no function"),
        ('{{ "a".X }}', "is no function"),
        ("{{ .A. }}", "is no function"),
        ("{{ ..A }}", "is no function"),
        ("{{ .Name-}}", "`-` is not supported"),
        ("{{ -}}", "a value is missing"),
        ("{{ $x := .Name }}", "`$x` is not supported"),
        ("{{ .Name := 1 }}", "`:=` is not supported"),
        ("{{ .Name, .ID }}", "`,` is not supported"),
        ("{{ toUpper }}", "`toUpper` does not take 0 argument(s); write `toUpper TEXT`"),
        ("{{ toUpper .Name .Name }}", "does not take 2"),
        ("{{ .Name | toUpper .Name }}", "does not take 2"),
        ("{{ strSlice .Name }}", "does not take 1"),
        ("{{ strSlice .Name 0 1 2 }}", "does not take 4"),
        ("{{ index .Config.Env }}", "does not take 1"),
        ("{{ toUpper toLower }}", "`toLower` stands for a value; write (toLower TEXT)"),
        ('{{ toUpper"x" }}', "a space is missing behind `toUpper`"),
        ("{{ toUpper(.Name) }}", "a space is missing"),
        ('{{ "\\q" }}', "no escape"),
        ('{{ "\\\'" }}', "no escape"),
        ('{{ "\\777" }}', "no escape"),
        ('{{ "\\ud800" }}', "no character"),
        ("{{ 9999999999999999999 }}", "too large"),
        ("{{" + "(" * 5000 + ".Name" + ")" * 5000 + "}}", "nested or piped deeper"),
        ("{{ .Name" + " | toUpper" * 5000 + "}}", "nested or piped deeper"),
        ("x" * 65_537, "longer than 65536"),
    ],
)
def test_what_cannot_be_read_is_refused(text, words):
    """With what is wrong, and where there is one, the right form."""
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "{{.Nonsense}}",
            "`.Nonsense` is not in the container's inspect output; known here: Config",
        ),
        ("{{.Nane}}", "did you mean `.Name`?"),
        ("{{.State.Runing}}", "did you mean `.State.Running`?"),
        ("{{.Name.X}}", "`.Name.X`: a text has no fields"),
        ("{{.Config.Env.X}}", "a list has no fields"),
        ("{{.Config.Labels.com.docker.compose.project}}", "read by `index`"),
        ("{{toUpper .RestartCount}}", "toUpper: a text is needed, `3` is a number"),
        ("{{toUpper .Config.Env}}", "is a list"),
        ("{{toUpper .}}", "is a map"),
        ("{{toUpper .State.Running}}", "is true or false"),
        ('{{join "," .Name}}', "join: a list of texts is needed"),
        ('{{join "," .NetworkSettings.Ports}}', "is a map"),
        ("{{.ID | strSlice 0 12}}", "strSlice: a text is needed, `0` is a number"),
        ("{{strSlice .ID -1}}", "strSlice: it counts from 0"),
        ("{{sIndex 0 .Config.Entrypoint}}", "sIndex: the list is empty"),
        ('{{splitIndex 0 "" ""}}', "splitIndex: the list is empty"),
        ('{{sIndex "0" .Config.Env}}', "a whole number is needed"),
        ("{{sIndex .State.Running .Config.Env}}", "a whole number is needed"),
        ('{{mIndex "a" .Config.Env}}', "a map of texts is needed"),
        ('{{mIndex "front" .NetworkSettings.Networks}}', "a text is needed"),
        ("{{index .Config.Env 4}}", "index 4 is outside of a list of 4"),
        ("{{index .Config.Env -1}}", "index -1 is outside"),
        ('{{index .Config.Env "a"}}', "a whole number is needed"),
        ("{{index .Config.Labels 0}}", "a text is needed"),
        ("{{index .Name 0}}", "a list or a map is needed"),
        ('{{matchFirstElement "(" .Config.Env}}', "the expression `(` is refused"),
        ('{{matchAllElements "(?=a)" .Config.Env}}', "is refused"),
        ('{{jsonParse "nonsense" "a"}}', "jsonParse: no JSON"),
        ('{{jsonParse "[NaN]" "[0]"}}', "no JSON"),
        ('{{jsonParse "" "a"}}', "no JSON"),
    ],
)
def test_what_the_container_has_not_is_refused(text, words):
    """When it is computed: it costs the tags of this service."""
    with pytest.raises(TemplateError) as caught:
        parse_template(text).render(DOCUMENT, str)
    assert words in str(caught.value)


# Each stage makes the text a thousand times longer.
LONG_REPLACE = '{{.ID | replace -1 "" "XX" | replace -1 "x" "XX"}}'.replace("XX", "x" * 1000)
LONG_JOIN = '{{join "XX" (split "" "YY")}}'.replace("XX", "x" * 60_000).replace("YY", "y" * 100)


@pytest.mark.parametrize(
    "text",
    [
        LONG_REPLACE,
        LONG_JOIN,
        "{{httpGet .Name}}",
        '{{httpGet .ID | split ""}}',
        "{{.Config.Labels.big}}" * 20,
        '{{jsonParse .Config.Labels.deep "a"}}',
        "{{.Config.Deep}}",
    ],
)
def test_no_template_takes_all_memory_or_time(text):
    """Neither by what it makes, nor by what it is given."""
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    config = {"Labels": {"big": "a" * 100_000, "deep": "[" * 100_000}, "Deep": deep}
    template = parse_template(text)
    with pytest.raises(TemplateError, match=r"longer than|too large|no JSON|nested deeper"):
        template.render(DOCUMENT | {"Config": config}, lambda url: "x" * 2_000_000)


PIECES = st.sampled_from(
    [
        *("{{", "}}", "{{-", "-}}", " ", "|", "(", ")", ".", ".Config", ".Env", ".Labels", ".Name"),
        *("index", "join", "strSlice", "sIndex", "split", "replace", "matchAllElements", "mIndex"),
        *('"a"', '","', "0", "-1", "`x`", '"\\n"', "/*", "*/", "$x", ":=", ".State.Running", "end"),
    ]
)
ANY_TEXT = st.text(max_size=20) | st.lists(PIECES | st.text(max_size=2), max_size=15).map("".join)
ACTIONS = st.lists(PIECES, max_size=10).map(lambda pieces: "{{ " + " ".join(pieces) + " }}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Config", "Env", "Labels", "name", "x"]), inner)
    ),
    max_leaves=10,
)


@given(ANY_TEXT | ACTIONS, st.dictionaries(st.sampled_from(["Config", "Name", "State"]), JSON))
def test_the_worst_template_and_container_are_an_error_at_most(text, document):
    """Nothing else is raised, whatever the one says and the other holds."""
    try:
        found = parse_template(text).render(document, lambda url: url)
    except TemplateError as error:
        found = str(error)
    assert isinstance(found, str)
