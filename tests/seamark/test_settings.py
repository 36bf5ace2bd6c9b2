"""Settings: precedence, and faults with their path."""

from pathlib import Path

import pytest

from seamark.errors import SettingsError
from seamark.settings import Settings
from seamark.sources import load
from seamark.variables import ENVIRONMENT, FILE_ONLY


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file."""
    path = tmp_path / "seamark.toml"
    path.write_text('node = "file"\n[dns]\nlisten = ["127.0.0.1:1"]\nupstream = ["9.9.9.9"]\n')
    return path


def test_flag_beats_environment_beats_file_beats_default(config):
    """One setting for each step."""
    environment = {"SEAMARK_LISTEN": "127.0.0.1:2, 127.0.0.1:3", "SEAMARK_NODE": "environment"}
    settings, path = load(str(config), environment, {"node": "flag"})
    assert config == path
    assert settings.node == "flag"
    assert settings.dns.listen == ["127.0.0.1:2", "127.0.0.1:3"]
    assert settings.dns.upstream == ["9.9.9.9"]
    assert settings.http.listen == "127.0.0.1:8053"


def test_our_own_variable_beats_the_engines(config):
    """DOCKER_HOST is what the docker command reads."""
    both = {"DOCKER_HOST": "unix:///a", "SEAMARK_DOCKER": "unix:///b"}
    assert load(str(config), both, {})[0].registrar.docker == "unix:///b"
    one = {"DOCKER_HOST": "unix:///a"}
    assert load(str(config), one, {})[0].registrar.docker == "unix:///a"


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("[dns]\nlissten = []", "dns.lissten: unknown key", "did you mean `listen`?"),
        ("nod = 1", "nod: unknown key", "did you mean `node`?"),
        ("[dsn]\n", "dsn: unknown key", "did you mean `dns`?"),
        ("[zzz]\n", "zzz: unknown key", "known here: catalog, dns, "),
        ('[dns]\nlisten = "x"', "dns.listen: expected `array`, got `str`", ""),
        ("[dns]\nlisten = [1]", "dns.listen[0]: expected `str`, got `int`", ""),
        ("[registrar]\nresync_s = -1", "registrar.resync_s: expected `float` >= 0", ""),
        ('log_level = "loud"', "log_level: unknown value `loud`", "write `debug`, "),
        ('log_level = "info\\n"', "log_level: unknown value `info\\n`", "write `debug`, "),
        (
            '[dns]\nquery_log = "sterr"',
            "dns.query_log: unknown value `sterr`",
            "or a path with a `/` in it",
        ),
        ("[dns]\nquery_log_sample = 2", "dns.query_log_sample: expected `float` <= 1.0", ""),
        (
            '[dns]\nquery_log_classes = ["fine"]',
            "dns.query_log_classes[0]: unknown value `fine`",
            "write `ok`, `nodata`, `nxdomain`, ",
        ),
        ("= 1", "not TOML", ""),
    ],
)
def test_a_fault_is_named_with_file_and_path(tmp_path, text, words, hint):
    """What, where, and what to do."""
    path = tmp_path / "seamark.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(str(path), {}, {})
    assert f"{path}: {words}" in str(caught.value)
    assert hint in caught.value.hint


def test_a_bad_variable_is_named():
    """Not the file."""
    with pytest.raises(SettingsError, match="environment variable SEAMARK_RESYNC_S: `x` is no"):
        load("/dev/null", {"SEAMARK_RESYNC_S": "x"}, {})


def test_a_file_that_is_not_there_is_named():
    """Given by name, it must exist."""
    with pytest.raises(SettingsError, match=r"/nowhere\.toml: cannot be read: No such file"):
        load("/nowhere.toml", {}, {})


def test_every_setting_is_among_the_environment_variables():
    """And each variable has a setting. One that no variable can hold is there with none; tables,
    which only a file can hold, are not.
    """
    known = set()
    for section in Settings.__struct_fields__:
        value = getattr(Settings(), section)
        fields = getattr(value, "__struct_fields__", None)
        known |= {f"{section}.{field}" for field in fields} if fields else {section}
    assert known == set(ENVIRONMENT) | FILE_ONLY
