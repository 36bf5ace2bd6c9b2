"""DNS in processes of its own: one answer as from one process, whatever becomes of another."""

import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.asking import addresses, ask
from tests.commands import Running, run
from tests.dnsproxy.scripted import says
from tests.lab.consul import free_ports
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S, Waits

NAMES = {"www.example": ["www.example. 600 A 192.0.2.1"]}
OTHERS = {"www.example": ["www.example. 600 A 192.0.2.2"]}


@contextmanager
def crew(
    *flags: str | Path, count: int = 3, consul: str = "127.0.0.1:9"
) -> Iterator[tuple[Running, int]]:
    """A proxy of several workers, and the port of its status side."""
    (http,) = free_ports(1)
    words = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{http}"]
    words += ["--consul-dns", consul, "--workers", str(count)]
    with Running("dnsproxy", *words, *flags) as proxy:
        yield proxy, http


def get(http: int, path: str) -> str:
    """What the status side says."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/{path}") as answer:
        return str(answer.read().decode())


def sockets_on(port: int) -> int:
    """How many take queries: one that is there may be still on its way to it."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(line.split()[1].endswith(f":{port:04X}") for line in lines)


def counted(http: int) -> dict[str, float]:
    """Queries by transport."""
    found = {"udp": 0.0, "tcp": 0.0}
    for family in text_string_to_metric_families(get(http, "metrics")):
        for sample in family.samples:
            if sample.name == "seamark_dns_queries_total":
                found[sample.labels["transport"]] += sample.value
    return found


def workers(proxy: Running) -> list[int]:
    """The process ids of those that answer, the oldest first."""
    words = ["ps", "--no-headers", "-o", "pid", "--ppid", str(proxy.pid)]
    found = subprocess.run(words, capture_output=True, check=False, text=True)
    return sorted(map(int, found.stdout.split()))


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    """Of all names."""
    with ScriptedUpstream(says(NAMES, aa=False)) as server:
        yield server


def test_all_of_them_answer_on_one_port_and_their_counts_add_up(upstream):
    """The kernel gives each client to one of them; over TCP too."""
    with crew("--upstream", upstream.address) as (proxy, http):
        assert 3 == len(workers(proxy))
        for number in range(60):
            assert {"192.0.2.1"} == addresses(proxy.port, "www.example")
            if number % 3 == 0:
                ask(proxy.port, "www.example", tcp=True)
        # Each has asked for itself, and so remembers: more than one of them was asked.
        assert 1 < len(upstream.queries) <= 3
        assert {"udp": 60, "tcp": 20} == counted(http)
        shown = [line for line in get(http, "api/queries?limit=1000").splitlines() if line]
        assert 80 == len(shown)


def test_one_that_dies_is_replaced_and_its_counts_stay(upstream, waits: Waits):
    """A client sees a retry at most."""
    with crew("--upstream", upstream.address) as (proxy, http):
        for _ in range(30):
            addresses(proxy.port, "www.example")
        assert 30 == counted(http)["udp"]
        victim = workers(proxy)[0]
        os.kill(victim, signal.SIGKILL)
        waits.until(
            "another one",
            lambda: victim not in workers(proxy) and 3 == len(workers(proxy)),
            PATIENCE_S,
        )
        waits.until("told", lambda: "another takes its place" in proxy.log, PATIENCE_S)
        waits.until("it answers", lambda: 3 == sockets_on(proxy.port), PATIENCE_S)
        for _ in range(30):
            assert {"192.0.2.1"} == addresses(proxy.port, "www.example")
        assert 60 == counted(http)["udp"]
        # On the same port, of which the others know nothing better.
        for pid in workers(proxy)[:2]:
            os.kill(pid, signal.SIGKILL)
        waits.until(
            "it answers alone",
            lambda: "worker 3" not in unhealthy(http) and proxy.log.count("takes its place") == 3,
            PATIENCE_S,
        )
        waits.until("all are well", lambda: not unhealthy(http), PATIENCE_S)
        waits.until("all of them answer", lambda: 3 == sockets_on(proxy.port), PATIENCE_S)
        for _ in range(30):
            assert {"192.0.2.1"} == addresses(proxy.port, "www.example")


