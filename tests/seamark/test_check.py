"""`seamark check` on what is around the settings, each with the real thing in the way."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import dns.message
import pytest

from seamark.colours import Colour
from tests.commands import Running, run
from tests.lab.consul import free_ports
from tests.small_engine import SmallEngine
from tests.terminal import at_terminal
from tests.upstream import ScriptedUpstream, reply_to

Found = list[dict[str, str]]


def well(query: dns.message.Message) -> list[bytes]:
    """A server that has an answer to everything."""
    return [reply_to(query).to_wire()]


def failing(query: dns.message.Message) -> list[bytes]:
    """One that has none."""
    return [reply_to(query, rcode=2).to_wire()]


def silent(query: dns.message.Message) -> list[bytes]:
    """One that does not care."""
    return []


@pytest.fixture
def small(engine_without_containers: SmallEngine) -> SmallEngine:
    """One that is there."""
    engine_without_containers.answers["version"] = {"ApiVersion": "1.45", "Version": "20.10.24"}
    return engine_without_containers


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    """One that answers."""
    with ScriptedUpstream(well) as server:
        yield server


def checked(
    *args: str | Path, code: int, port: int = 0, cwd: Path | None = None, **variables: str
) -> Found:
    """What is found by a check that ends with a code."""
    words = ["check", "--json", "--listen", f"127.0.0.1:{port}", *map(str, args)]
    done = run("seamark", *words, cwd=cwd, **variables)
    assert code == done.returncode, done
    assert "Traceback" not in done.stderr
    found: Found = json.loads(done.stdout)
    return found


def of(part: str, found: Found) -> list[tuple[str, str, str]]:
    """(state, what, found) of one part."""
    return [(each["state"], each["what"], each["found"]) for each in found if each["part"] == part]


def hint(found: Found, words: str) -> str:
    """Of the one where these words were found."""
    (each,) = [each for each in found if words in each["found"]]
    return each["hint"]


def test_all_is_well(small: SmallEngine, upstream: ScriptedUpstream):
    """Exit 0, warnings or not; and nothing is bound afterwards."""
    port, status = free_ports(2)
    docker = f"unix://{small.path}"
    flags = ["--docker", docker, "--upstream", f"127.0.0.1:{upstream.port}"]
    found = checked(*flags, "--http", f"127.0.0.1:{status}", code=0, port=port)
    assert [("ok", "flags, environment and defaults", "all right")] == of("settings", found)
    assert [
        ("ok", f"127.0.0.1:{port} (udp, tcp)", "free"),
        ("ok", f"127.0.0.1:{status} (status)", "free"),
    ] == of("ports", found)
    assert [("ok", docker, "Docker 20.10.24, 0 containers running")] == of("engine", found)
    assert [("skip", "registry", "none is named: the catalog is embedded")] == of("consul", found)
    ((state, what, words),) = of("upstreams", found)
    assert (state, what) == ("ok", f"127.0.0.1:{upstream.port} (dns.upstream)")
    assert words.startswith("answers over UDP and TCP, in ")
    assert {"ok", "warn"} >= {state for state, _, _ in of("host", found)}
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as free:
            free.bind(("127.0.0.1", port))


def test_for_people_each_finding_is_a_line_and_the_words_are_apart(small: SmallEngine):
    """The hint below it; how many of which on stderr."""
    flags = ["--listen", "127.0.0.1:0", "--http", "off", "--upstream", "127.0.0.1:9"]
    done = run("seamark", "check", *flags, "--docker", f"unix://{small.path}")
    assert 1 == done.returncode
    lines = done.stdout.splitlines()
    at = lines.index(
        "fail  upstreams  127.0.0.1:9 (dns.upstream): does not answer over UDP: Connection refused"
    )
    assert "      hint: name a server that this host can reach, see --upstream" == lines[at + 1]
    assert done.stderr.startswith("1 failed, ")


def test_a_running_seamark_is_told_as_such(small: SmallEngine, upstream: ScriptedUpstream):
    """With its process; it is no fault that it runs."""
    (status,) = free_ports(1)
    flags = ["--docker", f"unix://{small.path}", "--upstream", f"127.0.0.1:{upstream.port}"]
    flags += ["--http", f"127.0.0.1:{status}"]
    with Running("seamark", "up", "--listen", "127.0.0.1:0", *flags) as running:
        found = of("ports", checked(*flags, code=0, port=running.port))
        pid = running.pid
    (dns_state, what, words), (http_state, _, told) = found
    assert ("ok", f"127.0.0.1:{running.port}", "ok") == (dns_state, what, http_state)
    assert words.startswith("a Seamark answers there already (held by ")
    assert f"(pid {pid})" in words
    assert told.startswith("a Seamark tells there already (")


def test_an_upstream_that_is_the_running_seamark(small: SmallEngine):
    """Nobody can tell by the settings, when another port is meant."""
    flags = ["--docker", f"unix://{small.path}", "--http", "off"]
    with Running(
        "seamark", "up", "--listen", "127.0.0.1:0", *flags, "--upstream", "127.0.0.1:9"
    ) as running:
        there = f"127.0.0.1:{running.port}"
        found = checked(*flags, "--upstream", there, code=1)
    words = "is ourselves, or asks us; every query would come back"
    assert [("fail", f"{there} (dns.upstream)", words)] == of("upstreams", found)
    assert "name another server, or listen elsewhere" == hint(found, words)


@pytest.mark.parametrize(
    ("udp", "tcp", "state", "words"),
    [
        (failing, failing, "fail", "answers with SERVFAIL"),
        (silent, silent, "fail", "does not answer over UDP: no answer in time"),
        (well, silent, "warn", "answers over UDP, and not over TCP: "),
    ],
)
def test_an_upstream_that_is_of_no_use(small: SmallEngine, tmp_path: Path, udp, tcp, state, words):
    """Of all names, and of a zone alone."""
    settings = '[[dns.zone]]\nname = "corp.example"\nupstream = ["127.0.0.1:{}"]\n'
    with ScriptedUpstream(udp, tcp) as server:
        (tmp_path / "seamark.toml").write_text(settings.format(server.port))
        flags = ["--docker", f"unix://{small.path}", "--http", "off"]
        flags += ["--upstream", f"127.0.0.1:{server.port}"]
        found = of("upstreams", checked(*flags, code=int(state == "fail"), cwd=tmp_path))
    assert [state] * 2 == [each[0] for each in found]
    assert [
        f"127.0.0.1:{server.port} ({setting})"
        for setting in ("dns.upstream", "dns.zone[0].upstream")
    ] == [each[1] for each in found]
    assert all(each[2].startswith(words) for each in found), found


def test_of_a_port_that_is_held_in_part_the_rest_is_free():
    """As beside systemd-resolved: its addresses are left out, and that is no fault."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        words = ["check", "--json", "--listen", f"0.0.0.0:{port}", "--http", "off"]
        words += ["--upstream", "127.0.0.1:9", "--docker", "unix:///none"]
        found = of("ports", json.loads(run("seamark", *words).stdout))
    (whole, part, off) = found
    assert ("ok", f"0.0.0.0:{port}") == whole[:2]
    assert whole[2].startswith("free on ")
    assert ("ok", f"127.0.0.1:{port}") == part[:2]
    assert f"(pid {os.getpid()}); Seamark leaves this address out" in part[2]
    assert "skip" == off[0]


