"""What is remembered, for how long, and what never is."""

import gc
import random
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from dnsproxy.core.coverage import Cover
from dnsproxy.core.memory import STALE_TTL, Memory, TtlPolicy, lifetime, rotated, settled
from dnsproxy.core.names import from_text
from dnsproxy.core.records import Reply, unpack
from dnsproxy.core.request import Key, Request
from dnsproxy.core.wire import question, scan
from tests.dnsproxy.packets import query, reply
from tests.dnsproxy.worst_replies import WORST

PLAIN = TtlPolicy()
SOA = "example. 900 SOA ns.example. admin.example. 1 2 3 4 60"


def answer(*records: str, rcode: int = 0, authority: tuple[str, ...] = ()) -> Reply:
    """A reply with records as in a zone file."""
    found = unpack(reply(query("a.example"), *records, rcode=rcode))
    more = unpack(reply(query("a.example"), *authority))
    return replace(found, authority=more.answer)


def key(name: str = "a.example") -> Key:
    """What an A question for a name is remembered by."""
    return query(name).request.key


def roomy() -> Memory:
    """More room than a test needs."""
    return Memory(1 << 20, 1000)


def ttls(found: Reply | None) -> list[int]:
    """The TTLs of all records."""
    assert found is not None
    return [record.ttl for record in found.records]


def test_an_answer_ages_and_is_gone_when_its_time_is_over():
    """RFC 1035 3.2.1: whole seconds."""
    memory = roomy()
    memory.keep("z", key(), answer("a.example. 30 A 10.0.0.1"), PLAIN, 100.0)
    assert [30] == ttls(memory.recall("z", key(), 100.9))
    assert [29] == ttls(memory.recall("z", key(), 101.0))
    assert [1] == ttls(memory.recall("z", key(), 129.9))
    assert None is memory.recall("z", key(), 130.0)


def test_an_answer_of_one_zone_is_never_given_for_another():
    """CVE-2021-25220: who was asked decides what may be believed."""
    memory = roomy()
    memory.keep("z", key(), answer("a.example. 30 A 10.0.0.1"), PLAIN, 0)
    assert None is memory.recall("other", key(), 1)


@pytest.mark.parametrize(
    "other",
    [
        Request(query("a.example").question, dnssec_ok=True),
        Request(query("a.example").question, checking_disabled=True),
        Request(query("a.example", "AAAA").question),
        Request(query("b.example").question),
    ],
    ids=["DO", "CD", "type", "name"],
)
def test_what_changes_an_answer_is_in_its_key(other: Request):
    """RFC 4035: an answer without signatures is none for who asks for them."""
    memory = roomy()
    memory.keep("z", key(), answer("a.example. 30 A 10.0.0.1"), PLAIN, 0)
    assert None is memory.recall("z", other.key, 1)


def test_the_spelling_of_the_name_is_not_in_its_key():
    """RFC 4343."""
    memory = roomy()
    memory.keep("z", key("A.EXAMPLE"), answer("a.example. 30 A 10.0.0.1"), PLAIN, 0)
    assert None is not memory.recall("z", key("a.eXample"), 1)


@pytest.mark.parametrize(
    ("told", "life"),
    [
        (answer("a.example. 30 A 10.0.0.1", "a.example. 20 A 10.0.0.2"), 20),
        (answer("a.example. 30 CNAME b.example.", "b.example. 5 A 10.0.0.1"), 5),
        (answer("a.example. 0 A 10.0.0.1"), 0),
        (answer(rcode=3, authority=(SOA,)), 60),
        (answer(authority=(SOA.replace("900", "7"),)), 7),
        (answer(rcode=3), 0),
        (answer(), 0),
        (answer("a.example. 30 CNAME b.example.", authority=(SOA,)), 30),
        (answer(rcode=2, authority=(SOA,)), 0),
        (answer("a.example. 30 A 10.0.0.1", rcode=5), 0),
        (replace(answer("a.example. 30 A 10.0.0.1"), truncated=True), 0),
        (replace(answer("a.example. 30 A 10.0.0.1"), stale=True), 0),
        (answer("a.example. 999999999 A 10.0.0.1"), 86400),
        (answer(rcode=3, authority=("e. 9999 SOA n. a. 1 2 3 4 9999",)), 300),
    ],
    ids=[
        "lowest of a set",
        "lowest of a chain",
        "TTL 0",
        "NXDOMAIN by the SOA's minimum",
        "NODATA by the SOA's TTL",
        "NXDOMAIN without SOA",
        "NODATA without SOA",
        "a chain to nothing",
        "SERVFAIL",
        "REFUSED",
        "TC",
        "stale",
        "longer than a day",
        "a denial for hours",
    ],
)
def test_how_long_a_reply_may_be_remembered(told: Reply, life: int):
    """RFC 2308, RFC 2181 5.2, RFC 8767; caps against TTLs that nobody means."""
    assert life == lifetime(settled(told, PLAIN))