def test_new_settings_reach_all_of_them_or_none(tmp_path: Path, upstream, waits: Waits):
    """As with one."""
    file = tmp_path / "seamark.toml"
    file.write_text(f'[dns]\nupstream = ["{upstream.address}"]\nremember = false\n')
    with (
        ScriptedUpstream(says(OTHERS, aa=False)) as other,
        crew("--config", file) as (proxy, _),
    ):
        assert {"192.0.2.1"} == addresses(proxy.port, "www.example")
        file.write_text('[dns]\nupstream = ["nowhere"]\n')
        waits.until("refused", lambda: "the old settings stay" in proxy.log, PATIENCE_S)
        assert {"192.0.2.1"} == addresses(proxy.port, "www.example")
        file.write_text(f'[dns]\nupstream = ["{other.address}"]\nremember = false\n')
        waits.until("taken on", lambda: "reloaded" in proxy.log, PATIENCE_S)
        for _ in range(20):
            assert {"192.0.2.2"} == addresses(proxy.port, "www.example")


def test_they_end_with_the_one_that_started_them(upstream, waits: Waits):
    """When it is told to, and when it is killed."""
    with crew("--upstream", upstream.address) as (proxy, _):
        theirs = workers(proxy)
    assert not [pid for pid in theirs if Path(f"/proc/{pid}").exists()]
    with crew("--upstream", upstream.address) as (proxy, _):
        theirs = workers(proxy)
        proxy.kill()
        waits.until(
            "ended", lambda: not [p for p in theirs if Path(f"/proc/{p}").exists()], PATIENCE_S
        )


def test_who_waits_for_consul_answers_meanwhile(upstream):
    """Watches wait for half a minute, and an HTTP API may not answer at all."""
    web = {"web.service.consul": ["web.service.consul. 0 A 10.0.0.1"]}
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        ScriptedUpstream(says(web)) as consul,
        crew(
            *("--upstream", upstream.address),
            *("--consul-http", f"http://127.0.0.1:{silent.getsockname()[1]}"),
            consul=consul.address,
            count=2,
        ) as (proxy, _),
    ):
        for _ in range(20):
            assert {"10.0.0.1"} == addresses(proxy.port, "web.service.consul")
            assert {"192.0.2.1"} == addresses(proxy.port, "www.example")


def test_a_port_that_is_taken_is_told_as_by_one(upstream):
    """One line, and exit code 1."""
    with crew("--upstream", upstream.address, count=1) as (proxy, _):
        taken = f"127.0.0.1:{proxy.port}"
        words = ["--listen", taken, "--http", "off", "--upstream", upstream.address]
        ended = run("dnsproxy", *words, "--consul-dns", "127.0.0.1:9", "--workers", "2")
    assert 1 == ended.returncode
    assert re.search(rf"error: cannot listen on {taken} \(udp\): the port is taken", ended.stderr)


def test_an_embedded_catalog_has_one():
    """It is in that process."""
    words = ["--services", "conf/services.json", "--node", "n1", "--advertise", "10.1.0.1"]
    ended = run("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", *words, "--workers", "2")
    assert 2 == ended.returncode
    assert "error: workers: 2 of them cannot answer" in ended.stderr


def test_one_that_hangs_is_seen(upstream, waits: Waits):
    """Whoever supervises the process is told; the others answer."""
    with crew("--upstream", upstream.address) as (proxy, http):
        assert "worker 1" not in get(http, "health")
        victim = workers(proxy)[0]
        os.kill(victim, signal.SIGSTOP)
        try:
            waits.until("told", lambda: "worker" in unhealthy(http), PATIENCE_S)
        finally:
            os.kill(victim, signal.SIGCONT)
        waits.until("well again", lambda: not unhealthy(http), PATIENCE_S)


def unhealthy(http: int) -> str:
    """What /health says against the process; empty if all goes on."""
    try:
        get(http, "health")
    except urllib.error.HTTPError as error:
        return str(error.read().decode())
    return ""
