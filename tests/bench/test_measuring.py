"""What is measured for a minute says at a terminal that it goes on."""

import re
import sys

import pytest

from tests.commands import environment
from tests.terminal import words_at_terminal

CODE = """
from bench.measuring import say, ticking
from tests.waits import pause
with ticking():
    say("a long subject")
    pause(2.5)
    say("another")
"""


@pytest.mark.parametrize("terminals", [(), ("stderr",)])
def test_what_was_said_last_has_its_seconds_below_it(terminals):
    """They are gone when something else is said; where it is no terminal there are none."""
    words = [sys.executable, "-c", CODE]
    seen = words_at_terminal(words, terminals, {}, environment(TERM="xterm"))
    assert 0 == seen.code
    ticks = re.findall(r"\r\x1b\[Kbench: a long subject: (\d) s\r", seen.stderr)
    assert (["1", "2"] if terminals else []) == ticks[:2]
    assert bool(terminals) == ("\r\x1b[Kbench: another\n" in seen.stderr)
    left = re.sub(r"\r\x1b\[K(bench: [^\r\n]* s\r)?", "", seen.stderr)
    assert "bench: a long subject\nbench: another\n" == left
