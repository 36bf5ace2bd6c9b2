"""The last good answer in place of none, and how long anybody waits for a better one."""

import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import dns.message
import dns.query
import pytest

from dnsproxy.core.policy import PATIENCE_S as PATIENCE_OF_CLIENTS_S
from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import asked, says
from tests.rules.scripts import SHORT, STALE, errors, in_front_of, once, refusal, silence
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits, pause

FRESH = "www.example. 600 A 192.0.2.2"


def is_stale(port: int) -> bool:
    """Whether the answer is one that is past its time."""
    return STALE in errors(ask(port, "www.example", edns=1232))


@pytest.mark.parametrize("then", [silence, refusal], ids=["silence", "SERVFAIL"])
def test_when_an_upstream_fails_the_last_good_answer_stands(waits: Waits, then):
    """RFC 8767 4 and 5: with 30 s to keep at most, and said so (RFC 8914)."""
    with in_front_of(once("www.example. 1 A 192.0.2.1", then=then)) as (port, _):
        ask(port, "www.example")
        waits.until("stale", lambda: is_stale(port), PATIENCE_S)
        reply = ask(port, "www.example")
        assert {"A 192.0.2.1"} == records(reply)
        assert 0 < reply.answer[0].ttl <= 30
        assert "SERVFAIL" == rcode(ask(port, "www.example", "AAAA"))


def test_only_the_first_waits_for_an_upstream_that_is_away(waits: Waits):
    """As long as it is known that asking is in vain, the answer is given at once."""
    with in_front_of(once(SHORT, then=silence)) as (port, _):
        ask(port, "www.example")
        waits.until("stale", lambda: is_stale(port), PATIENCE_S)
        start = time.monotonic()
        for _ in range(10):
            assert is_stale(port)
        # Each of them would have waited for it.
        assert time.monotonic() - start < 10 * PATIENCE_OF_CLIENTS_S


def test_who_can_have_a_stale_answer_waits_less_long_than_who_can_have_none():
    """RFC 8767 5: 1.8 s, not the whole time of a question."""
    with (
        in_front_of(once(SHORT, then=silence)) as (port, _),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        ask(port, "www.example")
        # Until its time is over.
        pause(1.2)
        client.settimeout(PATIENCE_S)
        for name in ("unknown.example", "www.example"):
            client.sendto(query_wire(name), ("127.0.0.1", port))
        replies = [dns.message.from_wire(client.recv(4096)) for _ in range(2)]
        assert ["NOERROR", "SERVFAIL"] == [rcode(reply) for reply in replies]


def test_a_late_answer_is_for_the_next(waits: Waits):
    """Who asked has the stale one after 1.8 s; the question is out until it is answered."""
    mended = threading.Event()

    def late(query: dns.message.Message) -> Sequence[bytes]:
        mended.wait(PATIENCE_S)
        return [reply_to(query, FRESH).to_wire()]

    with in_front_of(once(SHORT, then=late)) as (port, upstream):
        ask(port, "www.example")
        waits.until("stale", lambda: is_stale(port), PATIENCE_S)
        mended.set()
        waits.until(
            "current", lambda: {"A 192.0.2.2"} == records(ask(port, "www.example")), PATIENCE_S
        )
        assert {"www.example. A"} == set(asked(upstream))


def test_how_long_an_answer_may_be_stale_is_a_setting_of_each_zone(tmp_path: Path, waits: Waits):
    """`stale_s = 0`: never."""
    short = "a.corp.example. 1 A 192.0.2.1"
    with (
        ScriptedUpstream(once(SHORT, then=refusal)) as root,
        ScriptedUpstream(once(short, then=refusal)) as corp,
    ):
        (tmp_path / "seamark.toml").write_text(
            f"""
            [dns]
            stale_s = 0
            upstream = ["{root.address}"]
            consul_dns = "127.0.0.1:9"
            [[dns.zone]]
            name = "corp.example"
            upstream = ["{corp.address}"]
            stale_s = 86400
            """
        )
        flags = ["--config", str(tmp_path / "seamark.toml"), "--listen", "127.0.0.1:0"]
        with Running("dnsproxy", *flags, "--http", "off") as proxy:
            ask(proxy.port, "www.example")
            ask(proxy.port, "a.corp.example")
            waits.until(
                "failed", lambda: "SERVFAIL" == rcode(ask(proxy.port, "www.example")), PATIENCE_S
            )
            waits.until(
                "stale",
                lambda: STALE in errors(ask(proxy.port, "a.corp.example", edns=1232)),
                PATIENCE_S,
            )


def test_what_is_not_remembered_is_not_given_when_it_is_stale():
    """Who has a cache behind us has the choice."""
    with in_front_of(once(SHORT, then=refusal), SEAMARK_REMEMBER="false") as (port, _):
        assert {"A 192.0.2.1"} == records(ask(port, "www.example"))
        assert "SERVFAIL" == rcode(ask(port, "www.example"))


def test_who_asked_first_may_leave(waits: Waits):
    """coredns#4324: its question is everybody's, and goes on without it."""
    asked_for, leave = threading.Event(), threading.Event()

    def slow(query: dns.message.Message) -> Sequence[bytes]:
        asked_for.set()
        leave.wait(PATIENCE_S)
        return [reply_to(query, FRESH).to_wire()]

    with (
        ScriptedUpstream(slow) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"),
        ) as proxy,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        wire = query_wire("www.example")
        with socket.create_connection(("127.0.0.1", proxy.port)) as first:
            first.sendall(len(wire).to_bytes(2, "big") + wire)
            assert asked_for.wait(PATIENCE_S)
            first.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4)
            )
        second.settimeout(PATIENCE_S)
        second.sendto(wire, ("127.0.0.1", proxy.port))
        leave.set()
        assert {"A 192.0.2.2"} == records(dns.message.from_wire(second.recv(4096)))
        assert {"A 192.0.2.2"} == records(ask(proxy.port, "www.example"))
        # A repetition, where it took that long.
        assert len(upstream.queries) <= 3


