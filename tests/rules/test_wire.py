"""R10 and R17: names are labels, and pointers have bounds."""

import json
import struct
from pathlib import Path

import dns.flags
import dns.message
import pytest

from tests.asking import ask, rcode, records
from tests.dnsproxy.packets import query
from tests.dnsproxy.scripted import asked, forwarder, scene
from tests.dnsproxy.worst_replies import MINFO, WORST, A, long_name, pointer, record
from tests.rules.raw import over_tcp
from tests.upstream import ScriptedUpstream, reply_to
from tests.waits import PATIENCE_S

# One label that reads like two, and labels that end a C string or an escape.
_TWINS = {
    "dot": (r"www\.consul", "www.consul"),
    "NUL": (r"www\000.consul.example", "www.consul.example"),
    "backslash": (r"www\\.consul.example", "www.consul.example"),
    "escaped dot": (r"www\\\.consul", "www.consul"),
    "dot in the middle": (r"a.www\.consul", "a.www.consul"),
}
_ADDRESSES = {
    "www.consul": ["www.consul. 60 A 192.0.2.1"],
    "a.www.consul": ["a.www.consul. 60 A 192.0.2.1"],
    "www.consul.example": ["www.consul.example. 60 A 192.0.2.1"],
}


@pytest.mark.parametrize("odd_first", [False, True], ids=["plain first", "odd first"])
@pytest.mark.parametrize("kind", _TWINS)
def test_r10_a_label_with_a_dot_nul_or_backslash_is_no_other_name(kind, odd_first):
    """Neither routing nor memory takes one for the other."""
    odd, plain = _TWINS[kind]
    with scene(_ADDRESSES, _ADDRESSES) as stand:
        names = (odd, plain) if odd_first else (plain, odd)
        found = {name: records(ask(stand.port, name)) for name in names * 2}
        assert {odd: set(), plain: {"A 192.0.2.1"}} == found
        in_consul = plain.endswith(".consul")
        home = stand.consul if in_consul else stand.upstream
        assert f"{plain}. A" in asked(home)
        assert f"{odd}. A" in asked(stand.upstream)
        assert f"{odd}. A" not in asked(stand.consul)


def test_r10_the_query_log_tells_them_apart(tmp_path: Path, waits):
    """What is written can be read back as the labels that were asked."""
    log = tmp_path / "queries"
    with scene(_ADDRESSES, {}, "--query-log", str(log)) as stand:
        for name in (r"www\.consul", "www.consul", r"www\000.consul"):
            ask(stand.port, name)
        lines = waits.until(
            "three lines",
            lambda: log.exists() and len(log.read_text().splitlines()) == 3 and log.read_text(),
            PATIENCE_S,
        )
    names = [json.loads(line)["name"] for line in str(lines).splitlines()]
    assert 3 == len(set(names))
    assert r"www\.consul." in names


def reply_with(question: bytes, *answers: bytes) -> bytes:
    """A reply by hand."""
    return struct.pack("!6H", 0, 0x8180, 1, len(answers), 0, 0) + question + b"".join(answers)


def _games(question: bytes) -> dict[str, bytes]:
    at = 12 + len(question)
    # `x` at the start of the data, a pointer to it, 15 pointers to the pointer before them.
    chain = b"".join(pointer(at + before) for before in (11, *range(14, 44, 2)))
    jumps = record(b"\0", 65280, b"\1x\0" + chain)
    long = record(long_name(), A, bytes(4))
    last = pointer(at + len(jumps) - 2)
    return {
        "pointer to itself": reply_with(question, record(pointer(at), A, bytes(4))),
        "pointer forward": reply_with(question, record(pointer(at + 30), A, bytes(4))),
        "pointer behind the end": reply_with(question, record(pointer(0x3FFF), A, bytes(4))),
        "two that point to each other": reply_with(
            question, record(pointer(12), MINFO, pointer(at + 14) + pointer(at + 12))
        ),
        "too many pointers": reply_with(question, jumps, record(last, A, bytes(4))),
        "a name over 255 bytes": reply_with(
            question, long, record(b"\x05xxxxx" + pointer(at), A, bytes(4))
        ),
        "128 labels": reply_with(question, record(b"\1a" * 128 + b"\0", A, bytes(4))),
        "label type 01": reply_with(question, record(b"\x41" + b"x" * 65 + b"\0", A, bytes(4))),
    }


