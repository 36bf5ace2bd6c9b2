"""The page on names that do not resolve: its transcript is what the command prints."""

import re
from pathlib import Path

from tests.commands import Running, run
from tests.pages import lines, transcript

PAGE = Path("docs/how-to/find-out-why-a-name-does-not-resolve.md").read_text()


def test_the_transcript_is_what_is_printed():
    """All but the times, against a proxy without an upstream that answers."""
    with Running(
        *("seamark", "up", "--listen", "127.0.0.1:0", "--http", "off", "--docker", "unix:///none"),
        *("--services", "conf/services.json", "--node", "n1", "--advertise", "10.1.0.1"),
        *("--upstream", "127.0.0.1:9"),
    ) as proxy:
        steps = transcript(PAGE, "$ ")
        assert 2 == len(steps)
        for _, command, shown in steps:
            program, *words = command.split()
            done = run(program, *words, SEAMARK_LISTEN=f"127.0.0.1:{proxy.port}")
            assert (0, "") == (done.returncode, done.stderr)
            assert [_timeless(line) for line in shown] == [
                _timeless(line) for line in done.stdout.splitlines()
            ]


def test_the_other_commands_are_understood():
    """Without an engine and a Consul they say so; a command line that is wrong ends with 2."""
    for command in lines(PAGE, "sh"):
        program, *words = command.split()
        done = run(program, *words, "--docker", "unix:///none")
        assert 1 == done.returncode, done.stderr
        missing = "127.0.0.1:8500" if words[1:] else "no container engine at unix:///none"
        assert missing in done.stderr


def test_each_line_of_an_explanation_is_in_the_table():
    """One that is new in the code is missing on the page."""
    code = "".join(
        path.read_text() for folder in ("core", "edges", ".") for path in _modules(folder)
    )
    noted = set(re.findall(r'\.note\(\s*"([a-z ]+)"', code))
    assert {"zone", "asked", "memory", "joined", "held back", "stale"} == noted
    assert noted | {"answered"} == set(re.findall(r"^\| `([a-z ]+)` \|", PAGE, re.MULTILINE))


def _modules(folder: str) -> list[Path]:
    return sorted((Path("dnsproxy") / folder).glob("*.py"))


def _timeless(line: str) -> str:
    return re.sub(r"[\d.]+ ms", "N ms", line)
