"""Upstreams over TLS: asked only when they have proven their name, over connections that last."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import dns.message
import dns.name
import pytest

from tests.asking import ask, rcode, records
from tests.catalog.certificates import Authority
from tests.commands import Running, run
from tests.dnsproxy.scripted import forwarder
from tests.dnsproxy.tcp_upstream import Handler, read_query, reply_wire
from tests.dnsproxy.tls_upstream import TlsUpstream
from tests.lab.consul import free_ports
from tests.rules.misbehaving import watched
from tests.upstream import ScriptedUpstream, looks_for_loops, reply_to
from tests.waits import PATIENCE_S, Waits, pause

NAME = "dns.example"


class Server(NamedTuple):
    """As ``--upstream`` takes it."""

    address: str


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    """A CA that the proxy is told to trust."""
    return Authority(tmp_path_factory.mktemp("ca"))


def client_query(connection: socket.socket) -> dns.message.Message | None:
    """The next query that is no probe; those get an error at once."""
    while (query := read_query(connection)) is not None:
        name = query.question[0].name
        if name != dns.name.root and not looks_for_loops(query):
            return query
        wire = reply_to(query, rcode=5).to_wire()
        connection.sendall(len(wire).to_bytes(2, "big") + wire)
    return None


def patient(connection: socket.socket, number: int) -> None:
    """Answers whatever comes, for ever."""
    while (query := client_query(connection)) is not None:
        connection.sendall(reply_wire(query))


def asking(
    upstream: TlsUpstream, authority: Authority, name: str = f"#{NAME}", *others: Server
) -> Running:
    """A proxy that asks it, and trusts that CA."""
    server = Server(f"tls://127.0.0.1:{upstream.port}{name}")
    return forwarder(server, *others, SEAMARK_TLS_CA_FILE=str(authority.certificate))


def found(port: int, number: int) -> set[str]:
    """What is at the name of that number."""
    return records(ask(port, f"n{number}.example"))


def right(number: int) -> set[str]:
    """What has to be there."""
    return {f"A 192.0.2.{number}"}


def test_one_connection_carries_many_questions(authority):
    """One after the other and all at once; the certificate has the name, and nothing is clear."""
    files = authority.sign("good", f"DNS:{NAME}")
    with TlsUpstream(files, patient) as upstream, asking(upstream, authority) as running:
        for number in range(20):
            assert right(number) == found(running.port, number)
        with ThreadPoolExecutor(20) as threads:
            replies = threads.map(lambda number: found(running.port, number), range(20, 220))
            assert [right(number) for number in range(20, 220)] == list(replies)
        assert 1 == upstream.connections
    assert {NAME} == set(upstream.names)
    assert [] == upstream.clear


def test_a_server_without_a_name_proves_its_address(authority):
    """Its certificate carries it (RFC 8310 5.1 and 8.1); no name is sent (RFC 6066 3)."""
    files = authority.sign("address", "IP:127.0.0.1")
    with TlsUpstream(files, patient) as upstream, asking(upstream, authority, "") as running:
        assert right(7) == found(running.port, 7)
    assert [None] == upstream.names


def test_queries_are_padded(authority):
    """To a multiple of 128 bytes, whatever is asked (RFC 8467 4.1)."""
    sizes = []

    def measuring(connection: socket.socket, number: int) -> None:
        while (query := client_query(connection)) is not None:
            assert query.wire is not None
            sizes.append(len(query.wire))
            connection.sendall(reply_wire(query))

    files = authority.sign("padded", f"DNS:{NAME}")
    with TlsUpstream(files, measuring) as upstream, asking(upstream, authority) as running:
        for name in ("n1.example", f"n2.{'x' * 60}.example", f"n3.{'y' * 60}.{'z' * 60}.example"):
            assert "NOERROR" == rcode(ask(running.port, name))
    assert [128, 128, 256] == sizes


BAD: dict[str, tuple[tuple[str, ...], str, str]] = {
    "another name": (("DNS:other.example",), f"#{NAME}", f"is for other.example, not {NAME}"),
    "another address": (("IP:192.0.2.1",), "", "is for 192.0.2.1, not 127.0.0.1"),
    "a name for an address": ((f"DNS:{NAME}",), "", f"is for {NAME}, not 127.0.0.1"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_server_that_cannot_prove_who_it_is_is_never_asked(authority, how):
    """The log says whose certificate it is; the next upstream is asked, never the same in clear."""
    alternatives, name, words = BAD[how]
    files = authority.sign(how.replace(" ", "-"), *alternatives)
    asked: list[dns.message.Message | None] = []

    def handler(connection: socket.socket, number: int) -> None:
        asked.append(read_query(connection))

    with TlsUpstream(files, handler) as upstream, asking(upstream, authority, name) as running:
        assert "SERVFAIL" == rcode(ask(running.port, "n1.example", timeout=PATIENCE_S))
        assert words in running.log
    assert {None} >= set(asked)
    assert [] == upstream.clear


def test_an_unknown_authority_is_told(authority, tmp_path: Path, waits: Waits):
    """Who signed it is not trusted; the next upstream answers."""
    files = Authority(tmp_path / "other").sign("stranger", f"DNS:{NAME}")
    with (
        TlsUpstream(files, patient) as upstream,
        ScriptedUpstream(lambda query: [reply_wire(query)[2:]]) as second,
        asking(upstream, authority, f"#{NAME}", Server(second.address)) as running,
    ):
        assert right(3) == found(running.port, 3)
        words = "unable to get local issuer certificate"
        waits.until("told", lambda: words in running.log, PATIENCE_S)
    assert 0 == upstream.connections


def test_an_expired_certificate_is_told(authority):
    """It was good until yesterday."""
    files = authority.sign("expired", f"DNS:{NAME}", days=-1)
    with TlsUpstream(files, patient) as upstream, asking(upstream, authority) as running:
        assert "SERVFAIL" == rcode(ask(running.port, "n1.example", timeout=PATIENCE_S))
        assert f"certificate of {NAME}: certificate has expired" in running.log


def test_a_server_that_speaks_no_tls_is_told(authority):
    """Plain DNS over TCP on that port."""
    files = authority.sign("plain", f"DNS:{NAME}")

    def before(connection: socket.socket) -> None:
        connection.recv(2)
        connection.sendall(b"\x00\x0c" + b"\0" * 12)

    with TlsUpstream(files, patient, before) as upstream, asking(upstream, authority) as running:
        assert "SERVFAIL" == rcode(ask(running.port, "n1.example", timeout=PATIENCE_S))
        assert "TLS: " in running.log


def closing_after(count: int) -> Handler:
    """Ends each connection behind so many answers to clients."""

    def handler(connection: socket.socket, number: int) -> None:
        for _ in range(count):
            query = client_query(connection)
            if query is None:
                return
            connection.sendall(reply_wire(query))

    return handler


@pytest.mark.parametrize("count", [1, 3])
def test_a_connection_that_the_server_ends_costs_nothing(authority, count: int):
    """RFC 7858 3.4: it may do so while it lies idle."""
    files = authority.sign(f"closing{count}", f"DNS:{NAME}")
    with (
        TlsUpstream(files, closing_after(count)) as upstream,
        asking(upstream, authority) as running,
    ):
        for number in range(12):
            assert right(number) == found(running.port, number)
        assert upstream.connections >= 12 // count


def test_questions_that_a_connection_takes_down_are_asked_again(authority):
    """The second one answers what the first left open when it died."""

    def dying(connection: socket.socket, number: int) -> None:
        if number:
            patient(connection, number)
            return
        query = client_query(connection)
        assert query is not None
        connection.sendall(reply_wire(query))
        client_query(connection)

    files = authority.sign("dying", f"DNS:{NAME}")
    with TlsUpstream(files, dying) as upstream:
        server = Server(f"tls://127.0.0.1:{upstream.port}#{NAME}")
        ca_file = str(authority.certificate)
        with watched(server, SEAMARK_TLS_CA_FILE=ca_file) as (running, figures):
            assert right(0) == found(running.port, 0)
            with ThreadPoolExecutor(10) as threads:
                replies = threads.map(lambda number: found(running.port, number), range(1, 11))
                assert [right(number) for number in range(1, 11)] == list(replies)
            # At once, that is: no try was lost, behind which another one would come.
            assert [] == [labels for labels in figures() if "unreachable" in labels]


def test_a_slow_handshake_is_waited_for_once(authority):
    """Longer than a try takes: the next try joins it, and so do all who ask meanwhile."""

    def slow(connection: socket.socket) -> None:
        pause(1.2)

    files = authority.sign("slow", f"DNS:{NAME}")
    with TlsUpstream(files, patient, slow) as upstream, asking(upstream, authority) as running:
        with ThreadPoolExecutor(10) as threads:
            replies = threads.map(lambda number: found(running.port, number), range(10))
            assert [right(number) for number in range(10)] == list(replies)
        assert 1 == upstream.connections


def test_a_handshake_that_never_ends_costs_one_try(authority):
    """The next upstream is asked."""
    over = threading.Event()

    def never(connection: socket.socket) -> None:
        over.wait(PATIENCE_S)

    files = authority.sign("never", f"DNS:{NAME}")
    with (
        TlsUpstream(files, patient, never) as upstream,
        ScriptedUpstream(lambda query: [reply_wire(query)[2:]]) as second,
        asking(upstream, authority, f"#{NAME}", Server(second.address)) as running,
    ):
        assert right(3) == found(running.port, 3)
        over.set()


def test_a_server_that_comes_back_is_asked_again(authority, waits: Waits):
    """Without a restart."""
    files = authority.sign("back", f"DNS:{NAME}")
    (port,) = free_ports(1)
    server = Server(f"tls://127.0.0.1:{port}#{NAME}")
    with forwarder(server, SEAMARK_TLS_CA_FILE=str(authority.certificate)) as running:
        for _ in range(2):
            with TlsUpstream(files, patient, port=port):
                waits.until("answered", lambda: right(1) == found(running.port, 1), PATIENCE_S)
            assert "SERVFAIL" == rcode(ask(running.port, "n9.example", timeout=PATIENCE_S))


def test_a_file_without_certificates_is_a_settings_error(authority, tmp_path: Path):
    """Before anything is bound."""
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for file, words in ((empty, "holds no certificate"), (tmp_path / "none", "No such file")):
        flags = ["--upstream", "tls://127.0.0.1", "--consul-dns", "127.0.0.1:9"]
        ended = run("dnsproxy", *flags, SEAMARK_TLS_CA_FILE=str(file))
        assert 2 == ended.returncode
        assert f"dns.tls_ca_file: {file}: {words}" in ended.stderr
