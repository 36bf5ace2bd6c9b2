"""Bad input, on the real command: one clear line, the right exit code, never a traceback."""

import json
import os
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.asking import addresses, ask, rcode
from tests.commands import ROOT, Running, environment, run
from tests.small_engine import SmallEngine
from tests.waits import PATIENCE_S, Waits, pause

QUIET = ["--listen", "127.0.0.1:0", "--http", "off"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["consl://h:1"], "registry: `consl://h:1`: unknown scheme `consl`; did you mean `consul`"),
        (["etcd://h:1"], "registry: `etcd://h:1`: Seamark registers in Consul only, not in etcd"),
        (["--listen", "localhost:53"], "listen: `localhost:53` does not start with an IP address"),
        (["--upstream", "dns.example"], "upstream: `dns.example` does not start with an IP"),
        (["--upstream", "127.0.0.1:53", "--listen", ":53"], "upstream: 127.0.0.1:53 is ourselves"),
        (["--allow", "10.0.0.0/99"], "allow: '10.0.0.0/99' does not appear to be an IPv4"),
        (["--services", "nowhere.json"], "services: nowhere.json cannot be read: No such file"),
        (["--services", "pyproject.toml"], "pyproject.toml: not JSON"),
        (["--docker", "tcp:/x"], "docker: `tcp:/x` is no URL of an engine"),
        (["--advertise", "me"], "advertise: `me` is no IP address"),
        (["--advertise", "10.0.0.1:80"], "advertise: `10.0.0.1:80` is no IP address"),
        (["--listen", ":5300", "--listen", "0.0.0.0:5300"], "listen: an address stands twice"),
        (
            ["consul://127.0.0.1:8500", "--services", "conf/services.json"],
            "services: conf/services.json is for the embedded catalog, and registry names a Consul",
        ),
        (["--node", "a..b"], "node: `a..b` has a label that is empty"),
        (["--config", "nowhere.toml"], "nowhere.toml: cannot be read: No such file"),
        (["--lissten", "x"], "`seamark up` has no flag `--lissten`"),
        (["-lissten", "x"], "`seamark up` has no flag `--lissten`"),
        (["--log-level", "loud"], "command line: log_level: unknown value `loud`"),
        (["consul://nowhere.invalid"], "registry: the host `nowhere.invalid` has no address"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_with_2_before_anything_is_bound(args, words):
    """What, where, and what was found."""
    done = run("seamark", "up", *args)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "DNS on" not in done.stderr


def test_an_unknown_key_in_seamark_toml_comes_with_the_nearest(tmp_path):
    """Found by itself in the folder that the command is started in."""
    (tmp_path / "seamark.toml").write_text("[dns]\nlisen = []\n")
    done = run("seamark", "up", cwd=tmp_path)
    assert done.returncode == 2
    assert (done.stderr.splitlines()) == [
        "error: seamark.toml: dns.lisen: unknown key",
        "hint: did you mean `listen`?",
    ]


def test_the_registrar_wants_a_registry():
    """Usage: exit 2."""
    done = run("registrar")
    assert done.returncode == 2
    assert "REGISTRY_URI is missing" in done.stderr


@pytest.mark.parametrize(
    ("command", "args", "words"),
    [
        ("registrar", [""], "registry: empty"),
        (
            "dnsproxy",
            ["--services", "conf/services.json", "--consul-dns", "127.0.0.1:8600"],
            "consul-dns: 127.0.0.1:8600 is a Consul, and the catalog is embedded",
        ),
        ("seamark", ["up", "--consul-dns", "127.0.0.1:8600"], "and the catalog is embedded"),
        (
            "seamark",
            ["up", "--consul-http", "127.0.0.1:8500"],
            "consul-http: 127.0.0.1:8500 is a Consul, and the catalog is embedded",
        ),
        (
            "seamark",
            ["up", "--datacenter", "dc1", "--datacenter", "dc2"],
            "dns.datacenters: dc1, dc2: an embedded catalog is one datacenter",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(command, args, words):
    """Rather than one of them quietly ignored."""
    done = run(command, *args)
    assert done.returncode == 2
    assert words in done.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_told_with_its_holder(kind):
    """Exit 1: the settings are fine, the machine says no."""
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        done = run("seamark", "up", "--listen", f"127.0.0.1:{port}", "--http", "off")
    assert done.returncode == 1
    assert f"error: cannot listen on 127.0.0.1:{port}" in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr
    assert "choose another with --listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_that_is_not_ours_is_told():
    """TEST-NET-3 is nobody's."""
    done = run("seamark", "up", "--listen", "203.0.113.9:5300", "--http", "off")
    assert done.returncode == 1
    assert "this host has no such address" in done.stderr


def test_a_taken_status_port_is_told():
    """With the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("seamark", "up", "--listen", "127.0.0.1:0", "--http", address)
    assert done.returncode == 1
    assert f"cannot listen on {address} (http)" in done.stderr
    assert "--http off" in done.stderr
    assert "Traceback" not in done.stderr


def test_both_halves_run_beside_each_other(engine_without_containers: SmallEngine):
    """Each alone wants the default status port; who comes second goes on without."""
    docker = f"unix://{engine_without_containers.path}"
    with (
        Running("registrar", "--docker", docker, "consul://127.0.0.1:9"),
        Running("dnsproxy", "--listen", "127.0.0.1:0") as second,
    ):
        assert "(http): Address already in use; going on without" in second.log


def test_no_permission_on_the_engines_socket_is_told_and_dns_answers(waits: Waits):
    """One line that says who may; the proxy runs all the same, and it is tried again."""
    # Not below pytest's own folder: each run of pytest closes that to everybody else.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as engine:
        Path(folder).chmod(0o755)
        path = Path(folder, "docker.sock")
        engine.bind(str(path))
        engine.listen()
        path.chmod(0o600 if os.geteuid() == 0 else 0)
        services = ["--services", "conf/services.json"]
        with _AsNobody("up", *QUIET, *services, "--docker", f"unix://{path}") as running:
            words = f"no permission on the engine's socket {path}; run as root, or as a member"
            waits.until("told", lambda: words in running.log, PATIENCE_S)
            assert addresses(running.port, "svc1.service.consul")
    assert running.log_at_end.count("no permission") == 1


class _AsNobody(Running):
    """The command without root's rights, which no permission binds."""

    def __init__(self, *args: str) -> None:
        super().__init__("seamark", *args)
        if os.geteuid() == 0:
            drop = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"
            # What is imported late would be read as nobody, who may not enter root's home.
            late = "import encodings.idna, docker.transport, falcon.asgi_spec, gevent.pywsgi"
            late += ", seamark.app, seamark.dns_side, seamark.registering, seamark.commands.whole"
            self._words[2] = self._words[2].replace("; main()", f"; {late}; {drop}; main()")


def test_an_unreachable_consul_is_told_once_and_its_names_are_servfail(
    engine_without_containers: SmallEngine, waits: Waits
):
    """It starts anyway and keeps trying."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        flags = [*QUIET, "--node", "n1", "--consul-dns", address]
        docker = ["--docker", f"unix://{engine_without_containers.path}"]
        with Running("seamark", "up", f"consul://{address}", *flags, *docker) as running:
            assert rcode(ask(running.port, "web.service.consul")) == "SERVFAIL"
            words = f"Consul at http://{address} does not answer: Connection refused (start the"
            waits.until("told", lambda: words in running.log, PATIENCE_S)
            pause(2)
    assert running.log_at_end.count("does not answer") == 1


def test_an_odd_answer_of_the_engine_ends_no_loop(
    engine_without_containers: SmallEngine, waits: Waits
):
    """Told, tried again, and all is well once the answers are."""
    engine = engine_without_containers
    engine.answers["json"] = [{"no": "Id"}, 7]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    flags = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}"]
    variables = {"SEAMARK_RESYNC_S": "0.2", "DOCKER_HOST": f"unix://{engine.path}"}
    with Running("seamark", "up", *flags, faults_expected=True, **variables) as running:
        told = "an unexpected fault; going on: KeyError"
        waits.until("told", lambda: told in running.log, PATIENCE_S)
        assert get(port, "ready")[0] == 503
        engine.answers["json"] = []
        waits.until("ready", lambda: get(port, "ready")[0] == 200, PATIENCE_S)


def test_a_plan_that_the_engine_breaks_off_is_one_line(engine_without_containers: SmallEngine):
    """It lists a container, and has no document of it."""
    engine_without_containers.answers["json"] = [{"Id": "x"}]
    done = run("seamark", "plan", "--docker", f"unix://{engine_without_containers.path}")
    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines()), done.stderr
    assert "is no engine" in done.stderr


def test_ready_says_what_is_not(waits: Waits):
    """/health is about us, /ready about all that we need."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    flags = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}", "--node", "n1"]
    with Running("seamark", "up", *flags, "--docker", "unix:///nowhere.sock"):
        assert get(port, "health") == (200, {"status": "ok"})
        found = waits.until("told", lambda: not_ready(port), PATIENCE_S)
    assert "no container engine at unix:///nowhere.sock" in found


def get(port: int, path: str) -> tuple[int, dict[str, object]]:
    """Status and JSON of the status side."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def not_ready(port: int) -> str:
    """What /ready says of the registrar while it answers 503."""
    status, body = get(port, "ready")
    parts = body["parts"]
    assert isinstance(parts, dict)
    assert status == 503
    return "" if parts["registrar"] == "not compared yet" else str(parts["registrar"])


def test_help_and_version_are_data_on_stdout():
    """stdout is data, stderr is words."""
    for command in ("seamark", "registrar", "dnsproxy"):
        for flag in ("--help", "--version"):
            done = run(command, flag)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout
    lines = run("seamark", "--help").stdout.splitlines()
    assert (
        "  seamark up consul://127.0.0.1:8500          one host of many, catalog in Consul" in lines
    )


def test_the_installed_scripts_are_the_commands():
    """What pyproject.toml names is what a user types."""
    for command in ("seamark", "registrar", "dnsproxy"):
        script = Path(ROOT) / ".venv" / "bin" / command
        done = subprocess.run(
            [script, "--version"], capture_output=True, check=True, env=environment(), text=True
        )
        assert done.stdout.startswith(f"{command}, version ")