def test_a_minimum_lifts_short_ttls_but_not_an_order_to_forget():
    """Consul's TTL 0 means now; a CDN's 5 s is a wish."""
    policy = TtlPolicy(min_ttl=60)
    assert 60 == lifetime(settled(answer("a.example. 5 A 10.0.0.1"), policy))
    assert 0 == lifetime(settled(answer("a.example. 0 A 10.0.0.1"), policy))


def test_a_client_is_told_how_long_a_denial_holds():
    """RFC 2308 3: the SOA's TTL says it, and it ages."""
    memory = roomy()
    told = settled(answer(rcode=3, authority=(SOA,)), PLAIN)
    assert [60] == ttls(told)
    memory.keep("z", key(), told, PLAIN, 0)
    assert [50] == ttls(memory.recall("z", key(), 10))


def test_a_spray_of_denials_pushes_out_no_answer():
    """Random names under a zone are the commonest attack on a cache."""
    memory = Memory(1 << 20, 20)
    memory.keep("z", key(), answer("a.example. 300 A 10.0.0.1"), PLAIN, 0)
    for number in range(1000):
        denial = settled(answer(rcode=3, authority=(SOA,)), PLAIN)
        memory.keep("z", key(f"n{number}.example"), denial, PLAIN, 1)
    assert [298] == ttls(memory.recall("z", key(), 2))
    assert 10 == len(memory.denials.entries)


def test_the_least_recently_used_goes_first():
    """By count here, by bytes below."""
    memory = Memory(1 << 20, 6)
    for name in ("a.example", "b.example", "c.example"):
        memory.keep("z", key(name), answer(f"{name}. 300 A 10.0.0.1"), PLAIN, 0)
    memory.recall("z", key("a.example"), 1)
    memory.keep("z", key("d.example"), answer("d.example. 300 A 10.0.0.1"), PLAIN, 2)
    assert None is memory.recall("z", key("b.example"), 3)
    assert None is not memory.recall("z", key("a.example"), 3)


def test_bytes_are_bounded():
    """And counted down to nothing when entries go."""
    memory = Memory(20_000, 1000)
    for number in range(100):
        name = f"n{number}.example"
        memory.keep("z", key(name), answer(f"{name}. 300 A 10.0.0.1"), PLAIN, 0)
    assert 0 < memory.answers.bytes <= 10_000
    for number in range(100):
        memory.answers.drop(("z", key(f"n{number}.example")))
    assert 0 == memory.answers.bytes == len(memory.answers.entries)


def test_the_last_good_answer_is_kept_for_an_outage_only():
    """Consul's TTL 0: never recalled, but there when Consul is away (RFC 8767 4: marked, 30 s)."""
    memory = roomy()
    policy = TtlPolicy(keep_stale=100)
    memory.keep("z", key(), answer("a.example. 0 A 10.0.0.1"), policy, 0)
    assert None is memory.recall("z", key(), 0)
    stale = memory.recall_stale("z", key(), 99)
    assert stale is not None
    assert stale.stale
    assert None is memory.recall_stale("z", key(), 100)
    memory.keep("z", key(), answer("a.example. 50 A 10.0.0.1"), policy, 0)
    assert [STALE_TTL] == ttls(memory.recall_stale("z", key(), 60))


