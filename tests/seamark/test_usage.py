"""A command line that cannot be read: what was found and what to write, in our own words."""

import pytest

from tests.commands import run


@pytest.mark.parametrize(
    ("line", "words", "hint"),
    [
        ("seamark up --lissten x", "`seamark up` has no flag `--lissten`", "`--listen`?"),
        ("seamark up -lissten x", "`seamark up` has no flag `--lissten`", "`--listen`?"),
        ("seamark up -q", "`seamark up` has no flag `-q`", "`seamark up --help` lists what there"),
        ("seamark plan --workers 2", "`seamark plan` has no flag `--workers`", "`dnsproxy`"),
        (
            "seamark plan --user x",
            "`seamark plan` has no flag `--user`",
            "is a flag of `seamark up`",
        ),
        ("seamark --listen x", "`seamark` has no flag `--listen`", "a flag of `seamark up` and"),
        ("registrar --listen x c:", "`registrar` has no flag `--listen`", "`dnsproxy`"),
        ("registrar -clean c:", "`registrar` has no flag `--clean`", "did you mean `--cleanup`?"),
        ("dnsproxy -cleanup", "`dnsproxy` has no flag `--cleanup`", "and `registrar`"),
        ("dnsproxy --htp off", "`dnsproxy` has no flag `--htp`", "did you mean `--http`?"),
        ("seamark plam", "`seamark` has no command `plam`", "did you mean `seamark plan`?"),
        ("seamark start", "`seamark` has no command `start`", "did you mean `seamark up`?"),
        ("seamark frobnicate", "`seamark` has no command `frobnicate`", "known here: up, plan, "),
        ("seamark dnsproxy", "`seamark` has no command `dnsproxy`", "is a command of its own"),
        ("seamark registrar", "`seamark` has no command", "write `registrar`, without `seamark`"),
        ("seamark consul://h:1", "has no command `consul://h:1`", "`seamark up consul://h:1`"),
        ("seamark config shwo", "`seamark config` has no command `shwo`", "`seamark config show`?"),
        ("registrar", "REGISTRY_URI is missing", "`registrar consul://127.0.0.1:8500`"),
        ("seamark up --listen", "--listen is given without a value", "`--listen ADDR:PORT`"),
        ("registrar c: -ip", "--ip is given without a value", "write `--ip ADDR`"),
        ("seamark plan --ttl=x", "--ttl: 'x' is no number", "`--ttl SECONDS`, a whole number"),
        ("registrar --resync x c:", "--resync: 'x' is no number", "`--resync SECONDS`, a number"),
        ("seamark query --timeout 0 x", "--timeout: 0.0 is not in the range", "from 0.1 to 60"),
        ("seamark query", "NAME is missing", "`seamark query [FLAGS] NAME [TYPE]`"),
        ("seamark plan --json=1x", "-json=1x: `1x` is neither true nor false", ""),
        ("seamark config show --changed=1", "--changed takes no value", "write `--changed`"),
        ("seamark up c: d", "`d` is more than `seamark up` takes", "[FLAGS] [REGISTRY_URI]`"),
        ("registrar -internal true c:", "`c:` is more than", "write `registrar [FLAGS] REG"),
        (
            "registrar c: -internal true",
            "`true` belongs to no flag",
            "behind `=`: `--internal=true`",
        ),
        ("seamark completion tcsh", "SHELL: 'tcsh' is not one of", "write one of bash, zsh, fish"),
        ("seamark completion", "SHELL is missing", "write one of bash, zsh, fish"),
    ],
)
def test_one_error_and_one_hint_on_stderr(line, words, hint):
    """Exit code 2, nothing on stdout, nothing of click's manner."""
    command, *args = line.split()
    done = run(command, *args)
    assert (2, "") == (done.returncode, done.stdout)
    error, *hints = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert words in error
    assert bool(hint) == bool(hints)
    assert all(told.startswith("hint: ") and hint in told for told in hints), hints
    assert len(hints) < 2


def test_what_was_typed_steers_no_terminal():
    """A line that was pasted may hold anything."""
    done = run("seamark", "\x1b[2Jx")
    assert "`\\x1b[2Jx`" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("args", [[], ["config"]])
def test_a_command_of_commands_alone_tells_what_there_is(args):
    """As words, for nothing was asked for that could be data; an init system sees a failure."""
    done = run("seamark", *args)
    assert (2, "") == (done.returncode, done.stdout)
    assert run("seamark", *args, "--help").stdout == done.stderr
