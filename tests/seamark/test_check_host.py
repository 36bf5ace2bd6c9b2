"""Whether a host and its containers ask Seamark, by resolv.conf and the engine's settings."""

from pathlib import Path

import pytest

from seamark.checks import host
from seamark.dns_settings import DnsSettings
from seamark.settings import Settings

NOW = 1_800_000_000.0
RESOLV_CONF, DAEMON_JSON = "resolv.conf", "daemon.json"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where both are looked for."""
    monkeypatch.setattr(host, "RESOLV_CONF", tmp_path / RESOLV_CONF)
    monkeypatch.setattr(host, "DAEMON_JSON", tmp_path / DAEMON_JSON)
    monkeypatch.setattr(host, "in_container", lambda: False)
    return tmp_path


def found(files: Path, file: str, *listen: str) -> tuple[str, str, str]:
    """State, what was found and the hint for one of the files."""
    settings = Settings(dns=DnsSettings(listen=list(listen)))
    (one,) = [each for each in host.check_host(settings, NOW) if each.what == str(files / file)]
    return one.state, one.found, one.hint


@pytest.mark.parametrize(
    ("listen", "servers", "state", "words"),
    [
        ("0.0.0.0:53", ["127.0.0.1"], "ok", "this host asks 127.0.0.1, and that is Seamark"),
        ("10.9.8.7:53", ["10.9.8.7"], "ok", "this host asks 10.9.8.7, and that is Seamark"),
        ("0.0.0.0:5300", ["127.0.0.1"], "warn", "this host asks 127.0.0.1, not Seamark"),
        ("0.0.0.0:53", ["192.0.2.1"], "warn", "this host asks 192.0.2.1, not Seamark"),
        ("0.0.0.0:53", ["127.0.0.53"], "warn", "this host asks systemd-resolved on 127.0.0.53"),
        ("[::]:53", ["127.0.0.1"], "warn", "this host asks 127.0.0.1, not Seamark"),
        ("[::]:53", ["::1"], "ok", "this host asks ::1, and that is Seamark"),
        ("0.0.0.0:53", ["127.0.0.1", "192.0.2.1"], "warn", "only some of 127.0.0.1, 192.0.2.1"),
        ("0.0.0.0:53", [], "warn", "names no server"),
    ],
)
def test_whom_the_host_asks(files: Path, listen, servers, state, words):
    """It would reach one of our addresses, on port 53."""
    text = "".join(f"nameserver {server}\n" for server in servers)
    (files / RESOLV_CONF).write_text(f"search lan\n{text}")
    told = found(files, RESOLV_CONF, listen)
    assert state == told[0]
    assert told[1].startswith(words)
    assert bool(told[2]) == (state == "warn")


@pytest.mark.parametrize(
    ("document", "state", "words"),
    [
        ('{"dns": ["10.9.8.7"]}', "ok", "containers ask 10.9.8.7"),
        ('{"dns": ["192.0.2.1"]}', "warn", "containers ask 192.0.2.1"),
        ('{"debug": true}', "warn", "it names no `dns`"),
        (None, "warn", "it names no `dns`"),
        ("{", "skip", "cannot be read: "),
        ("[]", "skip", "cannot be read: "),
        ('{"dns": 7}', "skip", "cannot be read: "),
    ],
)
def test_whom_containers_ask(files: Path, document, state, words):
    """The hint has the address to write."""
    if document is not None:
        (files / DAEMON_JSON).write_text(document)
    told = found(files, DAEMON_JSON, "10.9.8.7:53")
    assert state == told[0]
    assert told[1].startswith(words)
    fix = 'write "dns": ["10.9.8.7"] for all containers, or start each with --dns 10.9.8.7'
    assert told[2] == (fix if state == "warn" else "")


def test_in_a_container_the_engines_settings_are_not_looked_for(files: Path, monkeypatch):
    """They are the host's."""
    monkeypatch.setattr(host, "in_container", lambda: True)
    assert {str(files / RESOLV_CONF)} == {each.what for each in host.check_host(Settings(), NOW)}


def test_a_clock_that_was_never_set_is_told(files: Path):
    """No certificate is valid by it."""
    (told,) = [each for each in host.check_host(Settings(), 0.0) if each.what == "clock"]
    assert ("warn", "it shows the year 1970", "set it: timedatectl set-ntp true") == (
        told.state,
        told.found,
        told.hint,
    )