@pytest.mark.parametrize("keep_stale", [0, 100])
def test_an_answer_whose_proof_is_gone_is_past_its_time(keep_stale: int):
    """The watch broke: with `stale_s = 0` it is told no more, for however long it was to hold."""
    memory, cover = roomy(), Cover()
    cover.news(0)
    proof = cover.proof(1)
    policy = TtlPolicy(keep_stale=keep_stale)
    memory.keep("z", key(), answer("a.example. 0 A 10.0.0.1"), policy, 1, proof)
    assert memory.recall("z", key(), 1.1) is not None
    cover.lose()
    assert None is memory.recall("z", key(), 1.2)
    assert bool(keep_stale) is memory.knows("z", key(), 1.2)
    assert bool(keep_stale) is (memory.recall_stale("z", key(), 1.2) is not None)


@pytest.mark.parametrize("denial", [answer(rcode=3), answer(rcode=3, authority=(SOA,)), answer()])
def test_a_denial_ends_the_last_good_answer(denial: Reply):
    """RFC 8767 6: the owner has spoken."""
    memory = roomy()
    policy = TtlPolicy(keep_stale=100)
    memory.keep("z", key(), answer("a.example. 0 A 10.0.0.1"), policy, 0)
    memory.keep("z", key(), denial, policy, 1)
    assert None is memory.recall_stale("z", key(), 2)


def test_a_failure_ends_nothing():
    """SERVFAIL is no answer."""
    memory = roomy()
    memory.keep("z", key(), answer("a.example. 50 A 10.0.0.1"), PLAIN, 0)
    memory.keep("z", key(), answer(rcode=2), PLAIN, 1)
    assert None is not memory.recall("z", key(), 2)


def test_a_reply_of_thousands_of_records_is_not_kept():
    """One entry must not be the whole memory."""
    memory = Memory(1 << 30, 1000)
    many = [f"a.example. 300 A 10.0.{n // 250}.{n % 250}" for n in range(1001)]
    memory.keep("z", key(), answer(*many), PLAIN, 0)
    assert None is memory.recall("z", key(), 1)


def test_answers_are_rotated_and_chains_are_not():
    """As Consul does: each instance comes first as often as the others."""
    told = answer(
        "a.example. 9 CNAME b.example.",
        *(f"b.example. 9 A 10.0.0.{n}" for n in range(1, 5)),
        "b.example. 9 TXT x",
    )
    firsts = set()
    for seed in range(60):
        found = rotated(told, random.Random(seed).shuffle)
        assert from_text("a.example") == found.answer[0].owner
        assert {*told.answer[1:5]} == {*found.answer[1:5]}
        assert told.answer[5] == found.answer[5]
        firsts.add(found.answer[1])
    assert 4 == len(firsts)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["keep", "recall"]),
            st.integers(0, 4),
            st.integers(0, 30),
            st.integers(0, 20),
        ),
        max_size=40,
    )
)
def test_memory_agrees_with_a_list_of_everything(steps):
    """Against a model that keeps every answer with the time at which it ends."""
    memory = roomy()
    model: dict[int, tuple[float, int]] = {}
    now = 0.0
    for what, name, ttl, pause in steps:
        now += pause
        if what == "keep":
            told = answer(f"n{name}.example. {ttl} A 10.0.0.1")
            memory.keep("z", key(f"n{name}.example"), told, PLAIN, now)
            model[name] = now, ttl
            continue
        kept, life = model.get(name, (0.0, 0))
        left = life - int(now - kept)
        found = memory.recall("z", key(f"n{name}.example"), now)
        assert (left > 0) == (found is not None)
        if found is not None:
            assert [left] == ttls(found)


@pytest.mark.parametrize("kind", ["addresses", "labels to the limit", "CNAMEs", "no pointers"])
def test_no_reply_takes_more_memory_than_is_counted(kind):
    """The budget is one of bytes: names that share nothing take more than they have on the wire."""
    wire = WORST[kind](question((b"game", b"example"), 1).wire)
    memory = Memory(2**30, 100)
    tracemalloc.start()
    try:
        whole = settled(unpack(scan(bytes(wire))), TtlPolicy())
        few = replace(whole, answer=whole.answer[:900], authority=(), additional=())
        del whole
        memory.keep("z", key(), few, TtlPolicy(keep_stale=60), 0.0)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= memory.answers.bytes
