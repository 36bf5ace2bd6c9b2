"""Rules on what is remembered: R14, R26, R27, R28."""

import socket
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.query
import pytest

from dnsproxy.core.policy import IN_FLIGHT as ZONE_IN_FLIGHT
from dnsproxy.edges.answerer import IN_FLIGHT
from tests.asking import ask, rcode, records
from tests.commands import Running
from tests.dnsproxy.packets import query_wire
from tests.dnsproxy.scripted import asked, says, scene
from tests.lab.consul import free_ports
from tests.rules.scripts import SHORT, STALE, errors, in_front_of, once, once_by, refusal, silence
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

HOST = "www.example. 600 A 192.0.2.1"


@pytest.mark.parametrize("code", [3, 2], ids=["NXDOMAIN", "SERVFAIL"])
def test_r14_a_spray_of_names_that_there_are_not_pushes_out_no_answer(code: int):
    """Random names below a zone: they are remembered, or held back, on shelves of their own."""
    spray = {f"n{number}.example": code for number in range(1200)}
    with scene({}, {"www.example": [HOST], **spray}, SEAMARK_MEMORY_MIB="1") as running:
        ask(running.port, "www.example")
        for name in spray:
            assert code == ask(running.port, name).rcode()
        assert {"A 192.0.2.1"} == records(ask(running.port, "www.example"))
        assert 1 == asked(running.upstream).count("www.example. A")


@contextmanager
def beside_a_dead_zone(tmp_path: Path, **variables: Any) -> Iterator[tuple[int, ScriptedUpstream]]:
    """A proxy with a zone `dead.example` whose server is silent, and an upstream that is well."""
    with (
        ScriptedUpstream(lambda query: []) as dead,
        ScriptedUpstream(says({"www.example": [HOST]})) as root,
    ):
        (tmp_path / "seamark.toml").write_text(
            f'[[dns.zone]]\nname = "dead.example"\nupstream = ["{dead.address}"]\n'
        )
        flags = ["--config", str(tmp_path / "seamark.toml"), "--listen", "127.0.0.1:0"]
        flags += ["--http", "off", "--upstream", root.address, "--consul-dns", "127.0.0.1:9"]
        with Running("dnsproxy", *flags, **variables) as proxy:
            yield proxy.port, dead


def test_r14_one_dead_zone_does_not_take_all_the_room(tmp_path: Path):
    """Half of it at most; a question to another zone is waited for as ever."""
    with flooded(tmp_path, IN_FLIGHT + 100) as (port, client):
        for _ in range(IN_FLIGHT + 100 - ZONE_IN_FLIGHT):
            surplus = dns.message.from_wire(client.recv(4096))
            assert ("SERVFAIL", [0]) == (rcode(surplus), errors(surplus))
            assert "wait" in surplus.options[0].to_text()
        assert {"A 192.0.2.1"} == records(ask(port, "www.example"))


def test_r14_one_dead_name_takes_one_place(tmp_path: Path):
    """However many wait for it; each gets its reply at the end, up to what one client may wait
    for."""
    with flooded(tmp_path, 1) as (port, client):
        assert {"A 192.0.2.1"} == records(ask(port, "www.example"))
        told = [dns.message.from_wire(client.recv(4096)) for _ in range(IN_FLIGHT + 100)]
    assert set(range(IN_FLIGHT + 100)) == {reply.id for reply in told}
    assert {"SERVFAIL"} == {rcode(reply) for reply in told}
    # The first, and those who wait for the same.
    assert 99 == sum("queries wait" in reply.options[0].to_text() for reply in told)