def test_an_engine_elsewhere_is_found(tmp_path: Path):
    """One without root has its socket in the user's own folder."""
    path = tmp_path / "podman" / "podman.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        flags = ["--docker", "unix:///none", "--http", "off", "--upstream", "127.0.0.1:9"]
        found = checked(*flags, code=1, XDG_RUNTIME_DIR=str(tmp_path))
    told = hint(found, "no container engine at unix:///none")
    assert told.startswith("start it, or name it with --docker; there is one: --docker unix:///")


@pytest.mark.parametrize(("mode", "state"), [(0o600, "fail"), (0o666, "ok")])
def test_the_engine_as_the_user_that_we_shall_be(
    small: SmallEngine, upstream: ScriptedUpstream, mode: int, state: str
):
    """Root may, and that says nothing of somebody else."""
    small.path.chmod(mode)
    flags = ["--docker", f"unix://{small.path}", "--http", "off", "--user", "nobody"]
    flags += ["--upstream", f"127.0.0.1:{upstream.port}"]
    found = checked(*flags, code=int(state == "fail"))
    there, as_nobody = of("engine", found)
    assert "ok" == there[0]
    assert (state, f"unix://{small.path} as nobody") == as_nobody[:2]
    if state == "fail":
        assert "usermod --append --groups root nobody" == hint(found, "no permission on the engine")


def test_who_waits_at_a_terminal_is_told_for_what(upstream: ScriptedUpstream, tmp_path: Path):
    """After a second; nothing of it stays, and none of it is on stdout."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        flags = ["--listen", "127.0.0.1:0", "--http", "off", "--docker", f"unix://{path}"]
        flags += ["--upstream", f"127.0.0.1:{upstream.port}"]
        seen = at_terminal("seamark", "check", *flags)
    assert 1 == seen.code
    assert "looking at engine" in seen.stderr
    assert "looking at" not in seen.stdout
    assert seen.stderr.rpartition("\x1b[K")[2].startswith("1 failed, ")
    # Colours are for the one terminal; in a pipe there are none.
    assert f"{Colour.RED}fail\x1b[0m  engine" in seen.stdout
    assert "\x1b" not in run("seamark", "check", *flags[:-2], "--offline").stdout
