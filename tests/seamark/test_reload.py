"""Settings that change while the process answers."""

import contextlib
import random
import re
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from tests.asking import addresses, ask, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import asked, says
from tests.seamark.written import Written, held, root, started, upstream
from tests.upstream import ScriptedUpstream
from tests.waits import PATIENCE_S, Waits, pause


def test_other_upstreams_are_asked_from_the_reload_on(tmp_path: Path, waits: Waits):
    """Nothing of what the first ones said is given for an answer of the others."""
    with (
        upstream("192.0.2.1") as one,
        upstream("192.0.2.2") as two,
        started(tmp_path / "s.toml", root(one)) as written,
    ):
        port = written.proxy.port
        assert {"192.0.2.1"} == addresses(port, "www.example")
        line = written.reload(root(two), waits)
        assert "dns.upstream" in line
        assert {"192.0.2.2"} == addresses(port, "www.example")
        written.reload(root(one), waits)
        # Asked the same way as before: what it said holds still.
        assert {"192.0.2.1"} == addresses(port, "www.example")
        assert ["www.example. A"] == asked(one)


def test_a_change_of_the_file_is_enough(tmp_path: Path, waits: Waits):
    """Nobody needs to send a signal."""
    with (
        upstream("192.0.2.1") as one,
        upstream("192.0.2.2") as two,
        started(tmp_path / "s.toml", root(one)) as written,
    ):
        written.write(root(two))
        waits.until("reloaded", lambda: "has changed)" in written.proxy.log, PATIENCE_S)
        assert {"192.0.2.2"} == addresses(written.proxy.port, "www.example")


BAD = {
    "no_such_key = 1\n": "unknown key",
    "[dns\n": "not TOML",
    '[dns]\nmax_ttl_s = "x"\n': "expected `int`",
    '[dns]\nupstream = ["999.1.1.1"]\n': "upstream: ",
    '[dns]\nmin_ttl_s = 100\nmax_ttl_s = 50\nupstream = ["127.0.0.1:9"]\n': "is more than",
    '[[dns.zone]]\nname = "a.example"\n': "nobody to ask",
}


@pytest.mark.parametrize("text", BAD)
def test_what_cannot_be_used_leaves_everything_as_it_was(tmp_path: Path, waits: Waits, text: str):
    """The error says what and why, and that the old settings stay."""
    with upstream("192.0.2.1") as one, started(tmp_path / "s.toml", root(one)) as written:
        line = written.reload(text, waits, "the old settings stay")
        assert BAD[text] in line
        assert "ERROR" in line
        assert {"192.0.2.1"} == addresses(written.proxy.port, "www.example")
        written.reload(root(one), waits)


def free_port() -> int:
    """A port that nobody has on any address, and that the kernel gives to nobody meanwhile."""
    while True:
        port = random.randrange(10_000, 30_000)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            contextlib.suppress(OSError),
        ):
            udp.bind(("0.0.0.0", port))
            tcp.bind(("0.0.0.0", port))
            return port


def test_addresses_come_and_go(tmp_path: Path, waits: Waits):
    """New ones are bound before old ones are closed, 127.0.0.1 in place of all addresses too."""
    port, other = free_port(), free_port()
    file = tmp_path / "s.toml"

    def text(*listen: str) -> str:
        listed = ", ".join(f'"{address}"' for address in listen)
        return f'[dns]\nlisten = [{listed}]\nupstream = ["127.0.0.1:9"]\n'

    file.write_text(text(f"0.0.0.0:{port}"))
    flags = ("--http", "off", "--consul-dns", "127.0.0.1:9", "--config", str(file))
    with Running("dnsproxy", *flags) as proxy:
        written = Written(file, proxy)
        assert {"127.0.0.1"} == addresses(port, "localhost", "127.0.0.2")
        written.reload(text(f"127.0.0.1:{port}", f"127.0.0.1:{other}"), waits)
        for each in (port, other):
            assert {"127.0.0.1"} == addresses(each, "localhost")
            assert {"A 127.0.0.1"} == records(ask(each, "localhost", tcp=True))
        with socket.create_server(("127.0.0.3", other)):
            line = written.reload(
                text(f"127.0.0.1:{port}", f"127.0.0.3:{other}"), waits, "the old settings stay"
            )
            assert "the port is taken" in line
        assert {"127.0.0.1"} == addresses(other, "localhost")
        written.reload(text(f"127.0.0.1:{port}"), waits)
        waits.until(
            "the other port is closed",
            lambda: not is_open(other),
            PATIENCE_S,
        )
        assert {"127.0.0.1"} == addresses(port, "localhost")


