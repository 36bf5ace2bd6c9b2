"""Each message that a person may read is on a page, and each on the pages is one of ours."""

import re

import pytest

from tests.commands import ROOT
from tests.docs import skipped
from tests.docs.markdown import read
from tests.docs.messages import messages, messages_of, pattern
from tests.docs.told import TABLE, TROUBLESHOOTING, headings, rows

ALL = messages()
ROWS = rows()
SAID = [*headings(), *ROWS]


def test_nothing_stands_twice():
    """Who looks for a message finds one place."""
    patterns = [pattern(text) for text in SAID]
    assert [] == sorted({text for text in patterns if patterns.count(text) > 1})


def test_every_heading_and_row_is_read():
    """One in another form would be missed here."""
    assert len(headings()) == len(re.findall(r"^### .*`", read(TROUBLESHOOTING), re.MULTILINE))
    table = re.findall(r"^\| `", read(TABLE), re.MULTILINE)
    assert len(ROWS) == len(table)
    assert len(SAID) > 250


def test_every_message_of_the_code_is_on_a_page():
    """A new one has to be told of: `python -m tests.docs.told` prints its row."""
    known = {pattern(text) for text in SAID}
    assert [] == [message for message in ALL if pattern(message.text) not in known]


def test_every_message_of_the_pages_is_in_the_code():
    """What was reworded or has gone must be so on the page too."""
    known = {pattern(message.text) for message in ALL}
    assert [] == [text for text in SAID if pattern(text) not in known]


def test_a_hint_stands_beside_its_message():
    """As it is printed."""
    beside = {pattern(text): pattern(hint) for text, hint in ROWS.items()}
    hinted = [message for message in ALL if message.hint and pattern(message.text) in beside]
    assert len(hinted) > 40
    assert [] == [one for one in hinted if pattern(one.hint) not in beside[pattern(one.text)]]


def test_what_is_skipped_is_there():
    """An excuse for what has gone excuses something else one day."""
    for file in skipped.FILES:
        assert (ROOT / file).is_file(), file
    for place in skipped.FUNCTIONS:
        file, _, function = place.partition("::")
        assert not function or f"def {function}(" in read(file), place


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log.warning('%s failed (%s)', server, why)", "SERVER failed (WHY)"),
        (
            "raise SettingsError(f'{path}: `{text}` is no time', 'write 30s')",
            "PATH: `TEXT` is no time",
        ),
        ("def f():\n  return f'held by {found}'", "held by FOUND"),
        ("raise ValueError('not on ' + ', '.join(names))", "not on NAMES"),
        ("log.info('all is well')", None),
        ("'''a docstring of words'''", None),
    ],
)
def test_messages_are_found_in_code(text: str, expected: str | None):
    """Wherever they are put together."""
    found = [message.text for message in messages_of("x.py", text)]
    assert ([] if expected is None else [expected]) == found
