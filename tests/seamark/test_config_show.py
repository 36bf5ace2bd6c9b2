"""`seamark config show`: each setting, where it comes from, and no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from seamark.settings import Settings
from seamark.sources import load
from seamark.variables import ENVIRONMENT, FILE_ONLY
from tests.commands import run

FILE = """\
node = "n1"  # ours

[catalog.node_meta]
env = "prod"

[dns]
upstream = [
  "9.9.9.9", # a comment with ] in it
  "1.1.1.1",
]
hosts = ['10.0.0.9 printer.lan "printer"']
memory_mib = 128

[[dns.zone]]
name = "corp.example"
upstream = ["10.0.0.2"]
remember = false

[[dns.zone]]
cidr = "10.20.0.0/16"
upstream = ["10.0.0.2", "10.0.0.3"]
"""
VARIABLES: dict[str, Any] = {
    "SEAMARK_LISTEN": "127.0.0.1:1,[::1]:1",
    "DOCKER_HOST": "unix:///d.sock",
}
FLAGS = ("--workers", "2", "--no-remember", "consul://10.0.0.1:8500")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file with something of everything."""
    path = tmp_path / "seamark.toml"
    path.write_text(FILE)
    return path


def shown(*args: str | Path, **variables: Any) -> dict[str, tuple[Any, str]]:
    """Setting -> value and origin, as JSON tells them."""
    done = run("seamark", "config", "show", "--json", *args, **variables)
    assert done.returncode == 0, done.stderr
    return {one["setting"]: (one["value"], one["origin"]) for one in json.loads(done.stdout)}


def test_every_setting_is_there_with_its_origin(file):
    """Flag beats variable beats file beats default, and the file's line is told."""
    found = shown("--config", file, *FLAGS, "--debug", **VARIABLES)
    assert set(ENVIRONMENT) | FILE_ONLY == set(found)
    assert (["127.0.0.1:1", "[::1]:1"], "SEAMARK_LISTEN") == found["dns.listen"]
    assert ("unix:///d.sock", "DOCKER_HOST") == found["registrar.docker"]
    assert ("consul://10.0.0.1:8500", "REGISTRY_URI") == found["catalog.registry"]
    assert (2, "--workers") == found["dns.workers"]
    assert (False, "--remember") == found["dns.remember"]
    assert ("debug", "--debug") == found["log_level"]
    assert ("n1", f"{file}:1") == found["node"]
    assert ({"env": "prod"}, f"{file}:3") == found["catalog.node_meta"]
    assert (["9.9.9.9", "1.1.1.1"], f"{file}:7") == found["dns.upstream"]
    assert (128, f"{file}:12") == found["dns.memory_mib"]
    assert f"{file}:14" == found["dns.zone"][1]
    assert ([], "default") == found["dns.hosts_files"]


def test_what_beats_the_file_is_told_and_not_the_file(file):
    """The same setting in all of them."""
    found = shown("--config", file, "--upstream", "8.8.8.8", SEAMARK_UPSTREAM="7.7.7.7")
    assert (["8.8.8.8"], "--upstream") == found["dns.upstream"]
    found = shown("--config", file, SEAMARK_UPSTREAM="7.7.7.7")
    assert (["7.7.7.7"], "SEAMARK_UPSTREAM") == found["dns.upstream"]


def test_what_is_printed_is_a_file_that_gives_the_same_settings(file, tmp_path):
    """Saved, and read with neither flag nor variable."""
    printed = run("seamark", "config", "show", "--config", file, *FLAGS, **VARIABLES)
    again = tmp_path / "again.toml"
    again.write_text(printed.stdout)
    before = shown("--config", file, *FLAGS, **VARIABLES)
    after = shown("--config", again)
    assert {key: value for key, (value, _) in before.items()} == {
        key: value for key, (value, _) in after.items()
    }
    settings, _ = load(str(again), {}, {})
    assert ["corp.example", ""] == [zone.name for zone in settings.dns.zone]
    assert [False, None] == [zone.remember for zone in settings.dns.zone]


