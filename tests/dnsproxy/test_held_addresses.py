"""Addresses whose port 53 somebody else holds, for a while or for good."""

import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import dns.message
import pytest

from tests.commands import run
from tests.dnsproxy.addressing import (
    FLAGS,
    NO_UPSTREAM,
    STUBS,
    answers,
    held,
    is_answered,
    is_answered_by_now,
    ourselves,
    proxy,
)
from tests.dnsproxy.packets import query_wire
from tests.lab.shell import end
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, pause

pytestmark = pytest.mark.lab


def test_who_holds_a_stub_is_named(three_networks):
    """And everything else is served, first of all 127.0.0.1."""
    with held(three_networks.host, *STUBS), proxy(three_networks.host) as running:
        for stub in STUBS:
            assert f"{stub}:53 is left out: held by {ourselves()}; taken over" in running.log
        assert "DNS on 127.0.0.1:53, 10.77.1.1:53" in running.log
        assert "Traceback" not in running.log


_HOLDER = """
import socket, signal
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("10.77.1.1", 53))
tcp = socket.create_server(("10.77.1.1", 53))
print("held", flush=True)
signal.pause()
"""


def test_the_address_of_a_holder_that_ends_is_taken_over(three_networks, waits):
    """A dnsmasq that is taken out of service leaves nobody without names."""
    host, client = three_networks.host, three_networks.clients[1]
    holder = subprocess.Popen([*host.prefix, sys.executable, "-c", _HOLDER], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert b"held\n" == holder.stdout.readline()
        with proxy(host) as running:
            assert "10.77.1.1:53 is left out: held by python" in running.log
            assert f"(pid {holder.pid})" in running.log
            assert is_answered(client, "10.77.2.1")
            assert not is_answered_by_now(client, "10.77.1.1")
            end(holder, 5, signal.SIGKILL)
            waits.until("taken over", lambda: is_answered_by_now(client, "10.77.1.1"), PATIENCE_S)
            assert "DNS also on 10.77.1.1:53" in running.log
    finally:
        end(holder, 5, signal.SIGKILL)
        if holder.stdout is not None:
            holder.stdout.close()


def test_a_stub_that_ends_is_taken_over(three_networks, waits):
    """resolv.conf names it still, and it is an address of this host as any other."""
    host = three_networks.host
    with ExitStack() as stub:
        stub.enter_context(held(host, *STUBS))
        with proxy(host):
            assert not is_answered_by_now(host, "127.0.0.53")
            stub.close()
            waits.until("taken over", lambda: is_answered_by_now(host, "127.0.0.53"), PATIENCE_S)


def test_a_holder_that_restarts_finds_its_address_free(three_networks, waits):
    """Taking it at once would keep a daemon from coming back that was only given a new setting."""
    host = three_networks.host
    with ExitStack() as stub:
        stub.enter_context(held(host, *STUBS))
        with proxy(host) as running:
            for _ in range(4):
                stub.close()
                pause(0.9)
                # Raises if somebody has it.
                stub.enter_context(held(host, *STUBS))
                pause(0.9)
            assert "also on" not in running.log


def test_a_stub_beside_us_can_be_our_upstream(three_networks, waits):
    """It is no loop while it is somebody else's, and it stays theirs when they go."""
    host = three_networks.host

    def script(query: dns.message.Message) -> list[bytes]:
        return [reply_to(query, "a.example. 60 A 192.0.2.7").to_wire()]

    upstream = host.inside(lambda: ScriptedUpstream(script))
    flags = ["--upstream", upstream.address, "--listen", f"0.0.0.0:{upstream.port}"]
    with ExitStack() as stack:
        stack.enter_context(upstream)
        with proxy(host, *flags) as running:
            assert "127.0.0.1 is left out: " in running.log
            assert "there is asked as an upstream" in running.log
            client = three_networks.clients[1]
            with client.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(query_wire("a.example"), ("10.77.1.1", upstream.port))
                assert {"192.0.2.7"} == answers(sock.recv(4096))
            stack.close()
            # Longer than what it takes to be taken over.
            pause(6)
            assert "udp 127.0.0.1" not in host.opened(upstream.port)


def test_an_explicit_address_that_is_not_there_is_an_error(three_networks):
    """A mistyped address must not wait for ever to come true."""
    flags = [*FLAGS, *NO_UPSTREAM, "--listen", "10.99.0.1:53"]
    done = run("dnsproxy", *flags, prefix=three_networks.host.prefix)
    assert done.returncode == 1
    assert "cannot listen on 10.99.0.1:53 (udp): this host has no such address" in done.stderr