@contextmanager
def flooded(tmp_path: Path, names: int) -> Iterator[tuple[int, socket.socket]]:
    """A proxy's port, and a client that has asked for so many names of a zone that is dead."""
    with (
        beside_a_dead_zone(tmp_path, SEAMARK_CLIENT_IN_FLIGHT="1000") as (port, _),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        client.settimeout(PATIENCE_S)
        for number in range(IN_FLIGHT + 100):
            name = f"n{number % names}.dead.example"
            client.sendto(query_wire(name, size=1232, id=number), ("127.0.0.1", port))
            if number % 50 == 0:
                # Not more at once than its socket holds: when this is answered, they are read.
                ask(port, "localhost")
        yield port, client


def test_r14_how_much_room_a_zone_has_is_a_setting(tmp_path: Path):
    """`dns.zone_in_flight`: what goes beyond it is not asked."""
    with (
        beside_a_dead_zone(tmp_path, SEAMARK_ZONE_IN_FLIGHT="3") as (port, dead),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(PATIENCE_S)
        for number in range(10):
            client.sendto(query_wire(f"n{number}.dead.example"), ("127.0.0.1", port))
        for _ in range(7):
            assert "SERVFAIL" == rcode(dns.message.from_wire(client.recv(4096)))
        names = {query.question[0].name for query, _ in dead.queries}
        assert len(names) <= 3


def test_r26_memory_is_bounded_in_bytes():
    """Thirty answers of 40 KiB in half a MiB."""

    def large(query: dns.message.Message) -> list[bytes]:
        name = query.question[0].name
        texts = [f'{name} 600 TXT "{n:0>250}"' for n in range(150)]
        return [reply_to(query, *texts).to_wire(max_size=65535)]

    (http,) = free_ports(1)
    flags = ["--listen", "127.0.0.1:0", "--http", f"127.0.0.1:{http}"]
    flags += ["--consul-dns", "127.0.0.1:9"]
    with (
        ScriptedUpstream(large) as upstream,
        Running(
            *("dnsproxy", *flags, "--upstream", upstream.address), SEAMARK_MEMORY_MIB="1"
        ) as proxy,
    ):
        for number in range(30):
            ask(proxy.port, f"n{number}.example", "TXT", tcp=True)
        figures = of_memory(http)
        assert 0 < figures['bytes{kind="answers"}'] <= 1 << 19
        assert 0 < figures['entries{kind="answers"}'] < 30


def of_memory(http: int) -> dict[str, float]:
    """The figures of the memory."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics") as answer:
        text = answer.read().decode()
    prefix = "seamark_dns_memory_"
    lines = [line.split() for line in text.splitlines() if line.startswith(prefix)]
    return {name.removeprefix(prefix): float(value) for name, value in lines}


def test_r26_what_is_past_its_time_goes_first():
    """The least recently used of all still holds: it stays, and one that has ended goes."""

    def script(query: dns.message.Message) -> list[bytes]:
        name = query.question[0].name
        ttl = 1 if str(name).startswith("short") else 600
        return [reply_to(query, f"{name} {ttl} A 192.0.2.1").to_wire()]

    with in_front_of(script, SEAMARK_MEMORY_MIB="1") as (port, upstream):
        ask(port, "www.example")
        # Half a MiB has room for some 390 answers of one record.
        for number in range(360):
            ask(port, f"short{number}.example")
        ended = "short359.example. A"
        while asked(upstream).count(ended) < 2:
            ask(port, "short359.example")
        for number in range(60):
            ask(port, f"long{number}.example")
        ask(port, "www.example")
        assert 1 == asked(upstream).count("www.example. A")


def test_r26_a_reply_of_too_many_records_is_not_remembered():
    """One entry must not cost what a thousand do."""
    many = [f"www.example. 600 A 10.0.{n // 250}.{n % 250}" for n in range(1001)]
    with in_front_of(lambda query: [reply_to(query, *many).to_wire(max_size=65535)]) as (
        port,
        upstream,
    ):
        for _ in range(2):
            assert 1001 == len(records(ask(port, "www.example", tcp=True)))
        assert 2 == len(upstream.queries)


def test_r26_no_option_of_a_client_makes_a_second_entry():
    """Who may choose part of the key can fill the memory."""
    with in_front_of(says({"www.example": [HOST]})) as (port, upstream):
        for number in range(20):
            option = dns.edns.GenericOption(str(65001 + number), bytes([number]))
            query = dns.message.make_query("www.example", "A", use_edns=0, options=[option])
            reply = dns.query.udp(query, "127.0.0.1", port=port, timeout=6)
            assert {"A 192.0.2.1"} == records(reply)
        assert 1 == len(upstream.queries)


@pytest.mark.parametrize(
    ("told", "expected"),
    [((999_999_999,), 86400), ((600, 30, 300), 30), ((0x80000001,), 86400)],
    ids=["longer than a day", "the lowest of a set", "top bit"],
)
def test_r27_ttls_are_bounded(told: Sequence[int], expected: int):
    """RFC 2181 5.2; the top bit means long (RFC 8767 4), which the cap covers."""

    def script(query: dns.message.Message) -> list[bytes]:
        lines = [f"www.example. 7777 A 192.0.2.{n}" for n in range(len(told))]
        wire = reply_to(query, *lines).to_wire()
        for ttl in told:
            wire = wire.replace((7777).to_bytes(4, "big"), ttl.to_bytes(4, "big"), 1)
        return [wire]

    with in_front_of(script) as (port, _):
        assert {expected} == {rrset.ttl for rrset in ask(port, "www.example").answer}


def test_r27_a_stale_answer_ends_however_often_it_is_given(waits: Waits):
    """Ghost domains: to give an answer prolongs nothing (CVE-2022-30698)."""
    with in_front_of(once(SHORT, then=refusal), SEAMARK_STALE_S="3") as (port, _):
        seen = []

        def ended() -> bool:
            reply = ask(port, "www.example", edns=1232)
            seen.append((rcode(reply), STALE in errors(reply)))
            return "SERVFAIL" == rcode(reply)

        waits.until("the end of a stale answer", ended, PATIENCE_S)
        assert ("NOERROR", True) in seen


def test_r27_a_current_answer_takes_the_place_of_the_one_before(waits: Waits):
    """A refresh replaces, and what was said before is given no more, in an outage either."""
    second = "www.example. 1 A 192.0.2.2"
    with in_front_of(once(SHORT, then=once(second, then=refusal))) as (port, _):
        assert {"A 192.0.2.1"} == records(ask(port, "www.example"))
        waits.until(
            "stale", lambda: STALE in errors(ask(port, "www.example", edns=1232)), PATIENCE_S
        )
        assert {"A 192.0.2.2"} == records(ask(port, "www.example"))


def test_r28_a_denial_takes_the_place_of_a_stale_answer(waits: Waits):
    """RFC 8767 6: the owner has spoken."""
    soa = "example. 1 SOA ns.example. admin.example. 1 2 3 4 1"
    with in_front_of(once(SHORT, then=once_by(says({}, soa=soa), then=refusal))) as (port, _):
        ask(port, "www.example")
        waits.until("denied", lambda: "NXDOMAIN" == rcode(ask(port, "www.example")), PATIENCE_S)
        waits.until("failed", lambda: "SERVFAIL" == rcode(ask(port, "www.example")), PATIENCE_S)


def test_r28_no_stale_answer_while_there_is_a_current_one(waits: Waits):
    """It is asked for first."""
    now = says({"www.example": ["www.example. 600 A 192.0.2.2"]})
    with in_front_of(once(SHORT, then=now)) as (port, _):
        seen = [ask(port, "www.example", edns=1232)]

        def current() -> bool:
            seen.append(ask(port, "www.example", edns=1232))
            return {"A 192.0.2.2"} == records(seen[-1])

        waits.until("the current answer", current, PATIENCE_S)
        assert [] == [code for reply in seen for code in errors(reply)]


def test_r28_a_truncated_reply_is_never_remembered():
    """Where TCP is filtered: who asks next may have more luck."""

    def truncated(query: dns.message.Message) -> list[bytes]:
        reply = reply_to(query, HOST)
        reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    with (
        ScriptedUpstream(truncated, silence) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
            *("--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"),
        ) as proxy,
    ):
        assert ask(proxy.port, "www.example").flags & dns.flags.TC
        asked_for_the_first = len(upstream.tcp_queries)
        assert ask(proxy.port, "www.example").flags & dns.flags.TC
        assert 1 <= asked_for_the_first < len(upstream.tcp_queries)


def test_r28_what_is_remembered_is_cut_for_each_client_anew():
    """AdguardTeam/dnsproxy#131: a small client first, and the next gets all that fits."""
    many = [f"www.example. 600 A 192.0.2.{n}" for n in range(1, 60)]
    with in_front_of(lambda query: [reply_to(query, *many).to_wire(max_size=65535)]) as (
        port,
        upstream,
    ):
        small = ask(port, "www.example")
        assert small.flags & dns.flags.TC
        assert len(records(small)) < 59
        for reply in (
            ask(port, "www.example", edns=1232),
            ask(port, "www.example", tcp=True),
        ):
            assert not reply.flags & dns.flags.TC
            assert 59 == len(records(reply))
        assert ask(port, "www.example").flags & dns.flags.TC
        assert 1 == len(upstream.queries)