_QUESTION = query("game.example").question.wire
_FORBIDDEN = ("long owners", "names in data", "SRV", "NAPTR", "long CNAMEs")


@pytest.mark.parametrize("kind", _games(_QUESTION))
def test_r17_a_reply_that_plays_with_pointers_is_not_believed(kind):
    """Over UDP and over TCP: no record of it is given to anybody, and the proxy serves on."""
    check_not_believed(_games(_QUESTION)[kind])


@pytest.mark.parametrize("kind", _FORBIDDEN)
def test_r17_all_names_of_a_message_have_one_budget(kind):
    """64 KiB that spell 400,000 labels cost as little as they are worth."""
    check_not_believed(WORST[kind](_QUESTION))


def check_not_believed(wire: bytes) -> None:
    """The upstream gives this for `game.example`, and an address for all else."""

    def script(asking: dns.message.Message) -> list[bytes]:
        name = asking.question[0].name
        if str(name) == "game.example.":
            return [struct.pack("!H", asking.id) + wire[2:]]
        return [reply_to(asking, f"{name} 60 A 192.0.2.1").to_wire()]

    def udp(asking: dns.message.Message) -> list[bytes]:
        if len(wire) < 1232:
            return script(asking)
        reply = reply_to(asking)
        reply.flags |= dns.flags.TC
        return [r if len(r) < 1232 else reply.to_wire() for r in script(asking)]

    with ScriptedUpstream(udp, script) as upstream, forwarder(upstream) as proxy:
        for tcp in (False, True):
            found = ask(proxy.port, "game.example", tcp=tcp)
            assert [] == [*found.answer, *found.authority, *found.additional]
            assert "SERVFAIL" == rcode(found)
        assert {"A 192.0.2.1"} == records(ask(proxy.port, "web.example"))


@pytest.mark.parametrize("kind", sorted(set(WORST) - set(_FORBIDDEN)))
def test_r17_the_worst_reply_within_the_budget_is_given_whole(kind):
    """Over TCP every record arrives: a bound that honest answers meet would be a fault."""
    wire = WORST[kind](_QUESTION)

    def udp(asking: dns.message.Message) -> list[bytes]:
        reply = reply_to(asking)
        reply.flags |= dns.flags.TC
        return [reply.to_wire()]

    def tcp(asking: dns.message.Message) -> list[bytes]:
        return [struct.pack("!H", asking.id) + wire[2:]]

    with (
        ScriptedUpstream(udp, tcp) as upstream,
        # Of Consul's zone all records are passed on, of others those that belong to the question.
        forwarder(upstream, consul=upstream.address, flags=("--domain", "example")) as proxy,
    ):
        found = over_tcp(proxy.port, query("game.example").message.wire)
        assert found is not None
        assert struct.unpack_from("!H", wire, 6) == struct.unpack_from("!H", found, 6)


def test_r17_aliases_without_end_end():
    """Every name that is asked for is an alias of the next one: some hops, then what there is."""
    number = iter(range(1_000_000))

    def script(asking: dns.message.Message) -> list[bytes]:
        name = asking.question[0].name
        target = f"a{next(number)}.{'consul' if str(name).endswith('example.') else 'example'}."
        return [reply_to(asking, f"{name} 0 CNAME {target}").to_wire()]

    with (
        ScriptedUpstream(script) as upstream,
        forwarder(upstream, consul=upstream.address) as proxy,
    ):
        for tcp in (False, True):
            found = ask(proxy.port, "first.example", tcp=tcp)
            assert 1 <= sum(map(len, found.answer)) <= 16
        assert len(upstream.queries) <= 64
