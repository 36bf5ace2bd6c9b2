"""What a Tab offers, in real shells at a terminal."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec.inspect
import pytest

from seamark.completing import choices
from seamark.flags import FLAGS
from seamark.settings import Settings
from seamark.variables import ENVIRONMENT
from tests.commands import command_line, environment
from tests.docs.command_tree import COMMANDS
from tests.shells import pressed

# `seamark completion --help` says where the script belongs; fish has a word for pressing Tab.
LEVELS = ["debug", "info", "warning", "error"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file in it."""
    (tmp_path / "inspect.json").write_text("[]")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seamark co", ["seamark", "config", "completion"]),
        ("seamark config ", ["seamark", "config", "show", "schema"]),
        ("seamark completion ", ["seamark", "completion", "bash", "zsh", "fish"]),
        ("seamark up --upst", ["seamark", "up", "--upstream"]),
        ("seamark plan --retry", ["seamark", "plan", "--retry-attempts", "--retry-interval"]),
        ("seamark config show --ch", ["seamark", "config", "show", "--changed"]),
        ("seamark up --log-level ", ["seamark", "up", "--log-level", *LEVELS]),
        # To bash, what stands behind `=` is a word of its own.
        ("registrar --suffix=a", ["registrar", "--suffix=auto", "always"]),
        ("seamark up --http o", ["seamark", "up", "--http", "off"]),
        ("seamark up --query-log st", ["seamark", "up", "--query-log", "stderr"]),
        ("seamark plan --from-inspect ins", ["seamark", "plan", "--from-inspect", "inspect.json"]),
        ("registrar --config ins", ["registrar", "--config", "inspect.json"]),
        ("registrar -ttl", ["registrar", "-ttl", "-ttl-refresh"]),
        ("registrar -suffix a", ["registrar", "-suffix", "auto", "always"]),
        ("registrar -ip 10.0.0.1 -clea", ["registrar", "-ip", "10.0.0.1", "-cleanup"]),
        ("dnsproxy --consul-http ", ["dnsproxy", "--consul-http", "off"]),
        ("dnsproxy --work", ["dnsproxy", "--workers"]),
    ],
)
def test_bash(line, expected, folder):
    """All that there is, as Alt-* puts it into the line."""
    assert expected == pressed("bash", line, folder)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seamark hea", ["seamark", "healthcheck"]),
        ("seamark config sch", ["seamark", "config", "schema"]),
        ("seamark up --upst", ["seamark", "up", "--upstream"]),
        ("seamark up --log-level w", ["seamark", "up", "--log-level", "warning"]),
        ("seamark plan --from-inspect ins", ["seamark", "plan", "--from-inspect", "inspect.json"]),
        ("registrar -clea", ["registrar", "-cleanup"]),
        ("dnsproxy --work", ["dnsproxy", "--workers"]),
    ],
)
@pytest.mark.parametrize("loaded", ["source", "fpath"])
def test_zsh(line, expected, loaded, folder):
    """What can only be one thing; read at once, or from a folder when it is wanted."""
    script = None
    if loaded == "fpath":
        script = (
            "mkdir f; seamark completion zsh > f/_seamark; fpath=($PWD/f $fpath); compinit -u -D"
        )
    assert expected == pressed("zsh", line, folder, script)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seamark co", ["config", "completion"]),
        ("seamark config ", ["show", "schema"]),
        ("seamark up --log-level ", LEVELS),
        ("seamark plan --from-inspect ins", ["inspect.json"]),
        ("registrar -ttl", ["-ttl", "-ttl-refresh"]),
        ("registrar -suffix a", ["auto", "always"]),
        ("dnsproxy --work", ["--workers"]),
    ],
)
def test_fish(line, expected, folder):
    """Fish tells by itself what a Tab would offer."""
    code = f"seamark completion fish | source; complete --do-complete '{line}'"
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        ["fish", "--no-config", "-c", code],
        capture_output=True,
        check=True,
        cwd=folder,
        env=environment(PATH=f"{scripts}:/usr/bin:/bin", HOME=str(folder)),
        text=True,
        timeout=60,
    )
    assert sorted(expected) == sorted(line.partition("\t")[0] for line in done.stdout.splitlines())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("begun", ["", "--"])
def test_a_tab_loads_nothing_that_only_work_needs(path, begun):
    """It is waited for: gevent alone takes longer than all of the rest."""
    interpreter, _, code = command_line(path[0])
    code = code.replace("; ", "\ntry: ")
    code += "\nexcept SystemExit: pass\nimport sys; print(*sys.modules, file=sys.stderr)"
    variables: dict[str, Any] = {f"_{path[0].upper()}_COMPLETE": "bash_complete"}
    variables |= {"COMP_WORDS": " ".join([*path, begun]), "COMP_CWORD": str(len(path))}
    done = subprocess.run(
        [interpreter, "-c", code],
        capture_output=True,
        check=True,
        env=environment(**variables),
        text=True,
        timeout=60,
    )
    assert ("--help" in done.stdout) == (begun == "--")
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not loaded & {"gevent", "docker", "requests", "falcon", "prometheus_client", "dnslib"}


@pytest.mark.parametrize("flag", FLAGS)
def test_the_words_that_are_offered_are_those_that_the_setting_takes(flag):
    """By its pattern, where it has one."""
    known = FLAGS[flag]
    assert known.setting in ENVIRONMENT
    pattern = _pattern(known.setting)
    offered = set(choices(known.metavar))
    alternatives = re.fullmatch(r"\^\(([a-z0-9|-]*)\)\$", pattern)
    if alternatives is not None:
        assert offered == set(alternatives[1].split("|")) - {""}
    assert all(re.fullmatch(pattern, word) for word in offered)


def _pattern(setting: str) -> str:
    """What the text of a setting must look like; anything if nothing is said."""
    types: msgspec.inspect.Type = msgspec.inspect.type_info(Settings)
    for key in setting.split("."):
        assert isinstance(types, msgspec.inspect.StructType)
        (types,) = [field.type for field in types.fields if field.encode_name == key]
        types = types.type if isinstance(types, msgspec.inspect.Metadata) else types
    return str(getattr(types, "pattern", None) or ".*")