LONG = "www.example. 10 A 192.0.2.1"


@pytest.mark.parametrize("fails", [False, True], ids=["answered", "failed"])
def test_what_is_asked_for_often_is_asked_anew_before_its_time_is_over(waits: Waits, fails):
    """In the last tenth of it, and nobody waits; a failure costs nothing."""
    go_on = threading.Event()

    def slow(query: dns.message.Message) -> Sequence[bytes]:
        go_on.wait(PATIENCE_S)
        return refusal(query) if fails else [reply_to(query, FRESH).to_wire()]

    with in_front_of(once(LONG, then=slow)) as (port, upstream):
        ask(port, "www.example")

        def asked_anew() -> bool:
            reply = ask(port, "www.example", edns=1232)
            assert ({"A 192.0.2.1"}, []) == (records(reply), errors(reply))
            return len(upstream.queries) == 2

        waits.until("asked anew", asked_anew, PATIENCE_S)
        # While that is out, and after it has failed, what is remembered still holds.
        assert {"A 192.0.2.1"} == records(ask(port, "www.example"))
        go_on.set()
        expected = {"A 192.0.2.1"} if fails else {"A 192.0.2.2"}
        waits.until("answered", lambda: expected == records(ask(port, "www.example")), PATIENCE_S)


def test_what_is_asked_for_seldom_is_not_asked_anew(waits: Waits):
    """Nor with `dns.prefetch` off; it is asked when somebody asks."""
    with in_front_of(says({"www.example": [LONG]}), SEAMARK_PREFETCH="false") as (port, upstream):
        ttls = []

        def ended() -> bool:
            ttls.append(ask(port, "www.example").answer[0].ttl)
            return len(upstream.queries) == 2

        waits.until("ended", ended, PATIENCE_S)
        # The last that was told of it is 1 s; after that its time was over.
        assert 1 in ttls
        assert 10 == ttls[-1]
