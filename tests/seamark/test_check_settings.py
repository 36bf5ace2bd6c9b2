"""`seamark check --offline`: all that is wrong with the settings, each with its place."""

import json
from pathlib import Path

import pytest

from tests.commands import run

WRONG = """
log_level = "loud"
[catalog]
services = "services.json"
advertise = "me"
[registrar]
docker = "tcp:/x"
ttl_s = 30
select = ["label:a=b", "lable:x"]
name = "{{.Foo"
[dns]
listen = ["127.0.0.1:5399", "localhost:53"]
allow = ["10.0.0.0/8", "10.0.0.0/99", "x"]
upstream = ["192.0.2.1", "dns.example"]
hosts = ["10.0.0.9 printer", "printer"]
hosts_files = ["services.json", "/no/hosts"]
lisen = 3
[[dns.zone]]
name = "a.example"
upstream = ["192.0.2.1", "ns1"]
[[dns.zone]]
name = "b.example"
upstrem = ["192.0.2.1"]
[[dns.zone]]
name = "c..example"
upstream = ["192.0.2.1"]
"""
SERVICES = '{"services": [{"name": "a", "port": 1}, {"nam": "b"}, {"name": "c", "port": "z"}]}'
# Where, and the beginning of what was found there.
FOUND = [
    ("seamark.toml: dns.lisen", "unknown key"),
    ("seamark.toml: dns.zone[1].upstrem", "unknown key"),
    ("seamark.toml: log_level", "unknown value `loud`"),
    ("environment variable SEAMARK_WORKERS", "`many` is no number"),
    ("seamark.toml: dns.listen", "`localhost:53` does not start with"),
    ("--domain: dns.domain", "`a..b` has a label that is empty"),
    ("seamark.toml: registrar.ttl_s", "-ttl and -ttl-refresh go together"),
    ("services.json: services[1].nam", "unknown key"),
    ("services.json: services[2].port", "expected `int`, got `str` `z`"),
    ("seamark.toml: catalog.advertise", "`me` is no IP address"),
    ("seamark.toml: registrar.docker", "`tcp:/x` is no URL of an engine"),
    ("seamark.toml: registrar.select", "character 1: `lable:x` is no term"),
    ("seamark.toml: registrar.name", "`{{.Foo` is not closed"),
    ("seamark.toml: dns.upstream", "`dns.example` does not start with"),
    ("seamark.toml: dns.allow", "'10.0.0.0/99' does not appear to be"),
    ("seamark.toml: dns.allow", "'x' does not appear to be"),
    ("seamark.toml: dns.hosts[1]", "`printer` is no IP address"),
    ("seamark.toml: dns.hosts_files[1]", "/no/hosts: cannot be read"),
    ("SEAMARK_HTTP: http.listen", "`x:80` does not start with"),
    ("seamark.toml: dns.zone[0].upstream", "`ns1` does not start with"),
    ("seamark.toml: dns.zone[2].name", "`c..example` has a label that is empty"),
]
# These have the fix in what was found.
WITHOUT_HINT = {"registrar.name", "services[2].port"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With all of it wrong."""
    (tmp_path / "seamark.toml").write_text(WRONG)
    (tmp_path / "services.json").write_text(SERVICES)
    return tmp_path


def test_all_that_is_wrong_is_told_at_once(folder: Path):
    """In the file, a variable, a flag, the file of services; none hides another."""
    variables = {"SEAMARK_WORKERS": "many", "SEAMARK_HTTP": "x:80"}
    words = ["check", "--offline", "--json", "--domain", "a..b"]
    done = run("seamark", *words, cwd=folder, **variables)
    assert 2 == done.returncode
    found = [each for each in json.loads(done.stdout) if each["state"] == "fail"]
    assert [place for place, _ in FOUND] == [each["what"] for each in found]
    for (place, words_of), each in zip(FOUND, found, strict=True):
        assert each["found"].startswith(words_of), each
        assert each["hint"] or place.rpartition(": ")[2] in WITHOUT_HINT, each
    assert f"{len(FOUND)} failed" in done.stderr


def test_a_start_ends_with_the_first_of_them(folder: Path):
    """The same words, and the same code."""
    done = run("seamark", "up", cwd=folder)
    assert 2 == done.returncode
    assert "error: seamark.toml: dns.lisen: unknown key" in done.stderr


@pytest.mark.parametrize(
    ("settings", "what", "found"),
    [
        ("[dns]\nmin_ttl_s = 9\nmax_ttl_s = 5", "dns.min_ttl_s", "9 is more than max_ttl_s, 5"),
        (
            '[dns]\nlisten = ["127.0.0.1:5399"]\nupstream = ["127.0.0.1:5399"]',
            "dns.upstream",
            "127.0.0.1:5399 is ourselves; every query would come back",
        ),
        (
            '[[dns.zone]]\nname = "a"\nupstream = ["192.0.2.1"]\n' * 2,
            "dns.zone[1]",
            "`a.` is a zone already",
        ),
        (
            '[dns]\nrebind_allowed = ["a"]',
            "dns.rebind_allowed",
            "names are given, and nothing is kept from any",
        ),
    ],
)
def test_what_contradicts_each_other_is_told(tmp_path, settings, what, found):
    """Also where each by itself is right."""
    (tmp_path / "seamark.toml").write_text(settings)
    done = run("seamark", "check", "--offline", cwd=tmp_path)
    assert 2 == done.returncode
    assert f"fail  settings   seamark.toml: {what}: {found}" in done.stdout


def test_the_commented_settings_are_all_right():
    """As they are shipped, and those of the embedded catalog."""
    for flags in (["--config", "conf/seamark.toml"], ["--services", "conf/services.json"]):
        done = run("seamark", "check", "--offline", *flags)
        assert (0, "0 failed, 0 to look at, 1 well, 0 left out\n") == (
            done.returncode,
            done.stderr.splitlines(keepends=True)[-1],
        )


def test_a_host_is_not_looked_up_offline(tmp_path: Path):
    """An agent's name may be known only later, when there is a network."""
    done = run("seamark", "check", "--offline", "consul://nowhere.invalid:8500", cwd=tmp_path)
    assert (0, "ok    settings   flags, environment and defaults: all right\n") == (
        done.returncode,
        done.stdout,
    )


def test_what_would_be_logged_at_the_start_is_a_warning(tmp_path: Path):
    """And what has no effect, and a log without its folder."""
    (tmp_path / "hosts").write_text("printer 10.0.0.9\n")
    (tmp_path / "s.json").write_text('{"services": [{"name": "a", "checks": [{"ttl": "1s"}]}]}')
    (tmp_path / "seamark.toml").write_text(
        '[registrar]\nip = "127.0.0.1"\n[catalog]\nservices = "s.json"\n'
        f'[dns]\nhosts_files = ["hosts"]\nquery_log = "{tmp_path}/no/log"\n'
    )
    done = run("seamark", "check", "--offline", cwd=tmp_path)
    assert (0, "0 failed, 4 to look at, 0 well, 0 left out") == (
        done.returncode,
        done.stderr.splitlines()[-1],
    )
    for words in ("hosts:1: ", "other hosts cannot reach it", f"mkdir -p {tmp_path}/no", "s.json"):
        assert words in done.stdout


def test_nothing_that_was_found_steers_a_terminal(tmp_path: Path):
    """Names are strangers' text; click itself takes colours out of what goes to no terminal."""
    (tmp_path / "seamark.toml").write_text('[dns]\n"lis\\u0007" = 1\nupstream = ["\\u0007"]\n')
    done = run("seamark", "check", "--offline", cwd=tmp_path)
    assert 2 == done.returncode
    assert "\x07" not in done.stdout + done.stderr
    assert 2 == done.stdout.count("\\x07")