def is_open(port: int, host: str = "127.0.0.1") -> bool:
    """Whether anybody accepts a connection there."""
    try:
        socket.create_connection((host, port), PATIENCE_S).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_query_in_flight_is_finished_as_it_began(tmp_path: Path, waits: Waits):
    """The upstream that was asked answers after the reload."""
    late: list[bool] = []
    with (
        held(late) as one,
        upstream("192.0.2.2") as two,
        started(tmp_path / "s.toml", root(one)) as written,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(PATIENCE_S)
        client.connect(("127.0.0.1", written.proxy.port))
        client.send(query_wire("www.example"))
        waits.until("it is asked", lambda: one.queries, PATIENCE_S)
        written.reload(root(two), waits)
        late.append(True)
        assert b"\xc0\x00\x02\x01" == client.recv(4096)[-4:]
        assert {"192.0.2.2"} == addresses(written.proxy.port, "www.example")


def test_the_last_good_answers_of_consul_outlive_a_reload(tmp_path: Path, waits: Waits):
    """Nobody loses a name because somebody changed a TTL."""
    known = {"web.service.consul": ["web.service.consul. 0 A 10.0.0.1"]}
    file = tmp_path / "s.toml"
    with ScriptedUpstream(says(known)) as consul:
        text = '[dns]\nconsul_http = "off"\nupstream = ["127.0.0.1:9"]\n'
        text += f'consul_dns = "{consul.address}"\n'
        file.write_text(text)
        flags = ("--listen", "127.0.0.1:0", "--http", "off", "--config", str(file))
        proxy = Running("dnsproxy", *flags)
        proxy.__enter__()
        assert {"10.0.0.1"} == addresses(proxy.port, "web.service.consul")
        Written(file, proxy).reload(text + "max_ttl_s = 100\n", waits)
    try:
        assert {"10.0.0.1"} == addresses(proxy.port, "web.service.consul")
    finally:
        proxy.__exit__(None, None, None)


def test_what_needs_a_restart_is_named(tmp_path: Path, waits: Waits):
    """And is as it was."""
    with upstream("192.0.2.1") as one, started(tmp_path / "s.toml", root(one)) as written:
        line = written.reload(
            root(one, 'query_log = "stderr"\n') + "[registrar]\ninternal = true\n", waits
        )
        assert "needs a restart: dns.query_log" in line
        assert "needs a restart: registrar.internal" in line


def test_two_hundred_reloads_leave_nothing_behind(tmp_path: Path, waits: Waits):
    """Greenlets and files are as many as after the first few."""
    with (
        upstream("192.0.2.1") as one,
        upstream("192.0.2.2") as two,
        started(tmp_path / "s.toml", root(one)) as written,
    ):
        sizes = []
        for number in range(200):
            written.reload(root((one, two)[number % 2]), waits)
            addresses(written.proxy.port, "www.example")
            if number in {19, 199}:
                sizes.append(size(written.proxy, waits))
    assert sizes[1][0] <= sizes[0][0] + 3
    assert sizes[1][1] <= sizes[0][1] + 3


def size(proxy: Running, waits: Waits) -> tuple[int, int]:
    """Greenlets and open files, when the last probes have had their time."""
    pause(6)
    before = proxy.log.count("size: ")
    proxy.send(signal.SIGUSR1)
    waits.until("its size", lambda: proxy.log.count("size: ") > before, PATIENCE_S)
    found = re.findall(r"size: (\d+) greenlets, (\d+) open files", proxy.log)[-1]
    return int(found[0]), int(found[1])


def scraped(http: int) -> str:
    """What /metrics says."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics") as answer:
        return str(answer.read().decode())


def test_reloads_are_counted(tmp_path: Path, waits: Waits):
    """By result, and when the last good one was, and whether it was the last."""
    http = free_port()
    file = tmp_path / "s.toml"
    file.write_text('[dns]\nupstream = ["127.0.0.1:9"]\n')
    flags = ("--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{http}", "--config", str(file))
    with Running("dnsproxy", *flags, "--consul-dns", "127.0.0.1:9") as proxy:
        written = Written(file, proxy)
        written.reload('[dns]\nupstream = ["127.0.0.1:9"]\nmax_ttl_s = 9\n', waits)
        assert "seamark_reload_last_successful 1.0" in scraped(http)
        written.reload("x", waits, "the old settings stay")
        metrics = scraped(http)
    assert 'seamark_reload_total{result="ok"} 1.0' in metrics
    assert 'seamark_reload_total{result="failed"} 1.0' in metrics
    assert "seamark_reload_last_successful 0.0" in metrics
    (when,) = re.findall(
        r"^seamark_reload_last_success_timestamp_seconds (\S+)", metrics, re.MULTILINE
    )
    assert 0 <= time.time() - float(when) < 600