def test_only_what_is_not_the_default(file, tmp_path):
    """It is a file too, and a shorter one; what a file says again of the default is left out."""
    file.write_text(FILE + '\n[http]\nlisten = "127.0.0.1:8053"\n')
    printed = run("seamark", "config", "show", "--changed", "--config", file)
    again = tmp_path / "again.toml"
    again.write_text(printed.stdout)
    assert load(str(file), {}, {})[0] == load(str(again), {}, {})[0]
    assert "default" not in printed.stdout
    assert "[http]" not in printed.stdout
    assert "[registrar]" not in printed.stdout
    assert Settings() != load(str(again), {}, {})[0]


def test_origins_stand_below_each_other(file):
    """In each table; a long line has its own place."""
    printed = run("seamark", "config", "show", "--config", file).stdout
    head, *tables = printed.split("\n\n")
    assert head.splitlines()[0].endswith(f"# {file}:1")
    for table in (head, *tables[:2]):
        columns = {line.index("  # ") for line in table.splitlines() if "  # " in line}
        assert len(columns) == 1, table


@pytest.mark.parametrize("flag", ["--json", "--changed", "--debug"])
def test_no_secret_is_shown(tmp_path, flag):
    """However it came in, in none of the two forms."""
    file = tmp_path / "seamark.toml"
    file.write_text(
        '[catalog]\nregistry = "consul://h:1/?token=SECRET-1"\n'
        '[dns]\nconsul_http = "https://me:SECRET-2@h:1"\nupstream = ["SECRET-3@9.9.9.9"]\n'
        '[[dns.zone]]\nname = "x"\nupstream = ["u:SECRET-4@10.0.0.1"]\n'
    )
    secret: dict[str, Any] = {
        "CONSUL_HTTP_TOKEN": "SECRET-5",
        "CONSUL_HTTP_AUTH": "me:SECRET-6",
        "CONSUL_HTTP_ADDR": "https://me:SECRET-7@h:2",
        "DOCKER_HOST": "tcp://me:SECRET-8@h:3",
    }
    for more in ((), ("consul://SECRET-9@/?x=1&token=SECRET-10#SECRET-11",), ("consul:",)):
        done = run("seamark", "config", "show", flag, "--config", file, *more, **secret)
        assert done.returncode == 0
        assert "SECRET" not in done.stdout + done.stderr
        assert "***" in done.stdout
        assert "CONSUL_HTTP_TOKEN" in done.stdout


def test_the_variables_of_consul_and_docker_are_told_where_they_count():
    """An embedded catalog asks no Consul; a URI with a host needs no address."""
    variables: dict[str, Any] = {
        "CONSUL_HTTP_TOKEN": "x",
        "CONSUL_HTTP_ADDR": "h:1",
        "DOCKER_CERT_PATH": "/certs",
    }
    beside = {"CONSUL_HTTP_TOKEN", "CONSUL_HTTP_ADDR", "DOCKER_CERT_PATH"}
    assert not beside & set(shown(**variables))
    assert {"CONSUL_HTTP_TOKEN"} == beside & set(shown("consul://h:2", **variables))
    found = shown("consul:", **variables)
    assert ("***", "CONSUL_HTTP_TOKEN") == found["CONSUL_HTTP_TOKEN"]
    assert ("h:1", "CONSUL_HTTP_ADDR") == found["CONSUL_HTTP_ADDR"]
    docker: dict[str, Any] = {"DOCKER_HOST": "tcp://h:2376", "DOCKER_TLS_VERIFY": "1"}
    assert "DOCKER_CERT_PATH" in shown(**variables, **docker)
    assert {"CONSUL_HTTP_ADDR"} & set(shown("--consul-dns", "10.0.0.1:8600", **variables))


def test_a_token_that_a_file_beats_is_not_told():
    """As the program reads them."""
    found = shown("consul://h:1", "--token-file", "/t", CONSUL_HTTP_TOKEN="x")
    assert ("/t", "--token-file") == found["catalog.token_file"]
    assert "CONSUL_HTTP_TOKEN" not in found


def test_a_fault_is_told_as_by_every_command(file):
    """With its place and exit code 2."""
    file.write_text("[dns]\nlisen = []\n")
    done = run("seamark", "config", "show", "--config", file)
    assert (2, "") == (done.returncode, done.stdout)
    assert f"error: {file}: dns.lisen: unknown key" in done.stderr
