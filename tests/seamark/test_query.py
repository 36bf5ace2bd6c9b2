"""`seamark query` against a real proxy: what it shows, and what it says of how that was found."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import pytest

from tests.commands import Running, run
from tests.dnsproxy.exchanges import HOSTILE
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S, Waits

ANSWERS = {
    "a.example.": ["a.example. 60 A 192.0.2.7"],
    "cut.example.": [f"cut.example. 60 A 192.0.2.{n}" for n in range(1, 120)],
    "text.example.": [
        r'text.example. 60 TXT "<script>\027[2J\000\"" "=cmd"',
        "text.example. 60 TYPE65280 \\# 3 1b0061",
    ],
    "www.example.": ["www.example. 60 CNAME svc1.service.consul."],
}


def honest(query: dns.message.Message) -> list[bytes]:
    """What there is, or a denial."""
    name = query.question[0].name.to_text()
    if name not in ANSWERS:
        return [reply_to(query, rcode=3).to_wire()]
    reply = reply_to(query, *ANSWERS[name])
    if len(reply.to_wire(max_size=65535)) > 1232:
        reply = reply_to(query)
        reply.flags |= dns.flags.TC
    return [reply.to_wire()]


def whole(query: dns.message.Message) -> list[bytes]:
    """The same over TCP."""
    name = query.question[0].name.to_text()
    return [reply_to(query, *ANSWERS.get(name, [])).to_wire(max_size=65535)]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Running]:
    """One with an embedded catalog, whose first upstream is dead."""
    with ExitStack() as stack:
        upstream = stack.enter_context(ScriptedUpstream(honest, whole))
        yield stack.enter_context(
            Running(
                *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
                *("--services", "conf/services.json", "--node", "n1", "--advertise", "10.1.0.1"),
                *("--upstream", "127.0.0.1:9", "--upstream", upstream.address),
            )
        )


def query(proxy: Running, *words: str) -> subprocess.CompletedProcess[str]:
    """What the command prints."""
    return run("seamark", "query", "--server", f"127.0.0.1:{proxy.port}", *words)


def told(proxy: Running, *words: str) -> dict[str, Any]:
    """The same as JSON."""
    done = query(proxy, "--json", *words)
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.isascii()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def steps(proxy: Running, *words: str) -> list[dict[str, Any]]:
    """How it was answered."""
    found: list[dict[str, Any]] = told(proxy, "--explain", *words)["explanation"]["steps"]
    return found


def test_it_shows_what_dig_shows(proxy):
    """Line by line but for id and time, which are never the same."""
    done = query(proxy, "svc1.service.consul", "SRV")
    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert lines[1].startswith(";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ")
    assert ";; flags: qr aa rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 3" == lines[2]
    assert ";svc1.service.consul.\t\tIN\tSRV" in lines
    assert "svc1.service.consul.\t0\tIN\tSRV\t1 1 8081 n1.node.dc1.consul." in lines
    assert "n1.node.dc1.consul.\t0\tIN\tA\t10.1.0.1" in lines
    assert f";; SERVER: 127.0.0.1#{proxy.port} (UDP)" == lines[-1]
    assert done.stdout.endswith("\n")


def test_short_is_the_data_alone(proxy):
    """Nothing at all where there is none: a script can test for that."""
    assert "10.1.0.1\n" == query(proxy, "--short", "svc1.service.consul").stdout
    none = query(proxy, "--short", "nothing.service.consul")
    assert (0, "", "") == (none.returncode, none.stdout, none.stderr)


def test_an_address_is_looked_up_in_reverse(proxy):
    """Nobody spells in-addr.arpa by hand."""
    assert "localhost.\n" == query(proxy, "--short", "127.0.0.1").stdout
    assert "localhost.\n" == query(proxy, "--short", "::1", "PTR").stdout


def test_json_has_all_of_it(proxy):
    """For programs."""
    found = told(proxy, "svc1.service.consul", "srv")
    assert {"name": "svc1.service.consul.", "type": "SRV"} == found["question"]
    assert ("NOERROR", "udp") == (found["rcode"], found["transport"])
    (answer,) = found["answer"]
    assert {"name": "svc1.service.consul.", "ttl": 0, "type": "SRV"}.items() <= answer.items()
    assert "NXDOMAIN" == told(proxy, "nothing.example")["rcode"]
    assert "explanation" not in found


def test_what_is_cut_is_asked_for_over_tcp(proxy):
    """As every client does."""
    found = told(proxy, "cut.example")
    assert ("tcp", 119) == (found["transport"], len(found["answer"]))
    assert "tc" not in found["flags"]
    assert "tcp" == told(proxy, "--tcp", "a.example")["transport"]


def test_what_strangers_write_steers_no_terminal(proxy):
    """Strings and unknown types as zone files have them (RFC 1035 5.1, RFC 3597 5)."""
    done = query(proxy, "text.example", "TXT")
    assert done.stdout.isascii()
    assert done.stdout.replace("\n", "").replace("\t", "").isprintable()
    assert r'"<script>\027[2J\000\"" "=cmd"' in done.stdout
    assert "TYPE65280\t\\# 3 1b0061" in done.stdout


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_shown_as_it_is_typed(proxy, name):
    """What is shown can be asked for again, and no byte of it is told to the terminal."""
    text = dns.name.Name((*name, b"")).to_text()
    done = query(proxy, "--explain", text)
    assert 0 == done.returncode, done.stderr
    assert done.stdout.isascii()
    assert done.stdout.replace("\n", "").replace("\t", "").isprintable()
    shown = told(proxy, text)["question"]["name"]
    assert shown == told(proxy, shown)["question"]["name"]


def test_an_explanation_names_zone_attempts_and_times(proxy):
    """The dead upstream was asked, or is known to be dead; the other one answered."""
    first, *others, last = steps(proxy, "fresh.example")
    assert {"what": "zone", "name": "fresh.example.", "type": "A", "zone": "."} == first
    assert "asked" == last["what"]
    assert "NXDOMAIN" == last["outcome"]
    assert last["took_ms"] > 0
    assert all("Connection refused" in step["outcome"] for step in others)


def test_an_explanation_tells_what_was_remembered(proxy):
    """How old it is, and how long it may still be told."""
    query(proxy, "a.example")
    found = told(proxy, "--explain", "a.example")
    assert ("memory", ".") == (found["explanation"]["source"], found["explanation"]["zone"])
    memory = found["explanation"]["steps"][-1]
    assert "memory" == memory["what"]
    assert 0 <= memory["age_s"] < 60
    assert 0 < memory["left_s"] <= 60
    assert memory["watched"] is False
    shown = query(proxy, "--explain", "a.example").stdout
    assert "; zone       a.example. A lies in ." in shown
    assert "; answered   from memory, in " in shown


def test_an_explanation_follows_a_cname_into_another_zone(proxy):
    """Each name is looked for in its own zone."""
    zones = [step["zone"] for step in steps(proxy, "www.example") if step["what"] == "zone"]
    assert [".", "consul."] == zones


def test_an_explanation_is_for_this_host_and_over_tcp_only(proxy):
    """What is remembered tells what others ask for."""
    option = dns.edns.GenericOption(dns.edns.OptionType.make(65318), b"")
    over_udp = dns.message.make_query("a.example", "A", options=[option])
    reply = dns.query.udp(over_udp, "127.0.0.1", 6, proxy.port)
    assert () == reply.options
    reply = dns.query.tcp(over_udp, "127.0.0.1", 6, proxy.port)
    assert [65318] == [option.otype for option in reply.options]


def test_a_failure_is_explained_too(waits: Waits):
    """That is when somebody wants to know; the second time nobody is asked."""
    with Running(
        *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off"),
        *("--upstream", "127.0.0.1:9", "--consul-dns", "127.0.0.1:9"),
    ) as proxy:
        found = told(proxy, "--explain", "a.example")
        assert ("SERVFAIL", "nobody") == (found["rcode"], found["explanation"]["source"])
        asked = [step for step in found["explanation"]["steps"] if step["what"] == "asked"]
        assert {("127.0.0.1:9", "Connection refused")} == {
            (step["server"], step["outcome"]) for step in asked
        }
        assert any("Connection refused" in why["text"] for why in found["why"])
        # For a second at first, and longer after each failure: who is slow asks again.

        def is_held_back() -> bool:
            return bool(steps(proxy, "a.example")[-1]["what"] == "held back")

        waits.until("held back", is_held_back, PATIENCE_S)


def test_workers_explain_too(tmp_path: Path):
    """In processes of their own."""
    with (
        ScriptedUpstream(honest) as upstream,
        Running(
            *("dnsproxy", "--listen", "127.0.0.1:0", "--http", "off", "--workers", "2"),
            *("--upstream", upstream.address, "--consul-dns", "127.0.0.1:9"),
        ) as proxy,
    ):
        assert "asked" == steps(proxy, "a.example")[-1]["what"]


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["a.example", "FOO"], "TYPE: `FOO` is no type", "TYPE65"),
        (["a..example"], "NAME: `a..example` has a label that is empty", "corp.example"),
        (["--server", "ns.example", "a.example"], "server: `ns.example`", "ADDR:PORT"),
    ],
)
def test_what_cannot_be_asked_is_told(words, error, hint):
    """Exit 2, and how to write it."""
    done = run("seamark", "query", *words)
    assert (2, "") == (done.returncode, done.stdout)
    assert f"error: {error}" in done.stderr
    assert hint in done.stderr


def test_nobody_there_is_told():
    """Exit 1, whom was asked, and what to do."""
    done = run("seamark", "query", "--server", "127.0.0.1:9", "a.example")
    assert 1 == done.returncode
    assert "error: 127.0.0.1:9 does not answer for a.example.: Connection refused" in done.stderr
    assert "--server" in done.stderr
