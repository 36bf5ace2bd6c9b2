"""Settings of names of one's own -> what answers them."""

from pathlib import Path

import pytest

from dnsproxy.core.names import from_text
from dnsproxy.core.wire import Type, question
from seamark.errors import SettingsError
from seamark.localnames import hosts
from seamark.settings import Settings
from seamark.sources import load


def settings(tmp_path: Path, dns: str, environment: dict[str, str] | None = None) -> Settings:
    """The settings of a file with that [dns] table."""
    file = tmp_path / "seamark.toml"
    file.write_text(f"[dns]\n{dns}\n")
    return load(str(file), environment or {}, {})[0]


def address(found: Settings, name: str) -> bytes | None:
    """The first A record of a name."""
    reply = hosts(found).answer(question(from_text(name), Type.A))
    if reply is None:
        return None
    (data,) = reply.answer[0].rdata
    assert isinstance(data, bytes)
    return data


def test_lines_and_files_are_answered_from(tmp_path):
    """The lines of the settings first, then the files in their order."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("10.0.0.2 a b\n")
    second.write_text("10.0.0.3 a b c\n")
    dns = f'hosts = ["10.0.0.1 a"]\nhosts_files = ["{first}", "{second}"]'
    found = settings(tmp_path, dns)
    assert [b"\n\0\0\1", b"\n\0\0\2", b"\n\0\0\3"] == [address(found, name) for name in "abc"]
    assert None is address(found, "d")


def test_files_may_come_from_the_environment(tmp_path):
    """In a container there is often no settings file."""
    (tmp_path / "hosts").write_text("10.0.0.2 a\n")
    found = settings(tmp_path, "", {"SEAMARK_HOSTS_FILES": f"{tmp_path / 'hosts'}, "})
    assert b"\n\0\0\2" == address(found, "a")


def test_without_settings_nothing_is_answered():
    """Not even from /etc/hosts, which says what is meant on this host only."""
    assert None is address(Settings(), "localhost")


def test_one_text_may_hold_several_lines(tmp_path):
    """TOML has such texts, and none of their lines may get lost in a comment."""
    found = settings(tmp_path, 'hosts = ["""\n# of the lan\n10.0.0.1 a\n10.0.0.2 b\n"""]')
    assert b"\n\0\0\2" == address(found, "b")


def test_a_bad_line_of_the_settings_is_an_error_with_its_path(tmp_path):
    """Before anything is bound: what stands in our own file was written for us."""
    found = settings(tmp_path, 'hosts = ["10.0.0.1 a", "", "10.0.0.x b"]')
    with pytest.raises(SettingsError, match=r"^dns\.hosts\[2\]: `10\.0\.0\.x` is no IP") as caught:
        hosts(found)
    assert "`10.0.0.9 printer.lan printer`" in caught.value.hint


def test_a_file_that_cannot_be_read_is_an_error_with_its_path(tmp_path):
    """Which of them, and why."""
    (tmp_path / "hosts").write_text("")
    dns = f'hosts_files = ["{tmp_path / "hosts"}", "/nowhere"]'
    words = r"^dns\.hosts_files\[1\]: /nowhere: cannot be read: No such file"
    with pytest.raises(SettingsError, match=words) as caught:
        hosts(settings(tmp_path, dns))
    assert "hosts(5)" in caught.value.hint
