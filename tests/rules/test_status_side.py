"""The status side: names are data there, and nobody holds it or the process up through it."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dns.message
import dns.query
import pytest

from tests.asking import ask, records
from tests.commands import Running
from tests.dnsproxy.exchanges import HOSTILE
from tests.upstream import one_port_for_both
from tests.waits import PATIENCE_S

CLIENT = "127.0.0.55"


@pytest.fixture
def proxy() -> Iterator[tuple[Running, int]]:
    """A proxy, and the port of its status side."""
    udp, tcp = one_port_for_both()
    port = tcp.getsockname()[1]
    udp.close()
    tcp.close()
    flags = ("--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{port}")
    with Running(
        "dnsproxy", *flags, "--upstream", "127.0.0.1:9", "--consul-dns", "127.0.0.1:9"
    ) as running:
        yield running, port


def got(
    port: int, path: str, method: str = "GET", **more: str
) -> tuple[http.client.HTTPResponse, str]:
    """A response and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=more)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def resident_kib(pid: int) -> int:
    """What the process takes."""
    (found,) = re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found)


def test_r11_a_name_that_was_asked_for_is_data_wherever_it_is_shown(proxy):
    """Whoever may ask may write `<script>`: it is text for a browser, and no label of a metric."""
    running, port = proxy
    for name in HOSTILE.values():
        query = dns.message.make_query(dns.name.Name((*name, b"")), "A")
        dns.query.udp(query, "127.0.0.1", PATIENCE_S, running.port, source=CLIENT)
    response, shown = got(port, "/api/queries")
    lines = [json.loads(line) for line in shown.splitlines()]
    assert len(HOSTILE) == len(lines)
    assert {CLIENT} == {line["client"] for line in lines}
    assert re.fullmatch(r"[\x20-\x7e\n]*", shown)
    _, metrics = got(port, "/metrics")
    for secret in (CLIENT, "<script", "cmd|", "jndi", "owned"):
        assert secret not in metrics
    assert "application/" in str(response.headers["Content-Type"])


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/api/queries", "/nowhere"])
def test_r11_no_page_of_another_origin_reads_or_runs_anything_here(proxy, path):
    """Nothing may be loaded, guessed or shared."""
    response, _ = got(proxy[1], path, Origin="http://evil.example")
    assert "default-src 'none'" == response.headers["Content-Security-Policy"]
    assert "nosniff" == response.headers["X-Content-Type-Options"]
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


REQUESTS = {
    "a header without end": b"GET /health HTTP/1.1\r\nX: " + b"a" * 2_000_000,
    "headers without end": b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 300_000,
    "a request line without end": b"GET /" + b"a" * 2_000_000,
    "a body that nobody wants": b"GET /health HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"
    + b"a" * 2_000_000,
    "chunks without end": b"POST /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"1\r\na\r\n" * 300_000,
    "no HTTP": bytes(range(256)) * 4000,
}


@pytest.mark.parametrize("what", REQUESTS)
def test_r12_what_is_too_much_is_not_kept(proxy, what):
    """Sent again and again it leaves the process as it was after the first few."""
    running, port = proxy

    def send(times: int) -> None:
        for _ in range(times):
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
                try:
                    client.sendall(REQUESTS[what])
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass
                except OSError:
                    continue

    send(5)
    before = resident_kib(running.pid)
    send(10)
    assert resident_kib(running.pid) < before + 4096
    assert 200 == got(port, "/health")[0].status
    assert "Traceback" not in running.log


REFUSED = {
    "a head of more than 16 KiB": b"GET /health HTTP/1.1\r\n"
    + (b"X: %b\r\n" % (b"y" * 200)) * 90
    + b"\r\n",
    "a line of it": b"GET /health HTTP/1.1\r\nX: " + b"a" * 17_000 + b"\r\n\r\n",
    "more than 100 headers": b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n",
    "a body": b"GET /health HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
    "a body in chunks": b"GET /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a length below 0": b"GET /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length that is no number": b"GET /health HTTP/1.1\r\nContent-Length: x\r\n\r\n",
}


@pytest.mark.parametrize("what", REFUSED)
def test_r12_what_nobody_needs_is_refused_before_it_has_come(proxy, what):
    """400 and the end of the connection, though the client would go on sending."""
    running, port = proxy
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        client.sendall(REFUSED[what])
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert 200 == got(port, "/health")[0].status
    assert "Traceback" not in running.log
    assert "Invalid" not in running.log


def test_r12_one_byte_now_and_then_keeps_no_place(proxy):
    """A request has a few seconds to come, however it comes; a response has more to be read."""
    _, port = proxy
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
        client.sendall(b"GET /health HTTP/1.1\r\nX: ")
        client.settimeout(0.1)
        # Half of the time that a whole request has with its response.
        for _ in range(150):
            try:
                client.sendall(b"y")
                if client.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
    pytest.fail("still connected")


def test_r12_connections_that_say_nothing_do_not_touch_dns(proxy):
    """There are so many places and no more; those who come later wait for theirs."""
    running, port = proxy
    with ExitStack() as stack:
        for _ in range(100):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_S))
            idle.sendall(b"GET /health HTTP/1.1\r\nX: ")
        assert {"A 127.0.0.1"} == records(ask(running.port, "localhost"))
        assert len(list(Path(f"/proc/{running.pid}/fd").iterdir())) < 80
    assert 200 == got(port, "/health")[0].status


def test_the_status_side_says_which_port_it_got():
    """With port 0 the kernel chooses one."""
    flags = ("--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:9", "--http", "127.0.0.1:0")
    with Running("dnsproxy", *flags, "--consul-dns", "127.0.0.1:9") as running:
        said = re.search(r"status on http://127\.0\.0\.1:(\d+)/", running.log)
        assert said is not None
        assert 200 == got(int(said[1]), "/health")[0].status


def test_r12_the_status_side_is_for_this_host_unless_told_otherwise():
    """Loopback alone by default."""
    flags = ("--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:9")
    with Running("dnsproxy", *flags, "--consul-dns", "127.0.0.1:9") as running:
        assert re.search(
            r"status on http://127\.0\.0\.1:8053|cannot listen on 127\.0\.0\.1:8053", running.log
        )
