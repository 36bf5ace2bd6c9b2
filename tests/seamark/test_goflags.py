"""Registrator's command lines, as click reads them."""

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, strategies as st

from seamark.goflags import normalise

VALUES = {"ip", "tags", "use-ip-from-label", "ttl"}
BOOLEANS = {"internal", "cleanup"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([], []),
        (["-ip", "1.2.3.4"], ["--ip", "1.2.3.4"]),
        (["--ip", "1.2.3.4"], ["--ip", "1.2.3.4"]),
        (["-ip=1.2.3.4"], ["--ip", "1.2.3.4"]),
        (["--ip=1.2.3.4"], ["--ip", "1.2.3.4"]),
        (["-tags=a=b,c"], ["--tags", "a=b,c"]),
        (["-tags="], ["--tags", ""]),
        (["-tags", ""], ["--tags", ""]),
        (["-tags=a\nb"], ["--tags", "a\nb"]),
        (["-tags", "-x"], ["--tags", "-x"]),
        (["-tags", "-internal"], ["--tags", "-internal"]),
        (["-tags", "--", "-internal"], ["--tags", "--", "--internal"]),
        (["-ip"], ["--ip"]),
        (["-useIpFromLabel", "k"], ["--use-ip-from-label", "k"]),
        (["-useIpFromLabel=k"], ["--use-ip-from-label", "k"]),
        (["--use-ip-from-label=k"], ["--use-ip-from-label", "k"]),
        (["-use-ip-from-label", "k"], ["--use-ip-from-label", "k"]),
        (["-internal"], ["--internal"]),
        (["--internal"], ["--internal"]),
        (["-internal", "false"], ["--internal", "false"]),
        (["--no-internal"], ["--no-internal"]),
        (["-internal", "consul:", "-cleanup"], ["--internal", "consul:", "--cleanup"]),
        (["--", "-ip", "x"], ["--", "-ip", "x"]),
        (["-", "-h", "-nonsense=1", "---ip", "-=x"], ["-", "-h", "--nonsense=1", "---ip", "-=x"]),
        (["-Ip", "-IP=1", "-useipfromlabel"], ["--Ip", "--IP=1", "--useipfromlabel"]),
    ],
)
def test_a_command_line_of_go_becomes_one_of_click(line, expected):
    """Known names only; a value is taken whatever it looks like."""
    assert expected == normalise(line, VALUES, BOOLEANS)


@pytest.mark.parametrize("word", ["1", "t", "T", "TRUE", "true", "True"])
def test_every_yes_of_go_switches_on(word):
    """As strconv.ParseBool has them."""
    assert ["--internal"] == normalise([f"-internal={word}"], VALUES, BOOLEANS)


@pytest.mark.parametrize("word", ["0", "f", "F", "FALSE", "false", "False"])
def test_every_no_of_go_switches_off(word):
    """As strconv.ParseBool has them."""
    assert ["--no-internal"] == normalise([f"--internal={word}"], VALUES, BOOLEANS)


@pytest.mark.parametrize("word", ["yes", "", "tRUE", "2", " true"])
def test_any_other_boolean_is_refused_with_the_words_of_go(word):
    """Go refuses it too."""
    with pytest.raises(ValueError, match=r"-internal=.*neither true nor false.*TRUE.*False"):
        normalise([f"-internal={word}"], VALUES, BOOLEANS)


def test_names_may_be_given_in_camel_case():
    """Either spelling of a known name is the same flag."""
    assert ["--use-ip-from-label", "k"] == normalise(
        ["-useIpFromLabel=k"], {"useIpFromLabel"}, set()
    )


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CLICK_STYLE = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(f"--{name}" for name in VALUES)), WORDS),
        st.tuples(st.sampled_from(["--internal", "--no-internal", "--cleanup", "-h", "--debug"])),
        st.tuples(WORDS.filter(lambda word: not word.startswith("-"))),
    )
)


@given(CLICK_STYLE, st.lists(WORDS))
def test_a_command_line_of_click_passes_unchanged(groups, behind):
    """So that the same function may stand in front of either."""
    line = [word for group in groups for word in group]
    line += ["--", *behind] if behind else []
    assert line == normalise(line, VALUES, BOOLEANS)


@given(st.lists(WORDS | st.sampled_from(["-ip", "-ip=x", "-internal=1", "--", "-tags"])))
def test_what_was_turned_once_stays_as_it_is(line):
    """Turning is done once however often it is done."""
    try:
        once = normalise(line, VALUES, BOOLEANS)
    except ValueError:
        return
    assert once == normalise(once, VALUES, BOOLEANS)


def test_click_reads_what_comes_out():
    """Values that look like flags, and empty ones, included."""
    seen: dict[str, object] = {}

    @click.command()
    @click.option("--tags")
    @click.option("--use-ip-from-label")
    @click.option("--internal/--no-internal", default=None)
    @click.argument("registry")
    def command(**found: object) -> None:
        seen.update(found)

    line = ["-tags", "-x", "-useIpFromLabel=", "-internal=f", "consul://h:1"]
    outcome = CliRunner().invoke(
        command, normalise(line, {"tags", "use-ip-from-label"}, {"internal"})
    )
    assert outcome.exit_code == 0
    assert seen == {
        "tags": "-x",
        "use_ip_from_label": "",
        "internal": False,
        "registry": "consul://h:1",
    }
